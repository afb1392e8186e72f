"""Whatever is killed under load, an acknowledged write is there once, and everything derived agrees with it.

`FAULT_ROUNDS` (20) says how many processes are killed.
"""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest

from tests.faults.load import Load
from tests.shell.cli.conftest import Installation, make, wait_for
from tinhso.kernel.cases.actions.opening import command_key
from tinhso.shell.database.embedded import PORT, SUPERUSER
from tinhso.shell.settings.environment import socket_folder

pytestmark = pytest.mark.slow

ROUNDS = int(os.environ.get("FAULT_ROUNDS", "20"))
TARGETS = ("web", "postgres", "follower", "web worker", "worker", "postgres", "web worker", "backend")
PROMISES_AFTER_A_KILL = 10
"""So many writes must be acknowledged before the next kill: the installation works again."""
RECOVERY_LIMIT = 30.0
PAUSE = (0.3, 1.0)

_OPERATOR = """
from tinhso.shell.cli.framework import ready
ready()
from tinhso.kernel.people.actions import appoint, issue_token
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role
from tinhso.kernel.units.queries import unit
person = Person.objects.create(username="operator")
appoint(person, unit("H19"), Role.OPERATOR)
print(issue_token(person, "load"))
"""


@pytest.fixture
def busy(tmp_path: Path) -> Iterator[tuple[Installation, Load]]:
    """A running installation that refuses nobody for coming too often, with clients ready to start."""
    for installation in make(tmp_path):
        installation.environment |= {"TINHSO_REPORT_RATE": "999999/s", "TINHSO_API_RATE": "999999/s"}
        installation.start()
        done = subprocess.run(
            [sys.executable, "-c", _OPERATOR], check=True, capture_output=True, text=True, env=installation._env()
        )
        yield installation, Load(installation.port, done.stdout.strip())


def test_no_kill_loses_or_doubles_an_acknowledged_write(busy: tuple[Installation, Load]) -> None:
    installation, load = busy
    load.start(openers=2, actors=2)
    try:
        for number in range(ROUNDS):
            _round(installation, load, TARGETS[number % len(TARGETS)])
    finally:
        load.stop()
    installation.wait_ready()
    assert load.wrong == []
    _assert_everything_lives(installation)
    with _database(installation) as database:
        _assert_openings(database, load)
        _assert_actions(database, load)
        _assert_followers_and_seals(installation, database)


def _round(installation: Installation, load: Load, target: str) -> None:
    time.sleep(random.uniform(*PAUSE))
    before = load.promises
    assert wait_for(lambda: _kill(installation, target), RECOVERY_LIMIT), f"no {target}\n{installation.said()}"
    assert wait_for(lambda: load.promises >= before + PROMISES_AFTER_A_KILL, RECOVERY_LIMIT), (
        f"after the kill of {target} nothing is taken\n{installation.said()}"
    )


def _kill(installation: Installation, target: str) -> bool:
    """Kill one process of that kind; False while there is none, because it is coming back from something else."""
    try:
        victims = _victims(installation, target)
        if victims:
            random.choice(victims).kill()
    except psutil.NoSuchProcess:
        return False
    return bool(victims)


def _victims(installation: Installation, target: str) -> list[psutil.Process]:
    """The leader of a kind; for "web worker" those that answer requests, for "backend" clients' of PostgreSQL."""
    if target == "web worker":
        return [child for leader in installation.children("web")[:1] for child in leader.children()]
    if target == "backend":
        clients = [child for leader in installation.children("postgres") for child in leader.children()]
        return [it for it in clients if "tinhso tinhso" in " ".join(it.cmdline())]
    return installation.children(target)[:1]


def _assert_everything_lives(installation: Installation) -> None:
    for name in ("postgres", "web", "worker", "follower"):
        assert wait_for(lambda name=name: bool(installation.children(name)), RECOVERY_LIMIT), name  # type: ignore[misc]


def _database(installation: Installation) -> psycopg.Connection:
    return psycopg.connect(
        host=str(socket_folder(installation.home)), port=PORT, user=SUPERUSER, dbname="tinhso", autocommit=True
    )


def _assert_openings(database: psycopg.Connection, load: Load) -> None:
    """Every answered code is one case, opened by one event under its own key; what nobody was promised is whole."""
    rows = database.execute(
        "SELECT e.command_key, c.number, c.id FROM journal_event e JOIN cases_case c ON c.id = e.subject_id"
        " WHERE e.kind = 'case.opened' AND e.subject_kind = 'case'"
    ).fetchall()
    cases = {number for (number,) in database.execute("SELECT number FROM cases_case")}
    by_key = {key: number for key, number, _ in rows}
    assert len(by_key) == len(rows) == len(cases), "a case without an opening, or with two"
    assert {command_key("report", key): code for key, code in load.opened.items()}.items() <= by_key.items()
    known = {command_key("report", key) for key in (*load.opened, *load.given_up)}
    assert by_key.keys() <= known, "a case that nobody asked for"
    assert len(set(load.opened.values())) == len(load.opened), "two clients got the same code"


def _assert_actions(database: psycopg.Connection, load: Load) -> None:
    """Every answered action is one event of its case, and the case stands where its last action took it."""
    rows = database.execute(
        "SELECT c.number, e.data ->> 'action' FROM journal_event e JOIN cases_case c ON c.id = e.subject_id"
        " WHERE e.kind = 'case.acted'"
    ).fetchall()
    counted = Counter(rows)
    assert load.acted <= counted.keys()
    assert set(counted.values()) == {1}
    stages = dict(database.execute("SELECT number, stage FROM cases_case").fetchall())
    wanted = {"accept": "handling", "close": "closed"}
    last = {code: wanted[action] for code, action in sorted(load.acted)}  # a before c
    assert {code: stages[code] for code in last} == last


def _assert_followers_and_seals(installation: Installation, database: psycopg.Connection) -> None:
    checked = installation.tinhso("measures", "verify")
    assert checked.returncode == 0, checked.stdout + checked.stderr
    facts = database.execute("SELECT count(*) FROM measures_fact").fetchone()
    assert facts == database.execute("SELECT count(*) FROM cases_case").fetchone()
    assert wait_for(lambda: _all_is_sealed(database), 2 * RECOVERY_LIMIT), "the worker seals no more"
    verified = installation.tinhso("journal", "verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr


def _all_is_sealed(database: psycopg.Connection) -> bool:
    row = database.execute(
        "SELECT (SELECT max(id) FROM journal_event) = (SELECT max(last) FROM journal_seal)"
    ).fetchone()
    return bool(row and row[0])
