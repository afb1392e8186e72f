"""What `tinhso up` looks at first."""

import socket
from pathlib import Path

import pytest

from tinhso.shell.cli.preflight import LEAST_FREE, disk_complaint, free_bytes, require_disk, require_port
from tinhso.shell.database.errors import OperatorError


@pytest.mark.parametrize("free", [0, 1, LEAST_FREE - 1])
def test_a_nearly_full_disk_is_one_line_that_says_what_to_do(free: int) -> None:
    complaint = disk_complaint(free, Path("/srv/tinhso"))
    assert complaint
    assert "\n" not in complaint
    assert "/srv/tinhso is nearly full" in complaint
    assert "TINHSO_HOME" in complaint


@pytest.mark.parametrize("free", [LEAST_FREE, 10**12])
def test_enough_room_is_no_complaint(free: int) -> None:
    assert disk_complaint(free, Path("/srv")) is None


def test_the_disk_of_a_folder_to_come_is_that_of_its_parent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert free_bytes(tmp_path / "not" / "there") > 0
    monkeypatch.setattr("tinhso.shell.cli.preflight.free_bytes", lambda folder: 1024)
    with pytest.raises(OperatorError, match="0 MB are free and 512 MB are needed"):
        require_disk(tmp_path)


def test_a_taken_port_names_the_port_and_the_setting() -> None:
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)  # as the web server itself does
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(OperatorError, match=f"port {port} is taken by another program: .* TINHSO_PORT"):
            require_port("127.0.0.1", port)
    require_port("127.0.0.1", port)


def test_an_address_of_another_machine_is_refused_with_the_reason() -> None:
    with pytest.raises(OperatorError, match=r"port 8000 of 192\.0\.2\.1 cannot be used \(Cannot assign"):
        require_port("192.0.2.1", 8000)
