"""What every case allows whatever its type: assign, take, push up, merge, comment, attach, redate."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from uuid import UUID

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.actions.routing import give_to, hand_up, known_office
from tinhso.kernel.cases.actions.writing import HiddenError, Writing, writing
from tinhso.kernel.cases.catalogue import FieldEntry
from tinhso.kernel.cases.models import Case, StageKind
from tinhso.kernel.cases.notifying import raiser_messages
from tinhso.kernel.cases.rules import clocks as clock_rules
from tinhso.kernel.cases.rules import workflow
from tinhso.kernel.cases.rules.inputs import InvalidInputError, check
from tinhso.kernel.cases.rules.parties import SYSTEM, Actor, sees
from tinhso.kernel.cases.rules.routing import focal_point
from tinhso.kernel.cases.rules.workflow import Refusal, RefusedError
from tinhso.kernel.catalogue import Words
from tinhso.kernel.files.actions import attach_to
from tinhso.kernel.people.models import Membership, Person
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import UnknownUnitError, directory
from tinhso.kernel.worktime.rules import OutOfCalendarError

LONGEST_REASON = 1_000
_REASON = FieldEntry(title=Words(vi="Lý do", en="Reason"), text=LONGEST_REASON, required=True)


def _reason(change: Writing, text: str, name: str = "reason") -> str:
    return str(check({name: _REASON}, {name: text}, change.type)[name])


def _still_open(change: Writing) -> None:
    if change.case.stage_kind == StageKind.CLOSED:
        raise RefusedError(Refusal.WRONG_STAGE)


def take(
    key: int,
    *,
    actor: Actor,
    seen_version: int | None = None,
    at: datetime | None = None,
    command_key: str | None = None,
) -> Case:
    """Whoever acts becomes the handler. Raises HiddenError, RefusedError, ConflictError."""
    with writing(key, actor, seen_version=seen_version, at=at, command_key=command_key) as change:
        change.require(change.type.rights.take)
        _still_open(change)
        change.set(handler_id=actor.person)
        change.happened(
            "case.assigned", {"handler": actor.person, "unit": change.case.lead_id}, command_key=command_key
        )
    return change.case


def assign(
    key: int,
    *,
    actor: Actor,
    lead: str | None = None,
    handler: int | None = None,
    supporting: Sequence[str] | None = None,
    seen_version: int | None = None,
    at: datetime | None = None,
    command_key: str | None = None,
) -> Case:
    """Set the lead unit, the supporting units (codes) and the handler (a person's key); what is None stays.

    Raises HiddenError, RefusedError, InvalidInputError, ConflictError.
    """
    with writing(key, actor, seen_version=seen_version, at=at, command_key=command_key) as change:
        change.require(change.type.rights.assign)
        _still_open(change)
        if lead is not None:
            give_to(change, known_office(change, lead, "lead"))
        if supporting is not None:
            keys = [known_office(change, code, "supporting").pk for code in supporting]
            keys = [unit for unit in dict.fromkeys(keys) if unit != change.case.lead_id]
            change.set(supporting=keys, units=sorted({change.case.lead_id, *keys, *change.case.following}))
        if handler is not None:
            change.set(handler=_colleague(handler, change.case.lead, timezone.localdate(change.at)))
        change.happened(
            "case.assigned",
            {
                "unit": change.case.lead_id,
                "supporting": change.case.supporting,
                "handler": change.case.handler_id,
            },
            command_key=command_key,
        )
    return change.case


def _colleague(person: int, unit: Unit, day: object) -> Person:
    held = Membership.objects.filter(person_id=person, unit=unit, person__is_active=True)
    found = held.as_of(day).select_related("person").first()  # type: ignore[arg-type]
    if found is None:
        raise InvalidInputError({"handler": _("This person does not work in the lead unit. Choose another one.")})
    return found.person


def push_up(
    key: int,
    reason: str,
    *,
    actor: Actor,
    seen_version: int | None = None,
    at: datetime | None = None,
    command_key: str | None = None,
) -> Case:
    """Hand an open case to the focal point of its field at the level above, else to the unit above.

    The unit that pushes keeps following, and sees the answer. Raises HiddenError, RefusedError (no unit above),
    InvalidInputError, ConflictError.
    """
    with writing(key, actor, seen_version=seen_version, at=at, command_key=command_key) as change:
        change.require(change.type.rights.push_up)
        _still_open(change)
        text = _reason(change, reason)
        target = unit_above(change)
        if target is None:
            raise RefusedError(Refusal.NO_UNIT_ABOVE)
        data = hand_up(change, target)
        data["words"] = change.words("reason", text, public=True, personal=False)
        change.happened("case.pushed_up", data, command_key=command_key)
    return change.case


def unit_above(change: Writing) -> Unit | None:
    """Where a push-up leads: the focal point of the case's field if it lies above, else the unit above the lead."""
    lead, day = change.case.lead, timezone.localdate(change.at)
    routing = queries.routing_of(change.case.root)
    for key in lead.path:
        code = focal_point(routing, directory().by_key[key].code, change.case.category) if routing else None
        if code:
            try:
                focal = directory().unit(code, day)
            except UnknownUnitError:
                continue  # a reform made the rule stale; the unit above still stands
            if focal.pk not in lead.path and focal.pk not in change.case.following:
                return focal
    return directory().in_force(directory().by_key[lead.parent_id], day) if lead.parent_id else None


@contextmanager
def _locked(*keys: int) -> Iterator[None]:
    """Both cases of a merge, always in the same order: two merges crosswise wait for each other, not for ever."""
    list(Case.objects.select_for_update().filter(pk__in=keys).order_by("pk").values_list("pk", flat=True))
    yield


def merge(
    key: int,
    into: int,
    *,
    actor: Actor,
    seen_version: int | None = None,
    at: datetime | None = None,
    command_key: str | None = None,
) -> Case:
    """Close a duplicate by tying it to the case *into*; its raiser is told where it goes on.

    Raises HiddenError (for either case), RefusedError, ConflictError.
    """
    with (
        transaction.atomic(),
        _locked(key, into),
        writing(key, actor, seen_version=seen_version, at=at, command_key=command_key) as change,
    ):
        change.require(change.type.rights.merge)
        _still_open(change)
        target = Case.objects.select_related("lead").filter(pk=into).first()
        if target is None or not (actor.system or sees(actor.scope, queries.standing_of(target))):
            raise HiddenError(into)
        if target.pk == key or target.merged_into_id or target.root != change.case.root:
            raise RefusedError(Refusal.SAME_CASE)
        if target.stage_kind == StageKind.CLOSED:
            raise RefusedError(Refusal.TARGET_CLOSED)
        stage = change.type.closing_stage
        clocks = workflow.moved_clocks(change.type, change.clocks(), change.calendar, stage, change.at)
        change.set(merged_into=target, stage=stage, stage_kind=StageKind.CLOSED, closed_at=change.at)
        change.set_clocks(clocks)
        change.happened(
            "case.merged",
            {
                "into": target.pk,
                "into_number": target.number,
                "to": stage,
                "kind": StageKind.CLOSED.value,
                "closed_after": change.calendar.between(change.case.opened_at, change.at),
            },
            command_key=command_key,
        )
        change.messages += raiser_messages(change.case, change.type, "merged", {"reason": target.number})
    return change.case


def comment(key: int, text: str, *, actor: Actor, at: datetime | None = None, command_key: str | None = None) -> Case:
    """A note among colleagues; it changes nothing else. Raises HiddenError, RefusedError, InvalidInputError."""
    with writing(key, actor, at=at, command_key=command_key) as change:
        change.require(change.type.rights.comment)
        words = change.words("note", _reason(change, text, "note"), public=False, personal=True)
        change.happened("case.commented", {"words": words}, command_key=command_key)
    return change.case


def attach(
    key: int, files: Sequence[UUID], *, actor: Actor, at: datetime | None = None, command_key: str | None = None
) -> Case:
    """Put uploaded files with the case; a repeated command attaches once.

    Raises HiddenError, RefusedError, UploadRefusedError, CommandRepeatedError.
    """
    with writing(key, actor, at=at, command_key=command_key) as change:
        if not actor.raised(change.standing):
            change.require(change.type.rights.attach)
        attach_to(files, "case", key, None, public=False)
        change.happened("case.attached", {"files": [str(file) for file in files]}, command_key=command_key)
    return change.case


def redate(
    key: int,
    due: datetime,
    reason: str,
    *,
    actor: Actor,
    seen_version: int | None = None,
    at: datetime | None = None,
    command_key: str | None = None,
) -> Case:
    """Give the main clock a new due date; the first one is kept for ever.

    Raises HiddenError, RefusedError (the clock stands), InvalidInputError, ConflictError.
    """
    with writing(key, actor, seen_version=seen_version, at=at, command_key=command_key) as change:
        change.require(change.type.rights.redate)
        _still_open(change)
        text = _reason(change, reason)
        try:
            due = due.astimezone(UTC)
        except OverflowError as error:
            raise InvalidInputError({"due": _("The new due date lies too far ahead.")}) from error
        if due <= change.at:
            raise InvalidInputError({"due": _("The new due date must lie in the future.")})
        clocks, name = change.clocks(), change.type.main_clock
        if name is None or not clocks[name].running:
            raise RefusedError(Refusal.CLOCK_STANDS)
        was = change.case.due_at
        try:
            clocks[name] = clock_rules.extend(clocks[name], change.calendar, due)
        except OutOfCalendarError as error:
            raise InvalidInputError({"due": _("The new due date lies too far ahead.")}) from error
        change.set_clocks(clocks)
        words = change.words("reason", text, public=True, personal=False)
        change.happened(
            "case.redated", {"was": was.isoformat() if was else None, "words": words}, command_key=command_key
        )
    return change.case


def redate_open(calendar: str, reason: str) -> int:
    """Work out the due dates of open cases again after *calendar* changed; returns how many moved.

    One transaction a case, so that nobody waits; a second run finds what a broken-off one left.
    """
    moved = 0
    open_cases = Case.objects.open().filter(due_at__isnull=False).order_by("pk")
    for key in list(open_cases.values_list("pk", flat=True)):
        with writing(key, SYSTEM) as change:
            if change.type.calendar != calendar:
                continue
            was = change.case.due_at
            clocks = {name: clock_rules.redate(clock, change.calendar) for name, clock in change.clocks().items()}
            if all(clock == clocks[name] for name, clock in change.clocks().items()):
                continue
            change.set_clocks(clocks)
            change.happened(
                "case.redated", {"was": was.isoformat() if was else None, "calendar": calendar, "why": reason}
            )
            moved += 1
    return moved
