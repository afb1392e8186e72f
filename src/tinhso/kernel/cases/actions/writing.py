"""What every writer of a case has in common: lock, check, change, clocks, journal, words, notices, in that order."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.catalogue import CaseType
from tinhso.kernel.cases.models import Case, Remark
from tinhso.kernel.cases.rules import workflow
from tinhso.kernel.cases.rules.clocks import Clock
from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.cases.rules.parties import Actor, Standing, is_one_of, sees
from tinhso.kernel.cases.rules.workflow import Refusal, RefusedError
from tinhso.kernel.files.rules import UploadRefusedError
from tinhso.kernel.journal.actions import CommandRepeatedError, Happening, digest, record
from tinhso.kernel.journal.models import Event
from tinhso.kernel.notices.actions import Message, tell
from tinhso.kernel.worktime.rules import Calendar


class ConflictError(Exception):
    """The case was changed since the actor saw it; `case` is as it is now, `seen_version` what the actor saw."""

    def __init__(self, case: Case, seen_version: int) -> None:
        super().__init__(f"{case.number} is at version {case.version}, seen was {seen_version}")
        self.case = case
        self.seen_version = seen_version


class HiddenError(LookupError):
    """There is no such case for this actor."""


@dataclass
class Writing:
    """One change of one locked case, under way."""

    case: Case
    type: CaseType
    calendar: Calendar
    actor: Actor
    at: datetime
    standing: Standing
    changed: set[str] = field(default_factory=set)
    happenings: list[Happening] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def set(self, **values: Any) -> None:
        """Give the case new values."""
        for name, value in values.items():
            setattr(self.case, name, value)
            self.changed.add(name)

    def clocks(self) -> dict[str, Clock]:
        """The case's clocks as values."""
        return {name: Clock.read(stored) for name, stored in self.case.clocks.items()}

    def set_clocks(self, clocks: Mapping[str, Clock]) -> None:
        """Store clocks and what follows from the main one; steps that a later due date moved ahead come again."""
        main = clocks.get(self.type.main_clock or "")
        if main and main.running:
            passed = workflow.alarms_passed(self.type, main, self.calendar, self.at)
            self.set(alarms_done=min(self.case.alarms_done, passed))
        self.set(
            clocks={name: clock.stored() for name, clock in clocks.items()},
            due_at=main.due if main else None,
            alarm_at=workflow.next_alarm(self.type, main, self.calendar, self.case.alarms_done),
        )

    def happened(self, kind: str, data: Mapping[str, Any], *, command_key: str | None = None) -> None:
        """Record an event; the due date in force goes with it, because figures are made of events alone."""
        due = self.case.due_at
        self.happenings.append(
            Happening(
                kind=kind,
                subject_kind="case",
                subject_id=self.case.pk,
                occurred_at=self.at,
                unit=self.case.lead_id,
                actor=self.actor.person,
                acting_for=self._acting_for(),
                data={**data, "due": due.isoformat() if due else None},
                command_key=command_key,
            )
        )

    def _acting_for(self) -> int | None:
        case = self.case
        acts_for = case.filed_by_id is not None and self.actor.person == case.filed_by_id
        return case.raiser_id if acts_for else None

    def words(self, name: str, text: str, *, public: bool, personal: bool) -> dict[str, str]:
        """Keep words with the case; returns their digest for the event."""
        self.remarks.append(Remark(case=self.case, name=name, text=text, public=public, personal=personal))
        return {name: digest(text)}

    def require(self, phrases: Sequence[str]) -> None:
        """Raise RefusedError unless the actor is one of these parties."""
        if not is_one_of(self.actor, self.type.parties(list(phrases)), self.standing):
            raise RefusedError(Refusal.NOT_YOURS)

    def finish(self) -> None:
        """Write everything: the case, its events, the words, the messages; nothing when nothing was decided."""
        case = self.case
        if not self.happenings:
            return
        self.set(version=case.version + 1)
        case.save(update_fields=sorted(self.changed))
        events = record(self.happenings)
        for remark in self.remarks:
            remark.event_id = events[0].pk
        Remark.objects.bulk_create(self.remarks)
        tell(self.messages)


@contextmanager
def writing(
    key: int,
    actor: Actor,
    *,
    seen_version: int | None = None,
    at: datetime | None = None,
    command_key: str | None = None,
) -> Iterator[Writing]:
    """Lock the case with this key for one change, and write what the block decided.

    Statements: lock and read, update, events; one more for words, up to two for messages.
    Raises HiddenError, ConflictError, and CommandRepeatedError when the block used *command_key* a second time.
    """
    try:
        with transaction.atomic():
            case = (
                Case.objects.select_for_update(of=("self",))
                .select_related("lead", "raiser", "type_version")
                .filter(pk=key)
                .first()
            )
            if case is None:
                raise HiddenError(key)
            standing = queries.standing_of(case)
            if not (actor.system or actor.raised(standing) or sees(actor.scope, standing)):
                raise HiddenError(key)
            if seen_version is not None and seen_version != case.version:
                raise ConflictError(case, seen_version)
            case_type = case.type_version.parsed
            change = Writing(case, case_type, queries.calendar_of(case_type), actor, at or timezone.now(), standing)
            yield change
            change.finish()
    except (IntegrityError, RefusedError, ConflictError, InvalidInputError, UploadRefusedError) as error:
        # A repeated command is refused by what it did the first time; its key tells it from a real refusal.
        before = Event.objects.filter(command_key=command_key).first() if command_key else None
        if before is not None:
            raise CommandRepeatedError(before) from error
        raise
