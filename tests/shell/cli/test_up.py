"""What a demo may throw away, and what it may not."""

from pathlib import Path

import pytest

from tinhso.shell.cli.processes import DEMO_MARK
from tinhso.shell.cli.up import _throw_away
from tinhso.shell.database.errors import OperatorError


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation with data and something of its operator's beside it."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    for name in ("postgres/PG_VERSION", "files/ab/abcd", "keys/secret_key", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    return tmp_path


def names(home: Path) -> set[str]:
    return {path.name for path in home.iterdir()}


def test_a_demo_is_thrown_away_and_nothing_else(home: Path) -> None:
    (home / DEMO_MARK).touch()
    _throw_away(home)
    assert names(home) == {"notes.txt"}


def test_an_installation_without_the_mark_of_a_demo_is_kept(home: Path) -> None:
    before = names(home)
    with pytest.raises(OperatorError, match="not a demo"):
        _throw_away(home)
    assert names(home) == before


def test_a_demo_on_another_server_is_kept(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (home / DEMO_MARK).touch()
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@elsewhere/tinhso")
    with pytest.raises(OperatorError, match="not thrown away"):
        _throw_away(home)
    assert "postgres" in names(home)
