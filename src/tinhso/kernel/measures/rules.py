"""Folding the events of a case into what the figures count. Pure: the follower and the recount use the same rules."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
"""The zone in which a day begins and ends."""
MINIMUM_COUNT = 5
"""Below this denominator a share says more about single people than about an office, and is held back."""

COUNTS = ("opened", "electronic", "resolved", "closed", "on_time", "ended", "reopened", "rated", "satisfied")


@dataclass(frozen=True)
class Happened:
    """What of an event the figures look at."""

    id: int
    kind: str
    case: int
    at: datetime
    data: Mapping[str, Any]
    unit: int | None = None


@dataclass(frozen=True)
class State:
    """One case as the figures see it. Working times are minutes."""

    last_event: int
    unit: int
    type: str
    root: str
    category: str
    channel: str
    electronic: bool
    opened_at: datetime
    due_at: datetime | None
    answered_after: int | None = None
    closed_at: datetime | None = None
    closed_after: int | None = None
    on_time: bool | None = None
    first_closed_at: datetime | None = None
    reopened_at: datetime | None = None
    rated_at: datetime | None = None
    satisfied: bool | None = None


@dataclass(frozen=True)
class OpenSpell:
    """A time in which a case was open under one unit with one due date."""

    unit: int
    since: datetime
    due_at: datetime | None
    until: datetime | None = None


def fold(state: State | None, event: Happened) -> State | None:
    """The state after *event*; events before the opening, and of kinds that count for nothing, change nothing."""
    data = event.data
    if event.kind == "case.opened":
        return _opened(event)
    if state is None:
        return None
    state = replace(state, last_event=event.id)
    if "due" in data:
        state = replace(state, due_at=_instant(data["due"]))
    if isinstance(data.get("unit"), int):
        state = replace(state, unit=data["unit"])
    if event.kind in {"case.acted", "case.merged"}:
        return _acted(state, event)
    if event.kind == "case.rated" and data.get("satisfaction") is not None:
        return replace(state, rated_at=event.at, satisfied=bool(data.get("satisfied")))
    return state


def _opened(event: Happened) -> State:
    data = event.data
    if event.unit is None:
        raise ValueError(f"event {event.id} opens a case in no unit")
    return State(
        last_event=event.id,
        unit=event.unit,
        type=data["type"],
        root=data["root"],
        category=data["category"],
        channel=data["channel"],
        electronic=bool(data["electronic"]),
        opened_at=event.at,
        due_at=_instant(data.get("due")),
    )


def _acted(state: State, event: Happened) -> State:
    data = event.data
    if state.answered_after is None and data.get("answered_after") is not None:
        state = replace(state, answered_after=int(data["answered_after"]))
    closes = data.get("kind") == "closed"
    if closes and state.closed_at is None:
        return replace(
            state,
            closed_at=event.at,
            closed_after=data.get("closed_after"),
            on_time=state.due_at is None or event.at <= state.due_at,
            first_closed_at=state.first_closed_at or event.at,
        )
    if not closes and "kind" in data and state.closed_at is not None:
        return replace(state, closed_at=None, closed_after=None, on_time=None, reopened_at=event.at)
    return state


def _instant(text: Any) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def day(instant: datetime) -> date:
    """The day of an instant in the province."""
    return instant.astimezone(ZONE).date()


def counts(state: State | None) -> Counter[tuple[date, str]]:
    """What one case adds to the tallies: (day, count) → 1."""
    if state is None:
        return Counter()
    opened = day(state.opened_at)
    found = Counter({(opened, "opened"): 1})
    found[opened, "electronic"] += state.electronic
    if state.closed_at is not None:
        found[opened, "resolved"] += 1
        found[day(state.closed_at), "closed"] += 1
        found[day(state.closed_at), "on_time"] += bool(state.on_time)
    if state.first_closed_at is not None:
        found[day(state.first_closed_at), "ended"] += 1
        found[day(state.first_closed_at), "reopened"] += state.reopened_at is not None
    if state.rated_at is not None:
        found[day(state.rated_at), "rated"] += 1
        found[day(state.rated_at), "satisfied"] += bool(state.satisfied)
    return +found


def next_spell(
    current: OpenSpell | None, state: State | None, at: datetime
) -> tuple[OpenSpell | None, OpenSpell | None]:
    """What becomes of the current spell after *state* was reached: (the spell that ended, the spell now)."""
    wanted = None
    if state is not None and state.closed_at is None:
        wanted = OpenSpell(state.unit, at, state.due_at)
    if current is None:
        return None, wanted
    if wanted is not None and (wanted.unit, wanted.due_at) == (current.unit, current.due_at):
        return None, current
    return replace(current, until=max(at, current.since)), wanted


def replay(events: Iterable[Happened]) -> tuple[State | None, list[OpenSpell]]:
    """The state and all spells of one case, from its events in order."""
    state: State | None = None
    spell: OpenSpell | None = None
    spells: list[OpenSpell] = []
    for event in events:
        state = fold(state, event)
        ended, spell = next_spell(spell, state, event.at)
        if ended:
            spells.append(ended)
    return state, spells + ([spell] if spell else [])


def share(numerator: int, denominator: int) -> float | None:
    """The share, or nothing below the minimum count."""
    return numerator / denominator if denominator >= MINIMUM_COUNT else None
