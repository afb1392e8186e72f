"""`tinhso backup` and `tinhso restore`: a whole installation into one archive and back."""

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

import tinhso
from tinhso.shell.cli.preflight import require_disk
from tinhso.shell.cli.progress import say, step
from tinhso.shell.database import archive
from tinhso.shell.database.binaries import client_binaries
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.database.installation import connect, database_is_empty, database_running, server_version
from tinhso.shell.settings.environment import database_address, home_folder


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Write database, files and keys into one archive (tar.gz); the server may run meanwhile."""
    home = home_folder()
    require_disk(home)
    with database_running("backup"), tempfile.TemporaryDirectory(prefix="backup-", dir=home) as scratch:
        dump = Path(scratch) / archive.DATABASE
        with step("Database"), connect() as connection:
            # The counts and the dump see the same instant.
            connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            row = connection.execute("SELECT pg_export_snapshot()").fetchone()
            tables = _row_counts(connection)
            _client("pg_dump", "--format=custom", f"--snapshot={row[0] if row else ''}", f"--file={dump}")
        with step("Files and keys"):
            manifest = archive.Manifest(
                version=tinhso.__version__,
                postgres=server_version(),
                made_at=time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                tables=tables,
                parts={},
            )
            written = archive.write(file.absolute(), dump, home, manifest)
    size = file.stat().st_size
    say(f"{file}: {len(written.parts)} parts, {sum(tables.values())} rows, {size / 1e6:.1f} MB")
    say("It holds personal data and the keys of the installation: keep it where only you can read it.")


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def restore(file: Path) -> None:
    """Bring an archive back; the installation must be empty, and its server not running."""
    home = home_folder()
    require_disk(home)
    home.mkdir(parents=True, exist_ok=True)
    with archive.unpacked(file, home) as (folder, manifest):
        say(f"{file}: written {manifest.made_at} by version {manifest.version}, every part is as its manifest says")
        with database_running("restore", fresh=True):
            if not database_is_empty() or any((home / "files").glob("*")):
                raise OperatorError(f"{home} is not empty: restore into a new TINHSO_HOME, or an empty database")
            with step("Database"):
                # One transaction: it is there whole, or still empty.
                _client("pg_restore", "--single-transaction", str(folder / archive.DATABASE))
                _compare(manifest.tables)
            with step("Files and keys"):
                _put_in_place(folder, home)
            with step("Journal"):
                _set_right()
    say("Restored. Start it with `tinhso up`.")


def _client(program: str, *arguments: str) -> None:
    """Run `pg_dump` or `pg_restore` on the installation's database; raises OperatorError with its last word."""
    address = database_address()
    where = {name: value for name, value in address.conninfo.items() if name != "password"}
    command = [
        client_binaries(server_version())[program],
        "--no-owner",
        "--no-privileges",
        *arguments,
        f"--dbname={make_conninfo(**where)}",
    ]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment["PGPASSWORD"] = address.password  # on no command line, where every account could read it
    done = subprocess.run(command, check=False, capture_output=True, text=True, errors="replace", env=environment)
    if done.returncode:
        raise OperatorError(f"{program} failed: {(done.stderr.strip() or 'no reason given').splitlines()[-1]}")


def _row_counts(connection: psycopg.Connection) -> dict[str, int]:
    """Rows of every table."""
    names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
    counts = {}
    for (name,) in names.fetchall():
        row = connection.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(name))).fetchone()
        counts[str(name)] = int(row[0]) if row else 0
    return counts


def _put_in_place(folder: Path, home: Path) -> None:
    """Move files and keys from where they were unpacked; keys of the empty installation give way."""
    for name in archive.FOLDERS:
        for part in sorted((folder / name).rglob("*")):
            if part.is_file():
                target = home / part.relative_to(folder)
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                part.replace(target)


def _set_right() -> None:
    """Have the journal take up its restored rows; in a process of its own, which reads the restored keys."""
    done = subprocess.run([sys.executable, "-m", "tinhso.shell.cli", "run", "after-restore"], check=False)
    if done.returncode:
        raise OperatorError("the journal did not take up the restored rows (see above)")


def _compare(written: dict[str, int]) -> None:
    """Raises OperatorError unless every table has as many rows as when the archive was written."""
    with connect() as connection:
        restored = _row_counts(connection)
    for name in sorted(written.keys() | restored.keys()):
        if written.get(name) != restored.get(name):
            raise OperatorError(f"{name} has {restored.get(name)} rows restored and had {written.get(name)}")
