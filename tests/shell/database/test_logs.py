"""Logs stay within bounds."""

from pathlib import Path

import pytest

from tinhso.shell.database import logs


def test_a_large_log_is_put_aside_and_its_writer_goes_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(logs, "LARGEST", 100)
    with logs.open_log(tmp_path, "web") as log:
        for turn in range(logs.KEPT + 2):
            log.write(b"%d" % turn * 101)
            logs.rotate(tmp_path)
        log.write(b"last\n")
    folder = tmp_path / "logs"
    assert sorted(path.name for path in folder.iterdir()) == ["web.log", "web.log.1", "web.log.2", "web.log.3"]
    assert (folder / "web.log").read_bytes() == b"last\n"
    assert [(folder / f"web.log.{age}").read_bytes()[:1] for age in (1, 2, 3)] == [b"4", b"3", b"2"]


def test_a_small_log_is_left_alone(tmp_path: Path) -> None:
    with logs.open_log(tmp_path, "web") as log:
        log.write(b"one\n\ntwo\n\n")
    logs.rotate(tmp_path)
    assert logs.last_line(tmp_path, "web") == "two"
    assert logs.last_line(tmp_path, "worker") == "it logged nothing"
