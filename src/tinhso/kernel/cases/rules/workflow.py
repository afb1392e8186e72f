"""What may be done with a case, and what its clocks do when it moves."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from tinhso.kernel.cases.rules import clocks as clock_rules
from tinhso.kernel.cases.rules.clocks import Clock
from tinhso.kernel.cases.rules.parties import Actor, Standing, is_one_of
from tinhso.kernel.worktime.rules import Calendar, parse_plain_time

if TYPE_CHECKING:
    from tinhso.kernel.cases.catalogue import ActionEntry, CaseType


class Refusal(StrEnum):
    """Why an action is refused."""

    UNKNOWN_ACTION = "unknown-action"
    WRONG_STAGE = "wrong-stage"
    NOT_YOURS = "not-yours"
    ONLY_ONCE = "only-once"
    TOO_LATE = "too-late"
    CHANGED_MEANWHILE = "changed-meanwhile"
    NO_UNIT_ABOVE = "no-unit-above"
    NOT_RATEABLE = "not-rateable"
    SAME_CASE = "same-case"
    TARGET_CLOSED = "target-closed"
    CLOCK_STANDS = "clock-stands"


class RefusedError(Exception):
    """An action that a rule forbids; `reason` says which."""

    def __init__(self, reason: Refusal) -> None:
        super().__init__(reason.value)
        self.reason = reason


@dataclass(frozen=True)
class Course:
    """How far a case has come: what workflow rules look at."""

    stage: str
    closed_at: datetime | None = None
    reopened: int = 0
    rated_at: datetime | None = None
    merged: bool = False


def refusal(
    case_type: "CaseType", name: str, course: Course, standing: Standing, actor: Actor, at: datetime
) -> Refusal | None:
    """Why *actor* may not do the action *name* at *at*, or nothing when it may be done."""
    action = case_type.actions.get(name)
    if action is None:
        return Refusal.UNKNOWN_ACTION
    if not is_one_of(actor, case_type.parties(action.by), standing):
        return Refusal.NOT_YOURS
    if course.stage not in action.from_ or course.merged:
        return Refusal.WRONG_STAGE
    if action.once and course.reopened and _reopens(case_type, action):
        return Refusal.ONLY_ONCE
    if action.within and course.closed_at and at > course.closed_at + parse_plain_time(action.within):
        return Refusal.TOO_LATE
    return None


def allowed_actions(
    case_type: "CaseType", course: Course, standing: Standing, actor: Actor, at: datetime
) -> list[str]:
    """The actions that *actor* may do now, in the order of the type."""
    return [name for name in case_type.actions if refusal(case_type, name, course, standing, actor, at) is None]


def _reopens(case_type: "CaseType", action: "ActionEntry") -> bool:
    return bool(action.to) and all(case_type.stages[stage].kind == "closed" for stage in action.from_)


def may_rate(case_type: "CaseType", course: Course, at: datetime) -> bool:
    """Whether the raiser may still say whether it is solved: once after each closing, within the type's time."""
    if case_type.rating is None or course.closed_at is None or course.merged:
        return False
    fresh = course.rated_at is None or course.rated_at < course.closed_at
    return fresh and at <= course.closed_at + parse_plain_time(case_type.rating.within)


def started_clocks(case_type: "CaseType", category: str, calendar: Calendar, at: datetime) -> dict[str, Clock]:
    """The clocks of a case that is opened at *at*."""
    return {
        name: clock_rules.start(calendar, calendar.minutes(case_type.limit(name, category)), at)
        for name in case_type.clocks
    }


def moved_clocks(
    case_type: "CaseType",
    clocks: Mapping[str, Clock],
    calendar: Calendar,
    to: str,
    at: datetime,
    start_again: frozenset[str] = frozenset(),
) -> dict[str, Clock]:
    """The clocks after a move to the stage *to* at *at*."""
    return {
        name: clock_rules.move(
            clock,
            calendar,
            at,
            ends=to in case_type.clocks[name].until,
            waiting=case_type.stages[to].kind == "waiting",
            in_waiting=case_type.clocks[name].in_waiting,
            start_again=name in start_again,
        )
        for name, clock in clocks.items()
    }


def alarms_passed(case_type: "CaseType", clock: Clock, calendar: Calendar, at: datetime) -> int:
    """How many steps of the type's escalation lie before *at* on a running clock."""
    alarms = (next_alarm(case_type, clock, calendar, done) for done in range(len(case_type.escalation)))
    return sum(alarm is not None and alarm <= at for alarm in alarms)


def next_alarm(case_type: "CaseType", clock: Clock | None, calendar: Calendar, done: int) -> datetime | None:
    """When the next step of the type's escalation is due, after *done* steps; nothing while the clock stands."""
    if clock is None or clock.since is None or done >= len(case_type.escalation):
        return None
    step = case_type.escalation[done]
    at = clock_rules.at_share(clock, calendar, step.percent)
    extra = calendar.minutes(step.extra)
    return calendar.add(at, extra) if at and extra else at
