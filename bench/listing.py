"""Lists of twenty cases: by the machine interface and on the desk, for an officer and for the province's operator."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.test import Client

from bench.arena import Arena
from bench.filling import Filled
from bench.floors import pgbench
from bench.load import Request, run
from bench.results import Result
from bench.statements import keep_plans, statements
from tinhso.kernel.people.actions import issue_token
from tinhso.kernel.people.models import Person

FLOOR_IS = "pgbench sending the same SQL; the server's CPU"
LISTS = (
    ("api", "/api/v1/cases?open=true&category=road&limit=20"),
    ("desk inbox", "/desk/"),
    ("desk all", "/desk/?tab=all&category=road"),
    ("desk overdue", "/desk/?tab=overdue"),
    ("desk search", "/desk/?tab=all&q=o+ga+hung+vuong+142"),
)
BUDGETED = "api"
"""The list that the design's budget is about; a page of the desk is shown beside it."""
SAME = 1.25
"""How far apart two sizes may lie and still count as the same."""


@dataclass(frozen=True)
class _Reader:
    name: str
    person: Person
    session: str
    token: str

    def headers(self, path: str) -> dict[str, str]:
        if path.startswith("/api/"):
            return {"Authorization": f"Bearer {self.token}"}
        return {"Cookie": f"{settings.SESSION_COOKIE_NAME}={self.session}"}


def measure_lists(place: Arena, filled: Filled, requests: int, plans: Path) -> list[Result]:
    """Every list for both readers."""
    results: list[Result] = []
    readers = [_reader("officer", filled.officer), _reader("operator", filled.operator)]
    with place.web() as web:
        for reader in readers:
            for name, path in LISTS:
                texts = statements(_getting(reader, path))
                scans = keep_plans(f"{name}-{reader.name}-{filled.cases}".replace(" ", "-"), texts, plans)
                load = [Request("GET", path, reader.headers(path))] * requests
                run(place.port, load[:10], {})
                loaded = run(place.port, load, {"web": web, "database": place.server})
                floor = pgbench(place, texts, transactions=requests)
                what = f"list, {name}, {reader.name}, {filled.cases:,} cases"
                note = f"scans: {'; '.join(scans)}" if scans and filled.cases >= 100_000 else ""
                budget = name == BUDGETED
                details = loaded.details() | {"floor": floor.__dict__, "sql": texts, "scans": scans}
                results += [
                    Result(f"{what}: statements", len(texts), "", budget=3 if budget else None),
                    Result(
                        f"{what}: CPU",
                        *(loaded.cpu_ms, "ms", floor.cpu_ms, FLOOR_IS, 3.0 if budget else None),
                        note=note,
                        details=details,
                    ),
                    Result(f"{what}: p50", loaded.percentile(0.5), "ms", floor.ms, FLOOR_IS),
                    Result(f"{what}: p95", loaded.percentile(0.95), "ms"),
                ]
    return results


def _reader(name: str, person: Person) -> _Reader:
    client = Client()
    client.force_login(person)
    return _Reader(name, person, client.cookies[settings.SESSION_COOKIE_NAME].value, issue_token(person, "bench"))


def _getting(reader: _Reader, path: str) -> Callable[[], None]:
    client = Client(headers=reader.headers(path))

    def get() -> None:
        answer = client.get(path)
        assert answer.status_code == 200, answer.content[:500]

    return get


def compare_sizes(results: list[Result], small: int, large: int) -> list[Result]:
    """What each list costs at the large size against the small one."""
    found = {it.what: it for it in results}
    rows = []
    for what, it in found.items():
        before = what.replace(f"{large:,} cases", f"{small:,} cases")
        if what.startswith("list") and what.endswith(": CPU") and before != what and before in found:
            name = what.removesuffix(": CPU").replace(f", {large:,} cases", "")
            rows.append(
                Result(
                    f"{name}: CPU at {large:,} against {small:,}",
                    it.measured / found[before].measured,
                    "times",
                    budget=SAME if BUDGETED in name else None,
                )
            )
    return rows
