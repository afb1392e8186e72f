"""What a person can do with a case now: the actions of its type, and what every case allows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.actions.handling import unit_above
from tinhso.kernel.cases.actions.writing import Writing
from tinhso.kernel.cases.catalogue import ActionEntry, CaseType
from tinhso.kernel.cases.models import Case, StageKind
from tinhso.kernel.cases.presenting.words import said
from tinhso.kernel.cases.rules import workflow
from tinhso.kernel.cases.rules.clocks import Clock
from tinhso.kernel.cases.rules.parties import Actor, Standing, is_one_of
from tinhso.kernel.cases.rules.workflow import Refusal
from tinhso.kernel.people.rules import Scope
from tinhso.kernel.units.models import Unit

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise

_TAKEN_KEYS = set("jk")
"""Letters that move in lists."""


class Step(StrEnum):
    """What every case allows whatever its type, as the desk's addresses name it."""

    TAKE = "take"
    ASSIGN = "assign"
    PUSH_UP = "push-up"
    MERGE = "merge"
    REDATE = "redate"
    COMMENT = "comment"
    ATTACH = "attach"

    @property
    def right(self) -> str:
        """The name of the right in the type's `rights`."""
        return self.value.replace("-", "_")


STEPS: Mapping[Step, tuple["Sentence", str]] = {
    Step.TAKE: (_("Take it on"), "hand-stop"),
    Step.ASSIGN: (_("Assign"), "user-check"),
    Step.PUSH_UP: (_("Push up"), "arrow-big-up-lines"),
    Step.MERGE: (_("Merge"), "git-merge"),
    Step.REDATE: (_("New due date"), "calendar-due"),
    Step.COMMENT: (_("Write a note"), "message"),
    Step.ATTACH: (_("Add files"), "paperclip"),
}


@dataclass(frozen=True)
class Doing:
    """A button on the page of a case. `asks` says that it opens a form; without it, it is done at once."""

    name: str
    title: "Sentence"
    icon: str
    url: str
    letter: str
    asks: bool
    main: bool
    key: UUID = field(default_factory=uuid4)
    """Pressing the same button twice does it once."""


@dataclass(frozen=True)
class Bearing:
    """A case as somebody who may act on it stands to it now."""

    case: Case
    type: CaseType
    actor: Actor
    standing: Standing
    at: datetime

    @classmethod
    def of(cls, case: Case, scope: Scope, at: datetime) -> "Bearing":
        """*case* (with its lead unit and type version) before the person of *scope*."""
        return cls(case, case.type_version.parsed, Actor(scope), queries.standing_of(case), at)

    @property
    def clock(self) -> Clock | None:
        """The main clock."""
        stored = self.case.clocks.get(self.type.main_clock or "")
        return Clock.read(stored) if stored else None

    def above(self) -> Unit | None:
        """Where a push-up would lead."""
        calendar = queries.calendar_of(self.type)
        return unit_above(Writing(self.case, self.type, calendar, self.actor, self.at, self.standing))

    def refusal_of(self, name: str) -> Refusal | None:
        """Why the action *name* of the type would be refused now."""
        course = queries.course_of(self.case)
        return workflow.refusal(self.type, name, course, self.standing, self.actor, self.at)

    def refusal_of_step(self, step: Step) -> Refusal | None:
        """Why *step* would be refused now, by the same rules as `actions.handling`."""
        phrases = list(getattr(self.type.rights, step.right))
        raised = step is Step.ATTACH and self.actor.raised(self.standing)
        if not raised and not is_one_of(self.actor, self.type.parties(phrases), self.standing):
            return Refusal.NOT_YOURS
        if step in {Step.COMMENT, Step.ATTACH}:
            return None
        if self.case.stage_kind == StageKind.CLOSED:
            return Refusal.WRONG_STAGE
        if step is Step.PUSH_UP and self.above() is None:
            return Refusal.NO_UNIT_ABOVE
        if step is Step.REDATE and not (self.clock and self.clock.running):
            return Refusal.CLOCK_STANDS
        return None


def doings(bearing: Bearing) -> tuple[list[Doing], list[Doing]]:
    """The buttons for the type's actions, and those for what every case allows; none that would be refused."""
    actions = [name for name in bearing.type.actions if bearing.refusal_of(name) is None]
    steps = [step for step in Step if bearing.refusal_of_step(step) is None]
    if bearing.case.handler_id == bearing.actor.person and Step.TAKE in steps:
        steps.remove(Step.TAKE)  # allowed, and to no purpose
    letters = letters_for([*actions, *steps])
    number = bearing.case.number
    return (
        [
            _of_action(name, bearing.type, number, letters[name], main=index == _main(actions, bearing.type))
            for index, name in enumerate(actions)
        ],
        [
            Doing(
                name=step.value,
                title=STEPS[step][0],
                icon=STEPS[step][1],
                url=reverse("desk:handle", args=[number, step.value]),
                letter=letters[step.value],
                asks=step is not Step.TAKE,
                main=False,
            )
            for step in steps
        ],
    )


def _of_action(name: str, case_type: CaseType, number: str, letter: str, *, main: bool) -> Doing:
    action = case_type.actions[name]
    return Doing(
        name=name,
        title=said(action.title),
        icon=icon_of_action(action, case_type),
        url=reverse("desk:act", args=[number, name]),
        letter=letter,
        asks=bool(action.needs or action.may),
        main=main,
    )


def _main(actions: Sequence[str], case_type: CaseType) -> int:
    """The place of the action that brings the case nearest to its end: what the big button is for."""
    stages = list(case_type.stages)
    ahead = [stages.index(case_type.actions[name].to or stages[0]) for name in actions]
    ahead = [
        place if case_type.stages[stages[place]].kind != "waiting" else -1 for place in ahead
    ]  # asking back is no progress
    return ahead.index(max(ahead)) if ahead else 0


def icon_of_action(action: ActionEntry, case_type: CaseType) -> str:
    """An icon for what an action does."""
    if action.then == "route":
        return "arrow-forward-up"
    kind = case_type.stages[action.to].kind if action.to else "open"
    return {"closed": "circle-check", "waiting": "help-circle"}.get(kind, "player-play")


def letters_for(names: Iterable[str]) -> dict[str, str]:
    """A key for each name: its first letter that is still free, else any free one, else none."""
    free = set("abcdefghijklmnopqrstuvwxyz") - _TAKEN_KEYS
    letters = {}
    for name in names:
        letter = next((sign for sign in name if sign in free), min(free, default=""))
        free.discard(letter)
        letters[name] = letter
    return letters
