"""The whole installation under one supervisor, as real processes."""

import signal
import socket
import time

import psutil
import psycopg
import pytest

from tests.shell.cli.conftest import Installation, wait_for
from tinhso.shell.cli.supervisor import Child
from tinhso.shell.database.embedded import PORT, SUPERUSER
from tinhso.shell.settings.environment import socket_folder

pytestmark = pytest.mark.slow


def database(installation: Installation) -> psycopg.Connection:
    return psycopg.connect(
        host=str(socket_folder(installation.home)), port=PORT, user=SUPERUSER, dbname="tinhso", autocommit=True
    )


@pytest.mark.parametrize("name", ["postgres", "web", "worker", "follower"])
def test_a_killed_process_comes_back_and_the_installation_is_ready_again(running: Installation, name: str) -> None:
    victim = running.children(name)[0]
    victim.kill()
    # Web processes outlive their killed leader for a moment and still answer: what the supervisor says comes first.
    assert wait_for(lambda: f"{name} ended (by SIGKILL)" in running.said(), 30), running.said()
    assert wait_for(lambda: any(p.pid != victim.pid for p in running.children(name)), 30), running.said()
    running.wait_ready()


def test_a_killed_web_worker_is_replaced_by_its_leader(running: Installation) -> None:
    leader, victim, *_ = running.children("web")
    victim.kill()
    assert wait_for(lambda: len(running.children("web")) >= 3, 20)
    running.wait_ready()
    assert running.children("web")[0].pid == leader.pid


def test_a_second_start_says_who_runs_already(running: Installation) -> None:
    assert running.supervisor
    done = running.tinhso("up")
    assert done.returncode == 1
    assert f"in use by `tinhso up` (process {running.supervisor.pid}" in done.stderr
    assert done.stderr.count("\n") == 1


def test_the_demo_is_not_thrown_away_while_it_runs(running: Installation) -> None:
    done = running.tinhso("demo", "--reset")
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "in use by" in done.stderr
    assert running.ready()


def test_the_logs_of_every_process_are_in_the_home(running: Installation) -> None:
    names = {path.name for path in (running.home / "logs").iterdir()}
    assert {"postgres.log", "web.log", "worker.log", "follower.log"} <= names


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_every_process_and_the_next_start_keeps_the_data(
    prepared_installation: Installation, how: signal.Signals
) -> None:
    prepared_installation.start()
    with database(prepared_installation) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS value")
    family = prepared_installation.family()
    began = time.monotonic()
    assert prepared_installation.stop(how) == 0, prepared_installation.said()
    assert time.monotonic() - began < 15
    assert psutil.wait_procs(family, 1)[1] == []
    assert prepared_installation.said().endswith("Stopped.\n")
    if how is signal.SIGTERM:
        prepared_installation.start()
        with database(prepared_installation) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (7,)


def test_nothing_outlives_a_killed_supervisor_and_the_next_start_recovers(
    prepared_installation: Installation,
) -> None:
    prepared_installation.start()
    family = prepared_installation.family()
    family[0].kill()
    assert psutil.wait_procs(family, 30)[1] == []
    prepared_installation.start()
    for process in prepared_installation.family():
        process.kill()
    prepared_installation.start()
    assert prepared_installation.stop() == 0


def test_a_taken_port_is_one_line_and_starts_nothing(installation: Installation) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", installation.port))
        taken.listen()
        done = installation.tinhso("up")
    assert done.returncode == 1
    assert done.stderr == (
        f"Error: port {installation.port} is taken by another program: choose another with TINHSO_PORT\n"
    )
    assert not (installation.home / "postgres").exists()


def test_an_installation_that_is_no_demo_never_becomes_one(prepared_installation: Installation) -> None:
    for command in (("demo",), ("demo", "--reset")):
        done = prepared_installation.tinhso(*command)
        assert done.returncode == 1
        assert "not a demo" in done.stderr
    assert (prepared_installation.home / "postgres" / "PG_VERSION").exists()


def test_a_process_that_keeps_dying_waits_longer_each_time_and_is_forgiven_later() -> None:
    child = Child("web", started=100.0)
    assert [child.pause(101.0) for _ in range(8)] == [0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]
    assert child.pause(200.0) == 0.5
