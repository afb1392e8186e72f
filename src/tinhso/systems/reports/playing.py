"""Playing stories of reports through the case engine, each step at its own time.

What is played is told step by step in files of `catalog/demo`; every step is carried out by the same actions that the
pages call, so that a figure over played reports was counted like any other. Each step has a command key: what was
played is never played twice, and a playing that was broken off goes on where it stopped.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any

from django.db import transaction
from pydantic import BeforeValidator, Json, ValidationError

from tinhso.kernel.cases import actions
from tinhso.kernel.cases.actions import Opening
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.catalogue import CatalogueError, Entry, Finding, Words, read
from tinhso.kernel.journal.models import Event
from tinhso.kernel.units.models import Unit

STEPS_AT_ONCE = 100
"""Steps in one transaction: a commit for each would take longer than the steps themselves."""
RAISER = Actor(holds_secret=True)

Cast = Callable[[str, Unit, datetime], Actor]
"""Who acts: from the role in a step, the case's lead unit at that moment, and the time."""
Progress = Callable[[int, int], None]
"""Is told how many steps are done, of how many."""


@dataclass(frozen=True)
class Step:
    """One thing that happens to a report: an action of its type, or `assign`, `take`, `push-up`, `merge`, `comment`,
    `rate`. `by` is `raiser` or a role that the cast knows."""

    at: datetime
    do: str
    by: str
    typed: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Story:
    """One report from its opening on. `opening` is called only when the report is opened now."""

    key: str
    at: datetime
    opening: Callable[[], Opening]
    steps: Sequence[Step] = ()


@dataclass(frozen=True, order=True)
class _Moment:
    """A step of a story in the order of all; step 0 is the opening."""

    at: datetime
    story: int
    step: int


class _Play:
    """The reports that are under way, by the key of their story."""

    def __init__(self, cast: Cast, cases: dict[str, Case]) -> None:
        self.cast = cast
        self.cases = cases

    def carry_out(self, story: Story, number: int) -> None:
        """The step *number* of *story*; 0 opens it."""
        command_key = _key(story, number)
        if number == 0:
            opening = replace(story.opening(), at=story.at, command_key=command_key)
            self.cases[story.key] = actions.open_case(opening)
            return
        step = story.steps[number - 1]
        case = self.cases[story.key]
        actor = RAISER if step.by == "raiser" else self.cast(step.by, case.lead, step.at)
        self.cases[story.key] = self._do(case, step, actor, command_key)

    def escalate(self, until: datetime) -> None:
        """Every step of escalation that falls due by *until*, at its own time, as the worker would have done it."""
        while due := {key: it for key, it in self.cases.items() if it.alarm_at and it.alarm_at <= until}:
            actions.escalate_due(min(it.alarm_at for it in due.values() if it.alarm_at))
            fresh = Case.objects.select_related("lead").in_bulk([it.pk for it in due.values()])
            self.cases |= {key: fresh[it.pk] for key, it in due.items()}

    def _do(self, case: Case, step: Step, actor: Actor, key: str) -> Case:
        typed = dict(step.typed)
        match step.do:
            case "rate":
                return actions.rate(case.pk, actor=actor, at=step.at, command_key=key, **typed)
            case "push-up":
                return actions.push_up(case.pk, actor=actor, at=step.at, command_key=key, **typed)
            case "comment":
                return actions.comment(case.pk, actor=actor, at=step.at, command_key=key, **typed)
            case "take":
                return actions.take(case.pk, actor=actor, at=step.at, command_key=key)
            case "merge":
                into = self.cases[typed["into"]].pk
                return actions.merge(case.pk, into, actor=actor, at=step.at, command_key=key)
            case "assign":
                if "handler" in typed:
                    typed["handler"] = self.cast(typed["handler"], case.lead, step.at).person
                return actions.assign(case.pk, actor=actor, at=step.at, command_key=key, **typed)
            case _:
                return actions.act(case.pk, step.do, typed, actor=actor, at=step.at, command_key=key)


