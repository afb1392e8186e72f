import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from tinhso.kernel.cases.catalogue import read_case_types
from tinhso.kernel.cases.histories.log import LoggedEvent, RefusedTraceError, Trace
from tinhso.kernel.cases.histories.mapping import LogMapping
from tinhso.kernel.cases.histories.shaping import ShapedCase, Shaper
from tinhso.kernel.worktime.catalogue import read_calendars

CATALOGUE = Path(settings.TINHSO_CATALOG)
TYPES = read_case_types(CATALOGUE)
FINE: dict[str, Any] = {
    "log": "fines",
    "type": "fine",
    "channel": {"default": "police"},
    "step": "step",
    "actions": {"Appeal": "appeal"},
    "answer": ["Send"],
    "closing": {
        "action": "close",
        "when": [
            {"outcome": "dismissed", "attribute": "dismissal", "unless": ["NIL"]},
            {
                "outcome": "paid",
                "reached": {"attribute": "paid", "of": ["amount", "expense"], "tolerance": "0.005"},
            },
            {"outcome": "collection", "activity": ["Collect"]},
        ],
    },
}
PERMIT: dict[str, Any] = {
    "log": "permits",
    "type": "permit",
    "number": "GP-{id}",
    "zone": "Europe/Amsterdam",
    "opening": {"at": "case:start"},
    "lead": "case:department",
    "supporting": "org:group",
    "blank": ["EMPTY"],
    "channel": {"from": "case:channel", "values": {"Internet": "internet", "Desk": "desk"}},
    "due": "case:deadline",
    "step": "step",
    "closing": {"action": "close", "at": "case:end"},
}


def shape(mapping: dict[str, Any], own: dict[str, str], *events: dict[str, str]) -> ShapedCase:
    entry = LogMapping.model_validate(mapping).named("log.xes")
    case_type = TYPES[entry.type]
    shaper = Shaper(entry, entry.keys, case_type, read_calendars(CATALOGUE)[case_type.calendar])
    trace = Trace(
        [("string", key, text) for key, text in own.items()],
        [
            LoggedEvent([("string", key, text) for key, text in event.items()], 10 + i)
            for i, event in enumerate(events)
        ],
        5,
    )
    return shaper.shape(trace)


def event(activity: str, day: int, **more: str) -> dict[str, str]:
    return {"concept:name": activity, "time:timestamp": f"2020-01-{day:02}T00:00:00Z", **more}


def january(day: int) -> datetime:
    return datetime(2020, 1, day, tzinfo=UTC)


def acts(case: ShapedCase) -> Sequence[tuple[Any, ...]]:
    return [(it.data.get("action"), it.data.get("to"), it.data.get("kind")) for it in case.events]


CREATED = event("Create", 1, amount="35.0", dismissal="NIL")


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        ([event("Pay", 3, paid="35.0")], "paid"),
        ([event("Pay", 3, paid="34.99")], None),
        ([event("Pay", 3, paid="34.996")], "paid"),
        ([event("Send", 2, expense="11.0"), event("Pay", 3, paid="35.0")], None),
        ([event("Send", 2, expense="11.0"), event("Pay", 3, paid="20"), event("Pay", 4, paid="46")], "paid"),
        ([event("Add penalty", 2, amount="71.5"), event("Pay", 3, paid="35.0")], None),
        ([event("Collect", 3)], "collection"),
        ([event("Collect", 3), event("Send", 4)], "collection"),
        ([event("Appeal", 3, dismissal="#")], "dismissed"),
        ([event("Appeal", 3, dismissal="#"), event("Appeal", 4, dismissal="NIL")], None),
        ([event("Appeal", 3)], None),
        ([event("Pay", 3, paid="much")], None),
    ],
)
def test_a_fine_is_closed_by_its_last_event_when_it_is_settled(
    events: list[dict[str, str]], outcome: str | None
) -> None:
    case = shape(FINE, {"concept:name": "A1"}, CREATED, *events)
    assert len(case.events) == 1 + len(events)
    assert (case.outcome or None, case.closed_at is not None) == (outcome, outcome is not None)
    if outcome:
        assert case.closed_at == case.events[-1].at
        assert acts(case)[-1] == ("close", "closed", "closed")
        assert case.events[-1].data["closed_after"] == int((case.closed_at - january(1)).total_seconds() / 60)


def test_a_case_of_one_event_is_closed_by_an_event_that_is_not_of_the_log() -> None:
    case = shape(FINE, {"concept:name": "A1"}, event("Create", 1, amount="35", dismissal="G"))
    assert [(it.kind, it.data.get("derived", False)) for it in case.events] == [
        ("case.opened", False),
        ("case.acted", True),
    ]
    assert case.closed_at == january(1)


