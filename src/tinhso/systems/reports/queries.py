"""Reads for residents' pages, each with its number of statements."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.core.cache import cache
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from tinhso.kernel.cases.models import Case, Remark
from tinhso.kernel.cases.queries import course_of, standing_of
from tinhso.kernel.cases.rules import workflow
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.files.models import Attachment
from tinhso.kernel.journal.models import Event
from tinhso.kernel.measures.queries import Row, Selection, figures
from tinhso.kernel.people.models import Person
from tinhso.kernel.units.queries import directory
from tinhso.systems.reports.story import Step, told

TYPE = "report"
SHOWN_DAYS = 30
FIGURES_SECONDS = 60
_FIGURES = "reports.figures"
MOST_PHOTOS_OF_A_REPORT = 20
"""Further ones are no longer taken: whoever holds a link could fill the disk."""


@dataclass(frozen=True)
class Tracking:
    """What whoever raised a report sees of it."""

    case: Case
    steps: Sequence[Step]
    photos: Sequence[Attachment]
    question: str = ""
    """What the office asks; empty while it waits for nothing."""
    may_rate: bool = False
    reopens: bool = False
    """Whether "partly" and "no" open it once more."""

    @property
    def may_add_photos(self) -> bool:
        return self.case.closed_at is None and len(self.photos) < MOST_PHOTOS_OF_A_REPORT


def _reports() -> QuerySet[Case]:
    whole = Case.objects.filter(root=TYPE).select_related("lead", "area", "merged_into", "type_version")
    return whole.defer("search", "merged_into__search", "type_version__definition")


def report_by_number(number: str) -> Case | None:
    """The report with *number*; one statement."""
    return _reports().filter(number=number).first()


def report_by_secret(secret: str) -> Case | None:
    """The report with this tracking secret; one statement."""
    return _reports().filter(secret=secret).first()


def tracking(case: Case, now: datetime | None = None) -> Tracking:
    """All that the tracking page of *case* shows; three statements (events, words, photos)."""
    events, remarks = _events(case), _remarks(case, own=True)
    case_type, course = case.type_version.parsed, course_of(case)
    asked = [remark.text for event in events for remark in remarks.get(event.pk, ()) if remark.name == "question"]
    at = now or timezone.now()
    waits = workflow.refusal(case_type, "reply", course, standing_of(case), Actor(holds_secret=True), at) is None
    return Tracking(
        case=case,
        steps=list(_steps(case, events, remarks, own=True)),
        photos=own_photos(case),
        question=asked[-1] if asked and waits else "",
        may_rate=workflow.may_rate(case_type, course, at),
        reopens=case.reopened == 0,
    )


def public_steps(case: Case) -> list[Step]:
    """The history of *case* as everybody may read it: offices, no names, nothing that its raiser wrote.

    Two statements (events, words).
    """
    return list(_steps(case, _events(case), _remarks(case, own=False), own=False))


def _events(case: Case) -> list[Event]:
    return list(Event.objects.filter(subject_kind="case", subject_id=case.pk).order_by("pk"))


def _remarks(case: Case, *, own: bool) -> Mapping[int, list[Remark]]:
    """Public words by event; with *own* also what the raiser wrote."""
    shown = Q(public=True) | Q(name__in=["reply", "comment"]) if own else Q(public=True)
    found: dict[int, list[Remark]] = defaultdict(list)
    for remark in Remark.objects.filter(shown, case=case).order_by("pk"):
        found[remark.event_id].append(remark)
    return found


def _steps(case: Case, events: Sequence[Event], remarks: Mapping[int, list[Remark]], *, own: bool) -> Iterator[Step]:
    unit: int | None = None
    for event in events:
        step = told(event, case.type_version.parsed, before=unit, own=own)
        unit = event.unit_id
        if step:
            words = "\n\n".join(remark.text for remark in remarks.get(event.pk, ()))
            yield step.saying(words)


def own_photos(case: Case) -> list[Attachment]:
    """The photos that the raiser added, and those that the office shows to everybody; one statement."""
    own = Q(made_by=None) | Q(made_by=case.raiser_id, made_by__isnull=False) | Q(public=True)
    files = Attachment.objects.filter(own, subject_kind="case", subject_id=case.pk, medium=Attachment.Medium.PHOTO)
    return list(files.order_by("made_at"))


def own_photo(secret: str, key: UUID) -> Attachment | None:
    """The photo *key* of the report with this secret, if its raiser may see it; two statements."""
    case = Case.objects.only("pk", "raiser_id").filter(secret=secret, root=TYPE).first()
    return next((photo for photo in own_photos(case) if photo.pk == key), None) if case else None


def last_days() -> dict[str, Row]:
    """The province's figures for reports of the last 30 days, a minute old at most; one statement, then none."""
    found: dict[str, Row] | None = cache.get(_FIGURES)
    if found is None:
        today = timezone.localdate()
        top = directory().unit(settings.TINHSO_ROOT_UNIT, today)
        found = figures(Selection(unit=top, type=TYPE, start=today - timedelta(days=SHOWN_DAYS - 1), end=today))
        cache.set(_FIGURES, found, FIGURES_SECONDS)
    return found


def reports_of(person: Person) -> QuerySet[Case]:
    """What *person* reported or filed for others, the newest first; one statement."""
    mine = Q(raiser=person) | Q(filed_by=person)
    return _reports().filter(mine).order_by(F("opened_at").desc(), "-pk")