def play(stories: Sequence[Story], cast: Cast, *, until: datetime, progress: Progress | None = None) -> int:
    """Carry out every step that was not carried out before, in the order of time over all stories.

    Escalation runs on the way at its own times, to *until*. Returns the number of steps carried out. Raises what the
    actions raise, when a story does what the engine refuses.
    """
    moments = sorted(
        _Moment(at, n, step)
        for n, story in enumerate(stories)
        for step, at in enumerate([story.at, *(step.at for step in story.steps)])
    )
    done = _carried_out(stories)
    waiting = [it for it in moments if _key(stories[it.story], it.step) not in done]
    if not waiting:
        return 0
    opened = Case.objects.select_related("lead").in_bulk(set(done.values()))
    scene = _Play(cast, {it.key: opened[done[_key(it, 0)]] for it in stories if _key(it, 0) in done})
    for start in range(0, len(waiting), STEPS_AT_ONCE):
        with transaction.atomic():
            for it in waiting[start : start + STEPS_AT_ONCE]:
                scene.escalate(it.at)
                scene.carry_out(stories[it.story], it.step)
        if progress:
            progress(min(start + STEPS_AT_ONCE, len(waiting)), len(waiting))
    with transaction.atomic():
        scene.escalate(until)
    return len(waiting)


def _key(story: Story, step: int) -> str:
    return f"{story.key}:{step}"


def _carried_out(stories: Iterable[Story]) -> dict[str, int]:
    """The case of each step that was carried out, by command key; one statement."""
    keys = [_key(story, step) for story in stories for step in range(len(story.steps) + 1)]
    return {str(it.command_key): it.subject_id for it in Event.objects.filter(command_key__in=keys)}


class StepEntry(Entry):
    """A step as files tell it, at an absolute time."""

    at: datetime
    do: str
    by: str
    typed: dict[str, Any] = {}


class SourceEntry(Entry):
    """Where a past is reported."""

    file: str
    line: int
    facts: list[str]


class PastEntry(Entry):
    """A past that is played: `unit` is the office on top, `rows` the file with one report a row."""

    unit: str
    type: str
    from_: date
    to: date
    rows: str
    note: Words
    source: SourceEntry


def _empty_is_none(value: object) -> object:
    return None if value == "" else value


Moment = Annotated[datetime | None, BeforeValidator(_empty_is_none)]


class PastRow(Entry):
    """One row of a past. What has its own columns happens once; everything else is in `steps`."""

    n: int
    opened_at: datetime
    category: str
    commune: str
    lat: float
    lon: float
    channel: str
    text: str
    accepted_at: Moment
    handled_by: str
    steps: Annotated[Json[list[StepEntry]], BeforeValidator(lambda text: text or "[]")]
    closed_at: Moment
    outcome: str
    answer: str
    rated_at: Moment
    solved: str
    satisfaction: Annotated[int | None, BeforeValidator(_empty_is_none)]
    comment: str

    def told(self) -> Iterator[Step]:
        """What happened after the opening, in no order."""
        if self.accepted_at:
            yield Step(self.accepted_at, "accept", self.handled_by)
        if self.closed_at:
            closing = {"outcome": self.outcome, "answer": self.answer}
            yield Step(self.closed_at, "close", self.handled_by, closing)
        if self.rated_at:
            rating = {"solved": self.solved, "satisfaction": self.satisfaction, "comment": self.comment}
            yield Step(self.rated_at, "rate", "raiser", rating)
        for step in self.steps:
            yield Step(step.at, step.do, step.by, step.typed)


@dataclass(frozen=True)
class Past:
    """A past, read."""

    name: str
    header: PastEntry
    rows: list[PastRow]

    def stories(self) -> list[Story]:
        """The reports as they can be played."""
        return [self._story(row) for row in self.rows]

    def _story(self, row: PastRow) -> Story:
        typed = {
            "category": row.category,
            "text": row.text,
            "place": {"lat": row.lat, "lon": row.lon, "commune": row.commune},
        }
        opening = Opening(type=self.header.type, typed=typed, channel=row.channel, within=self.header.unit)
        steps = sorted(row.told(), key=lambda step: step.at)
        return Story(f"demo:{self.name}:{row.n}", row.opened_at, lambda: opening, steps)


def read_past(path: Path) -> Past:
    """The past that the YAML file *path* describes, with its rows. Raises CatalogueError."""
    header = read(path, PastEntry, path.parents[1])
    rows, findings = [], []
    with path.with_name(header.rows).open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        for raw in reader:
            try:
                rows.append(PastRow.model_validate(raw))
            except ValidationError as error:
                findings.append(Finding(header.rows, reader.line_num, str(error.errors()[0]["msg"])))
    if findings:
        raise CatalogueError(findings)
    return Past(path.stem, header, rows)
