"""The embedded server, as a real process."""

import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tinhso.shell.database.embedded import PORT, SUPERUSER, EmbeddedPostgres, answers
from tinhso.shell.database.errors import OperatorError
from tinhso.shell.settings.environment import socket_folder

# A parent that starts the server, says so, and waits for the end.
PARENT = """
import sys, time
from pathlib import Path
from tinhso.shell.database.embedded import EmbeddedPostgres
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False)
server.start()
print(server.process.pid, flush=True)
time.sleep(120)
"""


def connect(server: EmbeddedPostgres) -> psycopg.Connection:
    return psycopg.connect(host=str(server.socket), port=PORT, user=SUPERUSER, dbname="postgres", autocommit=True)


def servers_on(data: Path) -> list[psutil.Process]:
    """Every living process of PostgreSQL on *data*."""
    return [
        process
        for process in psutil.process_iter(["cmdline", "status"])
        if str(data) in (process.info["cmdline"] or []) and process.info["status"] != psutil.STATUS_ZOMBIE
    ]


def wait_for(condition: Callable[[], bool], seconds: float = 15.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def start_with_parent(home: Path) -> tuple[subprocess.Popen[str], int]:
    parent = subprocess.Popen([sys.executable, "-c", PARENT, str(home)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    return parent, int(parent.stdout.readline())


@pytest.fixture(scope="module")
def made_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose data folder is made; each test leaves its server stopped."""
    home = tmp_path_factory.mktemp("home")
    EmbeddedPostgres(home, durable=False).initialise()
    return home


@pytest.fixture
def home(made_home: Path) -> Iterator[Path]:
    yield made_home
    assert servers_on(made_home / "postgres") == []


def test_knows_vietnamese_letters_and_uses_utc(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server, connect(server) as connection:
        row = connection.execute("SELECT lower('ĐỒNG NAI'), current_setting('timezone')").fetchone()
    assert row == ("đồng nai", "UTC")


def test_keeps_its_data_over_a_restart(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server, connect(server) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    with EmbeddedPostgres(home, durable=False) as server, connect(server) as connection:
        assert connection.execute("SELECT value FROM kept").fetchone() == (7,)
        connection.execute("DROP TABLE kept")


def test_listens_on_its_socket_alone_in_a_closed_folder(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server:
        assert server.process
        assert psutil.Process(server.process.pid).net_connections("inet") == []
        assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700


def test_does_not_run_as_root(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server:
        assert server.process
        assert psutil.Process(server.process.pid).uids().effective != 0


def test_logs_no_value_of_a_statement_that_failed(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server, connect(server) as connection:
        connection.execute("CREATE TEMP TABLE person (phone text UNIQUE)")
        for statement in ("INSERT INTO person VALUES ('0912345678')", "SELECT '0912345678'::date"):
            with pytest.raises(psycopg.Error):
                connection.execute(statement)
                connection.execute(statement)
    assert "0912345678" not in (home / "logs" / "postgres.log").read_text()


def test_ends_when_its_parent_is_killed(home: Path) -> None:
    parent, pid = start_with_parent(home)
    parent.kill()
    parent.wait()
    assert wait_for(lambda: not servers_on(home / "postgres")), f"server {pid} outlived its parent"


def test_starts_again_after_everything_was_killed_at_once(home: Path) -> None:
    parent, pid = start_with_parent(home)
    with psycopg.connect(host=str(socket_folder(home)), port=PORT, user=SUPERUSER, dbname="postgres") as connection:
        connection.execute("CREATE TABLE acknowledged AS SELECT 1 AS value")
        connection.commit()
        family = [psutil.Process(pid), *psutil.Process(pid).children()]
        for process in [psutil.Process(parent.pid), *family]:
            process.kill()
        parent.wait()
    with EmbeddedPostgres(home, durable=False) as server, connect(server) as again:
        assert again.execute("SELECT value FROM acknowledged").fetchone() == (1,)
        again.execute("DROP TABLE acknowledged")


def test_ends_an_orphan_on_its_data_before_it_starts(home: Path) -> None:
    orphan = EmbeddedPostgres(home, durable=False)
    orphan.start()
    assert orphan.process
    with EmbeddedPostgres(home, durable=False) as server:
        assert wait_for(lambda: orphan.process is not None and orphan.process.poll() is not None)
        assert answers(server.socket)


def test_forgets_a_number_that_another_process_has_by_now(home: Path) -> None:
    record = home / "postgres" / "postmaster.pid"
    record.write_text(f"{os.getpid()}\n{home}/postgres\n")
    with EmbeddedPostgres(home, durable=False) as server:
        assert answers(server.socket)
    assert psutil.pid_exists(os.getpid())


def test_comes_back_when_killed_under_a_connection(home: Path) -> None:
    with EmbeddedPostgres(home, durable=False) as server:
        assert server.process
        with connect(server) as connection:
            connection.execute("SELECT 1")
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
            server.start()
        assert answers(server.socket)


def test_a_half_made_data_folder_is_made_again(tmp_path: Path) -> None:
    (tmp_path / "postgres.unfinished").mkdir()
    (tmp_path / "postgres.unfinished" / "PG_VERSION").write_text("18\n")
    with EmbeddedPostgres(tmp_path, durable=False) as server:
        assert answers(server.socket)
    assert not (tmp_path / "postgres.unfinished").exists()


def test_refuses_data_of_another_version_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("9\n")
    with pytest.raises(OperatorError, match=r"needs PostgreSQL 9, found \d+: point PG_BIN"):
        EmbeddedPostgres(tmp_path).start()


def test_says_what_postgresql_said_when_it_does_not_start(tmp_path: Path) -> None:
    server = EmbeddedPostgres(tmp_path, durable=False)
    server.initialise()
    with (tmp_path / "postgres" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = 1\n")
    with pytest.raises(OperatorError, match=r"did not start: .*configuration file"):
        server.start()
