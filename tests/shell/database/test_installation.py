"""Who may use an installation, and its database for the length of a command."""

import subprocess
import sys
from pathlib import Path

import pytest

from tinhso.shell.database import installation
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.installation import InUseError, database_running, require_database, sole_use

HOLDER = """
import sys, time
from pathlib import Path
from tinhso.shell.database.installation import sole_use
with sole_use(Path(sys.argv[1]), "import-log"):
    print("held", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of the test's own, on the embedded server."""
    monkeypatch.setenv("TINHSO_HOME", str(tmp_path))
    monkeypatch.delenv("DATABASE_URL", raising=False)
    return tmp_path


def test_a_second_user_is_told_who_the_first_is(tmp_path: Path) -> None:
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], stdout=subprocess.PIPE)
    try:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(InUseError, match=rf"in use by `tinhso import-log` \(process {holder.pid}, since "):
            sole_use(tmp_path, "up").__enter__()
    finally:
        holder.kill()
        holder.wait()
    with sole_use(tmp_path, "up"):
        """Free again with the end of its holder, however it ended."""


def test_without_a_server_a_command_says_how_to_start_it(own_home: Path) -> None:
    with pytest.raises(OperatorError, match="start it with `tinhso up`"):
        require_database()


def test_a_command_on_an_empty_home_says_that_there_is_nothing(own_home: Path) -> None:
    with pytest.raises(OperatorError, match="holds no installation yet"), database_running("export-log"):
        raise AssertionError


def test_a_command_starts_the_database_for_itself_and_ends_it(own_home: Path) -> None:
    with database_running("import-log", fresh=True):
        require_database()
        assert installation.database_is_empty()
        assert installation.server_version() >= 15
        with pytest.raises(InUseError), database_running("export-log"):
            raise AssertionError
    with pytest.raises(OperatorError):
        require_database()


def test_a_wrong_address_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(OperatorError, match="the database of DATABASE_URL does not answer") as caught:
        require_database()
    assert "\n" not in str(caught.value)
