"""Bringing in a real history, beside a plain COPY of the rows that it becomes."""

import os
import time
from pathlib import Path

from django.conf import settings

from bench.arena import Arena
from bench.load import cpu_seconds
from bench.results import Result, console
from tinhso.kernel.cases.histories.importing import import_log
from tinhso.kernel.cases.histories.mapping import mapping_for, read_mapping
from tinhso.kernel.cases.queries import published_types
from tinhso.shell.database.installation import connect

WHOLE, SHORT = "road-traffic-fines.xes.gz", "permit-receipt.csv.gz"
BUDGET = 5_000
"""Events a second."""
FLOOR_IS = "COPY of the same rows of cases and events into tables with the same columns, indexes and checks"
TABLES = ("cases_case", "journal_event")


def data_folder() -> Path:
    """Where the real logs lie: `BENCH_DATA`, else `../shared/data` beside the checkout."""
    return Path(os.environ.get("BENCH_DATA") or settings.PROJECT_FOLDER.parent / "shared" / "data")


def measure_import(place: Arena, *, short: bool) -> list[Result]:
    """Import one log into the database as it is; nothing, and a word about it, where the log is not there."""
    path = data_folder() / (SHORT if short else WHOLE)
    if not path.is_file():
        console.print(f"[yellow]import: skipped, there is no {path.name} in {path.parent}[/]")
        return []
    mapping = read_mapping(mapping_for(path, settings.TINHSO_CATALOG), published_types())
    before, since = _cpu_of_this(), cpu_seconds(place.server)
    first = _newest()
    began = time.perf_counter()
    report = import_log(path, mapping)
    seconds = time.perf_counter() - began
    assert report.complete, report.refused[:5]
    spent = {"import": _cpu_of_this() - before, "database": cpu_seconds(place.server) - since}
    floor = _copy_again(place, *first)
    return [
        Result(
            f"import, {path.name}: {report.added_events:,} events",
            *(report.added_events / seconds, "events/s", report.added_events / floor, FLOOR_IS, BUDGET, "high"),
            also=f"CPU of the import {spent['import']:.0f} s, of the database {spent['database']:.0f} s",
            details={"seconds": seconds, "cpu_seconds": spent, "cases": report.added, "copy_seconds": floor},
        )
    ]


def _cpu_of_this() -> float:
    return time.process_time()


def _newest() -> tuple[int, int]:
    with connect() as database:
        row = database.execute(
            "SELECT (SELECT coalesce(max(id), 0) FROM cases_case), (SELECT coalesce(max(id), 0) FROM journal_event)"
        ).fetchone()
    assert row
    return row


def _copy_again(place: Arena, *newest: int) -> float:
    """Seconds that the rows newer than *newest* take from files into empty tables like their own."""
    seconds = 0.0
    with connect() as database:
        for table, key in zip(TABLES, newest, strict=True):
            columns = ", ".join(
                row[0]
                for row in database.execute(
                    "SELECT quote_ident(attname) FROM pg_attribute"
                    " WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped AND attgenerated = ''",
                    [table],
                )
            )
            file = place.home / f"{table}.copy"
            with file.open("wb") as out, database.cursor() as cursor:
                query = f"COPY (SELECT {columns} FROM {table} WHERE id > {key} ORDER BY id) TO STDOUT"
                with cursor.copy(query.encode()) as rows:
                    for row in rows:
                        out.write(row)
            database.execute(f"CREATE TABLE copied_{table} (LIKE {table} INCLUDING ALL)".encode())
            database.commit()
            began = time.perf_counter()
            statement = f"COPY copied_{table} ({columns}) FROM STDIN".encode()
            with file.open("rb") as source, database.cursor() as cursor, cursor.copy(statement) as copy:
                while part := source.read(1 << 20):
                    copy.write(part)
            database.commit()
            seconds += time.perf_counter() - began
            database.execute(f"DROP TABLE copied_{table}".encode())
            file.unlink()
    return seconds
