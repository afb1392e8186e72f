"""All that the page of one case shows."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from tinhso.kernel.cases.models import Case, Remark
from tinhso.kernel.cases.queries.types import standing_of
from tinhso.kernel.cases.rules.parties import Actor, is_one_of
from tinhso.kernel.files.models import Attachment
from tinhso.kernel.journal.models import Event
from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people.contacts import Channel
from tinhso.kernel.people.models import Membership, Person
from tinhso.kernel.people.rules import Scope


@dataclass(frozen=True)
class CaseFile:
    """One case with everything that belongs to it.

    `people` are those named in its history, by key; `linked` the cases tied to it that the reader may see.
    """

    case: Case
    events: Sequence[Event]
    remarks: Mapping[int, Sequence[Remark]]
    attachments: Sequence[Attachment]
    notices: Sequence[Notice]
    people: Mapping[int, Person]
    linked: Sequence[Case]


def visible_case(scope: Scope, number: str) -> Case | None:
    """The case with *number*, or nothing where there is none that *scope* may see; one statement.

    `last_event` is the key of its newest event at that very moment: what a form was made at.
    """
    events = Event.objects.filter(subject_kind="case", subject_id=OuterRef("pk")).order_by("-pk")
    return (
        Case.objects.visible_to(scope)
        .annotate(last_event=Subquery(events.values("pk")[:1]))
        .select_related("lead", "area", "handler", "raiser", "filed_by", "type_version")
        .defer("type_version__definition", "search", *(f"{it}__password" for it in ("handler", "raiser", "filed_by")))
        .filter(number=number)
        .first()
    )


def case_file(case: Case, scope: Scope) -> CaseFile:
    """What belongs to *case*; six statements (events, words, files, messages, people, linked cases)."""
    events = list(events_of(case))
    named = {key for event in events for key in (event.actor_id, event.acting_for_id, event.data.get("handler"))}
    linked = (
        Case.objects.visible_to(scope)
        .filter(Q(merged_into=case) | Q(parent=case) | Q(pk__in=filter(None, (case.merged_into_id, case.parent_id))))
        .select_related("lead")
        .only("number", "type", "type_version_id", "category", "stage", "merged_into_id", "parent_id", "lead__name")
        .order_by("opened_at", "pk")
    )
    return CaseFile(
        case=case,
        events=events,
        remarks=words_of(case, events),
        attachments=list(Attachment.objects.filter(subject_kind="case", subject_id=case.pk).order_by("made_at")),
        notices=list(
            Notice.objects.filter(subject_kind="case", subject_id=case.pk)
            .exclude(channel=Channel.DESK.value)
            .order_by("-pk")
        ),
        people=people_of({key for key in named if key}),
        linked=list(linked),
    )


def events_of(case: Case, *, after: int = 0) -> Sequence[Event]:
    """The events of *case* in order, those after the event *after*; one statement."""
    return list(Event.objects.filter(subject_kind="case", subject_id=case.pk, pk__gt=after).order_by("pk"))


def words_of(case: Case, events: Sequence[Event]) -> Mapping[int, Sequence[Remark]]:
    """The words that came with *events* of *case*, by event; one statement."""
    words: dict[int, list[Remark]] = defaultdict(list)
    for remark in Remark.objects.filter(case=case, event_id__in=[event.pk for event in events]).order_by("pk"):
        words[remark.event_id].append(remark)
    return words


def people_of(keys: Collection[int]) -> Mapping[int, Person]:
    """The people with these keys; one statement."""
    return Person.objects.only("name", "username").in_bulk(keys)


def attachment_of(case: Case, key: UUID) -> Attachment | None:
    """The file *key* of *case*, or nothing; one statement."""
    return Attachment.objects.filter(subject_kind="case", subject_id=case.pk, pk=key).first()


def colleagues_in(unit: int, at: datetime) -> list[Person]:
    """Active people who work in the unit with key *unit* at *at*, by name; one statement."""
    held = Membership.objects.as_of(timezone.localdate(at)).filter(unit_id=unit)
    return list(Person.objects.filter(pk__in=held.values("person"), is_active=True).order_by("name", "username"))


def may_act(case: Case, scope: Scope) -> bool:
    """Whether a person may do anything with *case*, now or at another stage, other than as its raiser.

    Whoever may sees how to reach the raiser and what was said in confidence; others who see the case do not.
    """
    case_type = case.type_version.parsed
    rights = case_type.rights
    phrases = {
        *(phrase for action in case_type.actions.values() for phrase in action.by),
        *(phrase for right in type(rights).model_fields for phrase in getattr(rights, right)),
    } - {"raiser"}
    return is_one_of(Actor(scope), case_type.parties(sorted(phrases)), standing_of(case))
