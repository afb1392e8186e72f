"""An import that is cut off takes up where it stopped: the outcome is that of an undisturbed one."""

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.shell.cli.conftest import Installation, make, wait_for
from tinhso.shell.database.embedded import PORT, SUPERUSER
from tinhso.shell.settings.environment import socket_folder

pytestmark = pytest.mark.slow

TRACES, EVENTS = 10_000, 2
"""Five batches of the importer, so that there is a middle to be cut off in."""

_CASES = """
SELECT split_part(c.imported_from, ':', 2), c.type, c.stage, c.opened_at, c.answered_at, c.closed_at, c.version,
       (SELECT json_agg(json_build_array(e.kind, e.occurred_at, e.data - 'number') ORDER BY e.id)::text
        FROM journal_event e WHERE e.subject_kind = 'case' AND e.subject_id = c.id)
FROM cases_case c WHERE c.imported_from LIKE %s ORDER BY 1
"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """An installation at work while logs come in."""
    for installation in make(tmp_path_factory.mktemp("importing")):
        installation.start()
        yield installation


def _log(folder: Path, name: str) -> Path:
    """The same content under any *name*, which is what cases are told apart by."""
    start = datetime(2020, 1, 6, 8, tzinfo=UTC)
    path = folder / f"{name}.xes"
    with path.open("w") as file:
        file.write('<?xml version="1.0" encoding="UTF-8"?>\n<log xes.version="1.0">\n')
        for case in range(TRACES):
            file.write(f'<trace><string key="concept:name" value="{case}"/>')
            for event in range(EVENTS):
                at = (start + timedelta(minutes=case, hours=event)).isoformat()
                file.write(f'<event><string key="concept:name" value="step {event}"/>')
                file.write(f'<date key="time:timestamp" value="{at}"/></event>')
            file.write("</trace>\n")
        file.write("</log>\n")
    return path


def _database(installation: Installation) -> psycopg.Connection:
    return psycopg.connect(
        host=str(socket_folder(installation.home)), port=PORT, user=SUPERUSER, dbname="tinhso", autocommit=True
    )


def _imported(installation: Installation, name: str) -> int:
    try:
        with _database(installation) as database:
            row = database.execute("SELECT count(*) FROM cases_case WHERE imported_from LIKE %s", [f"{name}:%"])
            [count] = row.fetchone() or (0,)
            return int(count)
    except psycopg.OperationalError:  # it was killed and is not back yet
        return 0


def _start_import(installation: Installation, path: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        installation._command(("import-log", str(path))),
        env=installation._env(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _rows(installation: Installation, name: str) -> list[tuple[Any, ...]]:
    with _database(installation) as database:
        return database.execute(_CASES, [f"{name}:%"]).fetchall()


@pytest.mark.parametrize("victim", ["import", "postgres"])
def test_an_import_that_was_cut_off_is_completed_by_the_same_command(
    running: Installation, tmp_path: Path, victim: str
) -> None:
    whole, cut = f"whole-{victim}", f"cut-{victim}"
    assert running.tinhso("import-log", str(_log(tmp_path, whole))).returncode == 0
    path = _log(tmp_path, cut)
    process = _start_import(running, path)
    assert wait_for(lambda: _imported(running, cut) > 0, 60)
    time.sleep(0.2)  # into the next batch
    if victim == "import":
        os.kill(process.pid, signal.SIGKILL)
    else:
        running.children("postgres")[0].kill()
    assert process.wait(60) != 0
    assert wait_for(lambda: _imported(running, cut) > 0, 60)
    assert _imported(running, cut) < TRACES, "it was over before it could be cut off"
    again = running.tinhso("import-log", str(path))
    assert again.returncode == 0, again.stdout + again.stderr
    rows = _rows(running, cut)
    assert len(rows) == TRACES
    assert rows == _rows(running, whole)
    for check in (("measures", "verify"), ("journal", "verify")):
        done = running.tinhso(*check)
        assert done.returncode == 0, done.stdout + done.stderr
