"""The board's live figures: what they cost, how far they lie behind the last commit, and whether they drift."""

import time

from django.db import connection
from django.utils import timezone

from bench.arena import Stage
from bench.filling import MANY, TOP
from bench.floors import pgbench
from bench.load import cpu_seconds, percentile
from bench.opening import open_one
from bench.results import Result
from bench.statements import keep_plans, statements
from tinhso.kernel.journal.followers import alive, catch_up_all, rebuild
from tinhso.kernel.measures.followers import follower
from tinhso.kernel.measures.queries import Selection, total
from tinhso.kernel.measures.recounting import differences
from tinhso.kernel.units.queries import directory
from tinhso.systems.ioc.queries.figures import live
from tinhso.systems.ioc.rules import Preset

FLOOR_IS = "pgbench sending the same SQL; the server's CPU"
BOARD_MS = 20
LAG_SECONDS = 1.0
LAG_ROUNDS = 20
REPEATS = 30


def measure_board(stage: Stage) -> list[Result]:
    """The figures of the province over a month and a year: by `live`, which the board itself calls."""
    catch_up_all()
    results: list[Result] = []
    unit = directory().unit(TOP, timezone.localdate())
    for preset in (Preset.THIRTY_DAYS, Preset.YEAR):
        period = preset.period(timezone.localdate())
        selection = Selection(unit=unit, type="report", start=period.start, end=period.end, lineage=False)
        texts = statements(lambda selection=selection: live(selection))  # type: ignore[misc]
        scans = keep_plans(f"board-{preset}-{stage.filled.cases}", texts, stage.plans)
        times, before = [], cpu_seconds(stage.place.server)
        for _ in range(REPEATS):
            began = time.perf_counter()
            live(selection)
            times.append(1_000 * (time.perf_counter() - began))
        cpu = 1_000 * (cpu_seconds(stage.place.server) - before) / REPEATS
        floor = pgbench(stage.place, texts, transactions=REPEATS)
        what = f"board of 12 figures, {preset.value}, {stage.size}"
        results += [
            Result(f"{what}: statements", len(texts), ""),
            Result(
                f"{what}: server",
                *(percentile(times, 0.5), "ms", floor.ms, FLOOR_IS, BOARD_MS),
                note=_slowest(texts, scans if stage.filled.cases >= MANY else []),
                details={"p95_ms": percentile(times, 0.95), "database_cpu_ms": cpu, "sql": texts, "scans": scans},
            ),
        ]
    return results


def _slowest(texts: list[str], scans: list[str]) -> str:
    """What each statement takes by itself, and which ones read whole tables."""
    parts = []
    for place, text in enumerate(texts, 1):
        times = []
        for _ in range(5):
            began = time.perf_counter()
            with connection.cursor() as cursor:
                cursor.execute(text.replace("%", "%%"))
                cursor.fetchall()
            times.append(1_000 * (time.perf_counter() - began))
        parts.append(f"statement {place} {min(times):.1f} ms")
    return ", ".join(parts) + "".join(f"; reads a whole table: {it}" for it in scans)


def measure_lag(stage: Stage) -> list[Result]:
    """From the commit of an opening until the figure shows it, with the follower at work."""
    unit = directory().unit(TOP, timezone.localdate())
    today = timezone.localdate()
    selection = Selection(unit=unit, start=today, end=today, lineage=False)
    catch_up_all()
    connection.close()
    waits = []
    with stage.place.process("follower"):
        while not alive():
            time.sleep(0.05)
        for _ in range(LAG_ROUNDS):
            shown = total("electronic", selection).denominator
            open_one()
            committed = time.perf_counter()
            while total("electronic", selection).denominator == shown:
                time.sleep(0.002)
            waits.append(time.perf_counter() - committed)
    return [
        Result(
            f"board behind the last commit, {stage.size}: longest of {LAG_ROUNDS}",
            *(max(waits), "s"),
            budget=LAG_SECONDS,
            details={"p50_s": percentile(waits, 0.5), "all": waits},
        )
    ]


def measure_drift(stage: Stage) -> list[Result]:
    """Differences between the figures and a recount, as filled and loaded; then how fast the follower builds anew."""
    what = stage.size
    found = differences()
    began = time.perf_counter()
    events = rebuild(follower)
    rate = events / (time.perf_counter() - began)
    again = differences()
    return [
        Result(f"drift, {what}", len(found), "", budget=0, details={"found": found}),
        Result(f"drift after rebuilding, {what}", len(again), "", budget=0, details={"found": again}),
        Result(f"follower, {what}: from nothing", rate, "events/s", better="high"),
    ]
