"""Working time against an oracle that walks minute by minute."""

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tinhso.kernel.worktime.catalogue import read_calendars
from tinhso.kernel.worktime.rules import (
    FIRST_DAY,
    WORKING_DAYS,
    WORKING_HOURS,
    Calendar,
    OutOfCalendarError,
    parse_plain_time,
    parse_working_time,
)

CATALOG = Path(__file__).parents[3] / "catalog"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


@lru_cache
def office() -> Calendar:
    return read_calendars(CATALOG)["office"]


@lru_cache(maxsize=4096)
def open_minutes(day: date) -> frozenset[int]:
    """The oracle's own idea of a day: every minute that lies in a span."""
    return frozenset(minute for start, end in office().spans(day) for minute in range(start, end))


def counted(start: datetime, end: datetime) -> int:
    """Working minutes from *start* to *end*, looked at one by one."""
    at, total = start.astimezone(ZONE), 0
    while at < end:
        total += at.hour * 60 + at.minute in open_minutes(at.date())
        at += timedelta(minutes=1)
    return total


instants = st.datetimes(
    datetime(2020, 1, 1),
    datetime(2027, 12, 20),
    timezones=st.just(UTC),
).map(lambda it: it.replace(second=0, microsecond=0))
AROUND_MAKE_UP_SATURDAY = datetime(2026, 1, 9, 9, 30, tzinfo=UTC)


@given(instants, st.integers(0, 8 * 24 * 60))
@example(AROUND_MAKE_UP_SATURDAY, 3 * 24 * 60)
@example(datetime(2026, 1, 1, 1, 0, tzinfo=UTC), 2 * 24 * 60)
def test_between_counts_exactly_the_open_minutes(start: datetime, minutes: int) -> None:
    end = start + timedelta(minutes=minutes)
    assert office().between(start, end) == counted(start, end)


@given(instants, st.integers(1, 8 * 60 * 8))
@example(AROUND_MAKE_UP_SATURDAY, 8 * 60)
def test_add_gives_the_first_instant_by_which_so_much_was_worked(start: datetime, minutes: int) -> None:
    due = office().add(start, minutes)
    assert counted(start, due) == minutes
    assert counted(start, due - timedelta(minutes=1)) == minutes - 1


@given(instants, instants, instants)
def test_between_adds_up(a: datetime, b: datetime, c: datetime) -> None:
    assert office().between(a, b) + office().between(b, c) == office().between(a, c)


@pytest.mark.parametrize(
    ("start", "length", "due"),
    [
        ("2026-03-02 10:00", 1 * WORKING_DAYS, "2026-03-03 10:00"),
        ("2026-03-06 16:00", 2 * WORKING_HOURS, "2026-03-09 08:30"),
        ("2026-03-02 07:00", 8 * WORKING_HOURS, "2026-03-02 17:00"),  # a deadline falls on closing time
        ("2026-01-01 09:00", 1 * WORKING_DAYS, "2026-01-05 17:00"),  # 2 January was given off …
        ("2026-01-09 16:00", 8 * WORKING_HOURS, "2026-01-10 16:00"),  # … for Saturday the 10th
        ("2026-02-13 16:00", 1 * WORKING_DAYS, "2026-02-23 16:00"),  # Tết
    ],
)
def test_known_deadlines(start: str, length: object, due: str) -> None:
    begin = datetime.fromisoformat(start).replace(tzinfo=ZONE)
    assert office().add(begin, length) == datetime.fromisoformat(due).replace(tzinfo=ZONE)  # type: ignore[arg-type]


def test_a_deadline_years_ahead_costs_no_walk() -> None:
    due = office().add(datetime(2020, 1, 1, tzinfo=UTC), 5_000 * WORKING_DAYS)
    assert office().between(datetime(2020, 1, 1, tzinfo=UTC), due) == 5_000 * 480


def test_what_lies_outside_the_calendars_is_refused() -> None:
    with pytest.raises(OutOfCalendarError):
        office().position(datetime(FIRST_DAY.year - 1, 6, 1, tzinfo=UTC))
    with pytest.raises(OutOfCalendarError):
        office().add(datetime(2050, 12, 30, tzinfo=UTC), 10 * WORKING_DAYS)


@pytest.mark.parametrize("text", ["", "5 days", "five working days", "-1 working day", "5 working daysies"])
def test_lengths_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a length"):
        parse_working_time(text)


def test_lengths_are_read() -> None:
    assert parse_working_time("8 working hours") == 8 * WORKING_HOURS
    assert parse_working_time("1 working day") == 1 * WORKING_DAYS
    assert parse_plain_time("14 days") == timedelta(days=14)
