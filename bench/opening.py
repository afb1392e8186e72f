"""Opening a case, and acting on one: over HTTP, and as the same rows from pgbench."""

import re
import uuid
from typing import Any

from django.test import Client

from bench.arena import Stage
from bench.floors import pgbench
from bench.load import WARMED, Request, run, warm
from bench.results import Result
from bench.statements import statements
from tinhso.kernel.cases.actions import Opening, act, open_case
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.people.actions import issue_token

THREADS = 4
FLOOR_IS = "pgbench sending the same SQL in one transaction, in the same number of clients; the server's CPU"
_TEXT = (
    "Mặt đường bị hư hỏng nặng, nhiều ổ gà sâu trên đường Phú Riềng Đỏ, số 142. "
    "Trẻ em và người già đi lại rất khó khăn, nhất là buổi tối."
)


def measure_nothing(stage: Stage, requests: int) -> list[Result]:
    """A request that asks for nothing: what the web server and Django's middleware take by themselves."""
    load = [Request("GET", "/healthz", {})] * requests
    warm(stage.place.port, load[:WARMED])
    loaded = run(stage.place.port, load, stage.servers)
    return [
        Result(
            f"an empty request, {stage.size}: CPU", loaded.cpu_ms, "ms", also=loaded.split, details=loaded.details()
        )
    ]


def measure_opening(stage: Stage, requests: int) -> list[Result]:
    """Open *requests* reports over HTTP from four clients, without and with somebody to answer to."""
    place, results = stage.place, []
    for contact in (None, "0912345678"):
        client = Client()

        def post(contact: str | None = contact, client: Client = client) -> None:
            answer = client.post("/api/v1/reports", _report(contact), "application/json", headers=_own_key())
            assert answer.status_code == 201, answer.content

        texts = statements(post)
        what = f"open, {stage.size}" + (", with a contact" if contact else "")
        results.append(Result(f"{what}: statements", len(texts), "", budget=5, details={"sql": texts}))
        load = [
            Request(
                "POST",
                "/api/v1/reports",
                {"Idempotency-Key": f"load-{stage.filled.cases}-{contact}-{n}"},
                _report(contact),
            )
            for n in range(requests)
        ]
        warm(place.port, load[:WARMED], expected=201)
        loaded = run(place.port, load[WARMED:], stage.servers, threads=THREADS, expected=201)
        floor = pgbench(place, [_again(it) for it in texts], clients=THREADS, transactions=requests)
        details = loaded.details() | {"floor": floor.__dict__}
        results += [
            Result(
                f"{what}: CPU", loaded.cpu_ms, "ms", floor.cpu_ms, FLOOR_IS, 3, also=loaded.split, details=details
            ),
            Result(
                f"{what}: a second, {THREADS} clients",
                loaded.per_second,
                "/s",
                floor.per_second,
                FLOOR_IS,
                better="high",
            ),
            Result(f"{what}: p50", loaded.percentile(0.5), "ms", floor.ms, FLOOR_IS, also=loaded.slowest),
        ]
    return results


def _own_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def _report(contact: str | None) -> dict[str, Any]:
    return {"category": "road", "text": _TEXT, "lat": 11.53, "lon": 106.88, "contact": contact}


def _again(statement: str) -> str:
    """A captured statement so that it can be sent any number of times: what must be unique is drawn anew."""
    if statement.startswith('INSERT INTO "cases_case"'):
        fresh = "gen_random_uuid()::text, substr(gen_random_uuid()::text, 1, 22)"
        return re.sub(r"VALUES \('[^']*', '[^']*'", f"VALUES ({fresh}", statement, count=1)
    if statement.startswith('INSERT INTO "journal_event"'):
        statement = re.sub(r"'case', \d+,", "'case', currval('cases_case_id_seq'),", statement, count=1)
        return re.sub(r"'[0-9a-f]{64}', '\{", "gen_random_uuid()::text, '{", statement, count=1)
    return statement


def measure_acting(stage: Stage, requests: int) -> list[Result]:
    """Accept cases as the province's operator: by the engine in this process, and over HTTP with a token."""
    place, operator = stage.place, stage.filled.operator
    keys = [open_one() for _ in range(requests + 20)]
    actor = Actor(operator.scope)
    counted = iter(keys)
    texts = statements(lambda: act(next(counted), "accept", {}, actor=actor))
    what = f"act, {stage.size}"
    client, token = Client(), issue_token(operator, "bench")
    numbers = dict(Case.objects.filter(pk__in=keys).values_list("pk", "number"))
    address = "/api/v1/cases/{}/actions/accept"
    bearer = {"Authorization": f"Bearer {token}"}

    def post() -> None:
        key = next(counted)
        headers = bearer | _own_key()
        answer = client.post(address.format(numbers[key]), {"version": 1}, "application/json", headers=headers)
        assert answer.status_code == 200, answer.content

    over_http = statements(post)
    load = [Request("POST", address.format(numbers[key]), bearer | _own_key(), {"version": 1}) for key in counted]
    warm(place.port, load[:WARMED])
    loaded = run(place.port, load[WARMED:], stage.servers)
    floor = pgbench(place, [_again_on(it) for it in texts], transactions=requests)
    details = loaded.details() | {"floor": floor.__dict__, "sql": over_http}
    return [
        Result(f"{what}: statements of the engine", len(texts), "", budget=6, details={"sql": texts}),
        Result(f"{what}: statements over HTTP", len(over_http), "", details={"sql": over_http}),
        Result(
            f"{what}: CPU over HTTP", loaded.cpu_ms, "ms", floor.cpu_ms, FLOOR_IS, also=loaded.split, details=details
        ),
        Result(
            f"{what}: p50 over HTTP",
            *(loaded.percentile(0.5), "ms", floor.ms, FLOOR_IS),
            also=loaded.slowest,
        ),
    ]


def open_one() -> int:
    """Open a report in this process; its key."""
    typed = {"category": "road", "text": _TEXT, "place": {"lat": 11.53, "lon": 106.88}}
    return open_case(Opening(type="report", typed=typed, channel="web")).pk


def _again_on(statement: str) -> str:
    return re.sub(r"'[0-9a-f]{64}', '\{", "gen_random_uuid()::text, '{", statement, count=1)