def test_the_first_answer_is_the_first_of_the_activities_that_count_as_one() -> None:
    case = shape(FINE, {"concept:name": "A1"}, CREATED, event("Appeal", 2), event("Send", 4), event("Send", 5))
    assert [it.data.get("answered_after") for it in case.events] == [None, None, 3 * 1440, None]
    assert case.answered_at == january(4)
    assert acts(case)[1:] == [
        ("appeal", "appealed", "open"),
        ("step", "appealed", "open"),
        ("step", "appealed", "open"),
    ]


OWN = {
    "concept:name": "case-7",
    "channel": "Internet",
    "department": "General",
    "start": "2020-01-01 00:00:00",
    "deadline": "2020-02-26T00:00:00+01:00",
}


def test_opening_and_closing_that_the_trace_states_are_derived_events_around_those_of_the_log() -> None:
    case = shape(PERMIT, OWN | {"end": "2020-01-05T00:00:00Z"}, event("Receive", 2), event("Check", 8))
    assert [it.data.get("derived", False) for it in case.events] == [True, False, False, True]
    assert acts(case)[1:] == [
        ("step", "handling", "open"),
        ("step", "handling", "open"),
        ("close", "closed", "closed"),
    ]
    # A time without an offset is of the log's zone.
    assert case.opened_at == datetime(2019, 12, 31, 23, tzinfo=UTC)
    assert case.closed_at == january(5)
    assert case.after_closing
    assert case.due_at == datetime(2020, 2, 25, 23, tzinfo=UTC)
    assert case.clocks["resolution"]["limit"] == 56 * 1440
    assert {it.data["due"] for it in case.events} == {"2020-02-25T23:00:00+00:00"}


def test_without_an_end_a_permit_stays_open_and_its_clock_runs() -> None:
    case = shape(PERMIT, OWN, event("Receive", 2))
    assert (case.stage, case.closed_at) == ("handling", None)
    assert case.clocks["resolution"]["since"] == "2019-12-31T23:00:00+00:00"


def test_units_are_named_as_in_the_log_and_blanks_name_none() -> None:
    case = shape(
        PERMIT,
        OWN,
        event("Receive", 2, **{"org:group": "Group 2"}),
        event("Check", 3, **{"org:group": "EMPTY"}),
        event("Check", 4, **{"org:group": "Group 1"}),
    )
    assert (case.lead, case.supporting) == ("General", ["Group 1", "Group 2"])


def test_times_that_go_backwards_are_noted_and_kept() -> None:
    case = shape(PERMIT, OWN, event("Receive", 9), event("Check", 3))
    assert case.backwards
    assert [it.at for it in case.events[1:]] == [january(9), january(3)]


@pytest.mark.parametrize(
    ("own", "events", "line", "reason"),
    [
        ({"channel": "Fax"}, [event("Receive", 2)], 5, "channel: the mapping says nothing of case:channel = 'Fax'"),
        ({"concept:name": ""}, [event("Receive", 2)], 5, "the case has no name"),
        ({"start": "1999-12-31T00:00:00Z"}, [event("Receive", 2)], 5, "calendars cover"),
        ({}, [{"concept:name": "Receive"}], 10, "the event has no time"),
        ({}, [event("Receive", 2), {"time:timestamp": "2020-01-01"}], 11, "the event has no activity"),
        ({"department": "x" * 121}, [event("Receive", 2)], 5, "too long for the name of a unit"),
        ({"concept:name": "x" * 120}, [event("Receive", 2)], 5, "too long"),
        ({"start": ""}, [], 5, "no event and no other time of opening"),
    ],
)
def test_what_cannot_become_a_case_is_refused_with_line_and_reason(
    own: dict[str, str], events: list[dict[str, str]], line: int, reason: str
) -> None:
    with pytest.raises(RefusedTraceError) as refused:
        shape(PERMIT, OWN | own, *events)
    assert refused.value.line == line
    assert reason in refused.value.reason


def test_numbers_fit_and_can_stand_in_an_address() -> None:
    long, odd, other = (
        shape(PERMIT, OWN | {"concept:name": name}, event("Receive", 2)).number
        for name in ("f81d4fae-7dec-11d0-a765-00a0c91e6bf6/17", "a/b c", "a b/c")
    )
    assert all(len(number) <= 40 and number.isascii() and "/" not in number for number in (long, odd, other))
    assert odd != other
    assert shape(PERMIT, OWN, event("Receive", 2)).number == "GP-case-7"


def test_names_of_people_come_in_as_digests_that_tell_them_apart() -> None:
    hidden = PERMIT | {"pseudonyms": ["org:resource", "case:applicant"]}
    case = shape(
        hidden,
        OWN | {"applicant": "Nguyễn Văn A"},
        event("Receive", 2, **{"org:resource": "Trần Thị B"}),
        event("Check", 3, **{"org:resource": "Trần Thị B"}),
        event("Send", 4, **{"org:resource": "Lê Văn C"}),
    )
    told = json.dumps([case.attributes, [it.data for it in case.events]], ensure_ascii=False)
    assert not any(name in told for name in ("Nguyễn", "Trần", "Lê"))
    first, second, third = (it.data["resource"] for it in case.events[1:])
    assert first == second != third
