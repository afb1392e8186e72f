"""Backup and restore of a whole installation."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.shell.cli.conftest import Installation, copy_of
from tinhso.shell.database.embedded import PORT, SUPERUSER, EmbeddedPostgres
from tinhso.shell.settings.environment import socket_folder

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def original(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation with a file in it, backed up while it ran."""
    for installation in copy_of(prepared, tmp_path_factory.mktemp("original")):
        installation.start()
        kept = installation.home / "files" / "ab" / "cd" / "abcd"
        kept.parent.mkdir(parents=True)
        kept.write_bytes(b"photo")
        done = installation.tinhso("backup", str(archive_of(installation)))
        assert done.returncode == 0, done.stderr
        yield installation


def archive_of(installation: Installation) -> Path:
    return installation.home.parent / "backup.tar.gz"


def content(home: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every migration and published type of the database at *home*, which is running."""
    with psycopg.connect(host=str(socket_folder(home)), port=PORT, user=SUPERUSER, dbname="tinhso") as connection:
        return {
            table: connection.execute(f"SELECT * FROM {table} ORDER BY id").fetchall()
            for table in ("django_migrations", "cases_typeversion")
        }


def test_a_backup_comes_back_into_an_empty_installation(original: Installation, installation: Installation) -> None:
    done = installation.tinhso("restore", str(archive_of(original)))
    assert done.returncode == 0, done.stderr
    assert (installation.home / "files/ab/cd/abcd").read_bytes() == b"photo"
    for name in ("secret_key", "digest_key"):
        assert (installation.home / "keys" / name).read_text() == (original.home / "keys" / name).read_text()
    with EmbeddedPostgres(installation.home):
        assert content(installation.home) == content(original.home)
    assert not list(installation.home.glob("restore*"))
    installation.start()


def test_restore_refuses_an_installation_that_is_in_use(original: Installation) -> None:
    done = original.tinhso("restore", str(archive_of(original)))
    assert done.returncode == 1
    assert (
        done.stderr == f"Error: {original.home} is not empty: restore into a new TINHSO_HOME, or an empty database\n"
    )
    assert original.ready()


def test_restore_touches_nothing_when_the_archive_is_damaged(
    original: Installation, installation: Installation
) -> None:
    whole = archive_of(original).read_bytes()
    damaged = installation.home.parent / "damaged.tar.gz"
    damaged.write_bytes(whole[: len(whole) // 2])
    done = installation.tinhso("restore", str(damaged))
    assert done.returncode == 1
    assert f"Error: {damaged} is damaged" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (installation.home / "postgres").exists()


def test_a_backup_of_nothing_says_so(installation: Installation) -> None:
    done = installation.tinhso("backup", str(installation.home.parent / "none.tar.gz"))
    assert done.returncode == 1
    assert "holds no installation yet" in done.stderr
    assert not (installation.home.parent / "none.tar.gz").exists()
