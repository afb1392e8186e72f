"""Lists of twenty cases: by the machine interface and on the desk, for an officer and for the province's operator."""

from collections.abc import Callable
from dataclasses import dataclass

from django.conf import settings
from django.test import Client

from bench.arena import Stage
from bench.filling import MANY
from bench.floors import pgbench
from bench.load import WARMED, Request, run, warm
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


def measure_lists(stage: Stage, requests: int) -> list[Result]:
    """Every list for both readers."""
    readers = [_reader("officer", stage.filled.officer), _reader("operator", stage.filled.operator)]
    return [it for reader in readers for name, path in LISTS for it in _measure(stage, reader, name, path, requests)]


def _measure(stage: Stage, reader: "_Reader", name: str, path: str, requests: int) -> list[Result]:
    texts = statements(_getting(reader, path))
    cases = stage.filled.cases
    scans = keep_plans(f"list-{name}-{reader.name}-{cases}".replace(" ", "-"), texts, stage.plans)
    load = [Request("GET", path, reader.headers(path))] * requests
    warm(stage.place.port, load[:WARMED])
    loaded = run(stage.place.port, load, stage.servers)
    floor = pgbench(stage.place, texts, transactions=requests)
    what = f"list, {name}, {reader.name}, {stage.size}"
    budget = name == BUDGETED
    details = loaded.details() | {"floor": floor.__dict__, "sql": texts, "scans": scans}
    note = f"reads whole tables: {'; '.join(scans)}" if scans and cases >= MANY else ""
    return [
        Result(f"{what}: statements", len(texts), "", budget=3 if budget else None),
        Result(
            f"{what}: CPU",
            *(loaded.cpu_ms, "ms", floor.cpu_ms, FLOOR_IS, 3 if budget else None),
            also=loaded.split,
            note=note,
            details=details,
        ),
        Result(f"{what}: p50", loaded.percentile(0.5), "ms", floor.ms, FLOOR_IS, also=loaded.slowest),
    ]


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
