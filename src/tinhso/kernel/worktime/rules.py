"""The arithmetic of working time: exact to the minute, logarithmic in the span.

A calendar lays all its working minutes on one line. An instant has a position on it (the working minutes
that lie before it); a deadline is the first instant that has a given position.
"""

import re
from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import accumulate
from zoneinfo import ZoneInfo

MINUTES_OF_A_DAY = 24 * 60
FIRST_DAY = date(2000, 1, 1)
LAST_DAY = date(2050, 12, 31)

Span = tuple[int, int]
"""Minutes of the day from opening to closing, e.g. `(450, 690)` for 07:30–11:30."""


class OutOfCalendarError(ValueError):
    """An instant before the first or after the last day that calendars cover."""


@dataclass(frozen=True)
class WorkingTime:
    """A length in working days and working minutes; a calendar turns days into minutes."""

    days: int = 0
    minutes: int = 0

    def __rmul__(self, times: int) -> "WorkingTime":
        return WorkingTime(times * self.days, times * self.minutes)

    def __add__(self, other: "WorkingTime") -> "WorkingTime":
        return WorkingTime(self.days + other.days, self.minutes + other.minutes)


WORKING_DAYS = WorkingTime(days=1)
WORKING_HOURS = WorkingTime(minutes=60)
WORKING_MINUTES = WorkingTime(minutes=1)

_LENGTH = re.compile(r"(\d{1,5}) working (day|hour|minute)s?")
_UNITS = {"day": WORKING_DAYS, "hour": WORKING_HOURS, "minute": WORKING_MINUTES}
_PLAIN_LENGTH = re.compile(r"(\d{1,4}) (minute|hour|day|month|year)s?")


def parse_working_time(text: str) -> WorkingTime:
    """Read `8 working hours` or `5 working days`. Raises ValueError."""
    match = _LENGTH.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a length such as '8 working hours' or '5 working days'")
    return int(match[1]) * _UNITS[match[2]]


def parse_plain_time(text: str) -> timedelta:
    """Read `14 days` or `24 months` of the ordinary calendar (a month is 30 days, a year 365). Raises ValueError."""
    match = _PLAIN_LENGTH.fullmatch(text.strip())
    if not match:
        raise ValueError(f"{text!r} is not a length such as '14 days' or '24 months'")
    minutes = {"minute": 1, "hour": 60, "day": 1440, "month": 30 * 1440, "year": 365 * 1440}[match[2]]
    return timedelta(minutes=int(match[1]) * minutes)


@dataclass(frozen=True)
class Calendar:
    """Weekly hours with the days that differ from them.

    `week[0]` is Monday. `exceptions` gives the whole truth about a day: no spans for a day off, spans for a
    make-up Saturday. `day_minutes` is what one working day counts.
    """

    name: str
    zone: ZoneInfo
    week: tuple[tuple[Span, ...], ...]
    exceptions: Mapping[date, tuple[Span, ...]]
    day_minutes: int

    def spans(self, day: date) -> tuple[Span, ...]:
        """When *day* is worked, in minutes of the day."""
        return self.exceptions.get(day, self.week[day.weekday()])

    @cached_property
    def _before(self) -> list[int]:
        """Working minutes before each day from FIRST_DAY on; one entry more than there are days."""
        days = ((FIRST_DAY + timedelta(days=i)) for i in range((LAST_DAY - FIRST_DAY).days + 1))
        return list(accumulate((sum(end - start for start, end in self.spans(day)) for day in days), initial=0))

    def minutes(self, length: WorkingTime) -> int:
        """Working minutes in *length*."""
        return length.days * self.day_minutes + length.minutes

    def position(self, instant: datetime) -> int:
        """Working minutes from FIRST_DAY to *instant* (aware). Raises OutOfCalendarError."""
        try:
            local = instant.astimezone(self.zone)
        except OverflowError as error:
            raise OutOfCalendarError(f"calendars cover {FIRST_DAY} to {LAST_DAY}") from error
        index = (local.date() - FIRST_DAY).days
        if not 0 <= index < len(self._before) - 1:
            raise OutOfCalendarError(f"calendars cover {FIRST_DAY} to {LAST_DAY}, not {local.date()}")
        now = local.hour * 60 + local.minute
        return self._before[index] + sum(
            min(now, end) - start for start, end in self.spans(local.date()) if start < now
        )

    def between(self, start: datetime, end: datetime) -> int:
        """Working minutes from *start* to *end*; negative when *end* is earlier."""
        return self.position(end) - self.position(start)

    def is_open(self, instant: datetime) -> bool:
        """Whether *instant* lies in working time."""
        local = instant.astimezone(self.zone)
        now = local.hour * 60 + local.minute
        return any(start <= now < end for start, end in self.spans(local.date()))

    def add(self, start: datetime, length: WorkingTime | int) -> datetime:
        """The first instant by which *length* (or so many working minutes) has been worked since *start*.

        A deadline falls on a closing time rather than on the next opening. Nothing to work gives *start*
        to the minute. Raises OutOfCalendarError.
        """
        minutes = length if isinstance(length, int) else self.minutes(length)
        if minutes <= 0:
            return start.astimezone(UTC).replace(second=0, microsecond=0)
        wanted = self.position(start) + minutes
        index = bisect_left(self._before, wanted) - 1
        if index >= len(self._before) - 1:
            raise OutOfCalendarError(f"the deadline lies after {LAST_DAY}")
        day, left = FIRST_DAY + timedelta(days=index), wanted - self._before[index]
        for opening, closing in self.spans(day):
            if left <= closing - opening:
                local = datetime.combine(day, time(), self.zone) + timedelta(minutes=opening + left)
                return local.astimezone(UTC)
            left -= closing - opening
        raise AssertionError("a day shorter than its own sum")
