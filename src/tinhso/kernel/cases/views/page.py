"""The page of one case, and its files."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.catalogue import CaseType
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.presenting.doings import Bearing, doings
from tinhso.kernel.cases.presenting.lists import category_of, due_of, icon_of, stage_of
from tinhso.kernel.cases.presenting.story import moments, shown_value
from tinhso.kernel.cases.presenting.words import said
from tinhso.kernel.cases.queries.page import attachment_of, case_file, may_act
from tinhso.kernel.cases.rules import clocks as clock_rules
from tinhso.kernel.cases.rules.clocks import Clock
from tinhso.kernel.cases.views.access import desk, find
from tinhso.kernel.files.models import Attachment
from tinhso.kernel.files.views import send
from tinhso.kernel.people.models import Person
from tinhso.kernel.units.queries import directory


@dataclass(frozen=True)
class ClockFace:
    """A clock as it is shown: `used` of `limit` working minutes."""

    title: str
    used: int
    limit: int
    due: datetime | None
    state: str


@dataclass(frozen=True)
class Fact:
    """A field of the case with its value; `link` calls or writes to whoever it names."""

    title: str
    text: str
    link: str = ""


@require_safe
@never_cache
@desk
def case(request: HttpRequest, person: Person, number: str) -> HttpResponse:
    """Everything about one case, and what the person can do with it now.

    Statements beside session, person and scope: the case, six for what belongs to it, one for the bell.
    """
    now = timezone.now()
    found = find(person, number)
    bearing = Bearing.of(found, person.scope, now)
    whole = case_file(found, person.scope)
    confidential = may_act(found, person.scope)
    actions, steps = doings(bearing)
    case_type = bearing.type
    photos = [it for it in whole.attachments if it.medium == Attachment.Medium.PHOTO]
    return render(
        request,
        "desk/case.html",
        {
            "nav": "inbox",
            "case": found,
            "type": said(case_type.title),
            "title": category_of(found, case_type),
            "icon": icon_of(found, case_type),
            "stage": stage_of(found, case_type),
            "due": due_of(found, now),
            "redated": found.first_due_at is not None and found.due_at not in {None, found.first_due_at},
            "clocks": _faces(found, case_type, now),
            "facts": _facts(found, case_type),
            "contacts": _contacts(found, case_type) if confidential else [],
            "confidential": confidential,
            "supporting": _titles(found.supporting),
            "following": _titles(found.following),
            "photos": photos,
            "documents": [it for it in whole.attachments if it.medium != Attachment.Medium.PHOTO],
            "moments": moments(
                found, case_type, whole.events, whole.remarks, whole.people, confidential=confidential
            )[::-1],
            "notices": whole.notices,
            "linked": whole.linked,
            "actions": actions,
            "steps": steps,
        },
    )


@require_safe
@desk
def by_key(request: HttpRequest, person: Person, key: int) -> HttpResponse:
    """To the page of the case with this key: what notices link to."""
    found = Case.objects.visible_to(person.scope).filter(pk=key).values_list("number", flat=True).first()
    if found is None:
        raise Http404
    return redirect("desk:case", found)


@require_safe
@desk
def file(request: HttpRequest, person: Person, number: str, key: UUID) -> HttpResponseBase:
    """A file of the case, for those who see the case; `?small` gives the small version of a photo."""
    attachment = attachment_of(find(person, number), key)
    if attachment is None:
        raise Http404
    return send(attachment, small="small" in request.GET)


def _faces(case: Case, case_type: CaseType, now: datetime) -> Sequence[ClockFace]:
    calendar = queries.calendar_of(case_type)
    faces = []
    for name in filter(case.clocks.__contains__, case_type.clocks):
        clock = Clock.read(case.clocks[name])
        overdue = clock.done_at is None and clock.due is not None and clock.due < now
        state = ("met" if clock.met else "missed") if clock.done_at else "paused" if not clock.running else "running"
        faces.append(
            ClockFace(
                title=said(case_type.clocks[name].title),
                used=min(clock_rules.used(clock, calendar, now), clock.limit),
                limit=clock.limit,
                due=clock.due,
                state="overdue" if overdue else state,
            )
        )
    return faces


def _facts(case: Case, case_type: CaseType) -> list[Fact]:
    return [
        Fact(said(entry.title), shown_value(entry, case.fields[name], case_type, case.opened_at))
        for name, entry in case_type.fields.items()
        if name in case.fields and not entry.personal
    ]


def _contacts(case: Case, case_type: CaseType) -> list[Fact]:
    """What identifies whoever raised the case: the personal fields, and the account."""
    facts = []
    for name, entry in case_type.fields.items():
        if entry.personal and case.personal.get(name):
            facts.append(_reachable(said(entry.title), str(case.personal[name])))
    for person in filter(None, (case.raiser, case.filed_by)):
        facts.append(_reachable(str(person), person.phone or person.email))
    return facts


def _reachable(title: str, value: str) -> Fact:
    if "@" in value:
        return Fact(title, value, f"mailto:{value}")
    return Fact(title, value, f"tel:{value}" if value.startswith("+") else "")


def _titles(keys: Sequence[int]) -> list[str]:
    known = directory().by_key
    return [known[key].title for key in keys if key in known]
