"""The clocks of a case: pure arithmetic over working calendars. All lengths are working minutes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from tinhso.kernel.worktime.rules import Calendar


class InWaiting(StrEnum):
    """What a waiting stage does to a clock."""

    PAUSE = "pause"
    RESTART = "restart"
    RUN = "run"


@dataclass(frozen=True)
class Clock:
    """The state of one clock.

    `used` minutes had run before `since`; `since` is empty while the clock stands still. `due` is the due date in
    force: it is kept when the clock ends, and empty while it is paused with time left. `first_due` never changes.
    """

    limit: int
    used: int
    since: datetime | None
    due: datetime | None
    first_due: datetime
    done_at: datetime | None = None

    @property
    def running(self) -> bool:
        return self.since is not None

    @property
    def met(self) -> bool | None:
        """Whether it ended by the due date in force; nothing while it has not ended."""
        return None if self.done_at is None else self.due is None or self.done_at <= self.due

    def stored(self) -> dict[str, Any]:
        """As JSON, for the case."""

        def text(value: datetime | None) -> str | None:
            return value.isoformat() if value else None

        return {
            "limit": self.limit,
            "used": self.used,
            "since": text(self.since),
            "due": text(self.due),
            "first_due": text(self.first_due),
            "done_at": text(self.done_at),
        }

    @classmethod
    def read(cls, stored: Mapping[str, Any]) -> "Clock":
        """The inverse of `stored`."""

        def instant(name: str) -> datetime | None:
            return datetime.fromisoformat(stored[name]) if stored[name] else None

        first_due = instant("first_due")
        if first_due is None:
            raise ValueError("a clock has had a due date from its start")
        return cls(stored["limit"], stored["used"], instant("since"), instant("due"), first_due, instant("done_at"))


def start(calendar: Calendar, limit: int, at: datetime) -> Clock:
    """A clock of *limit* working minutes that starts to run."""
    due = calendar.add(at, limit)
    return Clock(limit, 0, at, due, due)


def used(clock: Clock, calendar: Calendar, at: datetime) -> int:
    """Working minutes run by *at*."""
    return clock.used + (max(0, calendar.between(clock.since, at)) if clock.since else 0)


def _stand_still(clock: Clock, minutes: int) -> Clock:
    """With *minutes* used up: a due date that has passed stays, one in the future is open until the clock runs."""
    return replace(clock, used=minutes, since=None, done_at=None, due=clock.due if minutes >= clock.limit else None)


def pause(clock: Clock, calendar: Calendar, at: datetime) -> Clock:
    """Stop counting; also takes a clock that had ended back to standing still."""
    if not clock.running and clock.done_at is None:
        return clock
    return _stand_still(clock, used(clock, calendar, at))


def resume(clock: Clock, calendar: Calendar, at: datetime) -> Clock:
    """Count on with what is left. A clock with nothing left keeps the due date that it missed."""
    if clock.running:
        return clock
    left = clock.limit - clock.used
    return replace(clock, since=at, due=calendar.add(at, left) if left > 0 else clock.due or at, done_at=None)


def restart(clock: Clock, calendar: Calendar, at: datetime) -> Clock:
    """Count from nothing; the first due date is kept."""
    return replace(clock, used=0, since=at, due=calendar.add(at, clock.limit), done_at=None)


def finish(clock: Clock, calendar: Calendar, at: datetime) -> Clock:
    """End the clock. A clock that was paused ends in time unless it was overdue before."""
    if clock.done_at is not None:
        return clock
    return replace(clock, used=used(clock, calendar, at), since=None, done_at=at)


def redate(clock: Clock, calendar: Calendar) -> Clock:
    """Work out the due date again after the calendar changed.

    A date that still lies where the limit ends is left as it is, to the minute: it may have been given by hand. One
    that was missed before the clock last stood still stays missed.
    """
    left = clock.limit - clock.used
    if clock.since is None or left <= 0:
        return clock
    if clock.due is not None and calendar.between(clock.since, clock.due) == left:
        return clock
    return replace(clock, due=calendar.add(clock.since, left))


def extend(clock: Clock, calendar: Calendar, due: datetime) -> Clock:
    """Give a new due date by hand; the limit follows it so that a later pause keeps what is left."""
    if clock.since is None:
        raise ValueError("the clock does not run")
    return replace(clock, limit=clock.used + max(0, calendar.between(clock.since, due)), due=due)


def at_share(clock: Clock, calendar: Calendar, percent: int) -> datetime | None:
    """When *percent* of the limit will have run; nothing while the clock stands still."""
    if clock.since is None:
        return None
    return calendar.add(clock.since, clock.limit * percent // 100 - clock.used)


def move(
    clock: Clock,
    calendar: Calendar,
    at: datetime,
    *,
    ends: bool,
    waiting: bool,
    in_waiting: InWaiting,
    start_again: bool = False,
) -> Clock:
    """The clock after its case moved to a stage that `ends` it, lets it wait, or lets it run.

    Leaving a stage that ended it runs it on with what was left, or from nothing with `start_again`.
    """
    if ends:
        return finish(clock, calendar, at)
    if waiting and in_waiting is not InWaiting.RUN:
        return pause(clock, calendar, at)
    if start_again or (not clock.running and clock.done_at is None and in_waiting is InWaiting.RESTART):
        return restart(clock, calendar, at)
    return resume(clock, calendar, at)
