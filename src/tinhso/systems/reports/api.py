"""Residents' reports for machines: public, no account needed."""

import json
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from ninja import Field, File, Header, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import ConfigDict

from tinhso.kernel.cases.actions import Opening, open_case
from tinhso.kernel.cases.actions.opening import command_key
from tinhso.kernel.cases.actions.writing import HiddenError
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.notifying import tracking_link
from tinhso.kernel.cases.queries import current_version
from tinhso.kernel.files.actions import store_photo
from tinhso.kernel.files.rules import check_size
from tinhso.kernel.journal.actions import CommandRepeatedError
from tinhso.kernel.journal.actions import digest as keyed_digest
from tinhso.kernel.journal.models import Event
from tinhso.kernel.people.limits import seconds_to_wait
from tinhso.kernel.units.models import Unit
from tinhso.systems.reports.queries import public_steps

router = Router()
TYPE = "report"
LONGEST_KEY, UNGUESSABLE_KEY = 200, 16


class TooOftenError(Exception):
    """This client reports more often than `TINHSO_REPORT_RATE`; `wait` is in seconds."""

    def __init__(self, wait: int) -> None:
        super().__init__(f"wait {wait} s")
        self.wait = wait


class KeyReusedError(Exception):
    """An Idempotency-Key came again with another request."""


class Closed(Schema):
    """A body that refuses what it does not know."""

    model_config = ConfigDict(extra="forbid")


class ReportIn(Closed):
    """A report. A place is given as `lat` and `lon` (degrees, WGS 84), as the code of a `commune`, or both."""

    category: str = Field(max_length=60)
    text: str = Field(max_length=4_000)
    lat: float | None = Field(None, ge=-90, le=90)
    lon: float | None = Field(None, ge=-180, le=180)
    commune: str | None = Field(None, max_length=32)
    contact: str | None = Field(None, max_length=254)
    photo: list[UUID] = Field([], max_length=5)


class UnitOut(Schema):
    code: str
    name: str

    @classmethod
    def of(cls, unit: Unit) -> "UnitOut":
        return cls(code=unit.code, name=unit.title)


class ReportMade(Schema):
    """What came of a report: its code, where to follow it, which office has it, and by when."""

    code: str
    tracking_url: str
    unit: UnitOut
    due_at: datetime | None


class StepOut(Schema):
    at: datetime
    what: str
    unit: str
    words: str


class ReportOut(Schema):
    """What everybody may know of a report."""

    code: str
    category: str
    status: str
    stage: str
    unit: UnitOut
    opened_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    overdue: bool
    steps: list[StepOut]


class CategoryOut(Schema):
    code: str
    title: dict[str, str]
    icon: str


class PhotoOut(Schema):
    id: UUID
    width: int
    height: int


@router.get("/categories", response=list[CategoryOut], summary="What can be reported")
def categories(request: HttpRequest) -> list[dict[str, Any]]:
    """The categories of the type in force, in the order in which people are asked. Statements: none when warm."""
    items = current_version(TYPE).parsed.categories.values()
    return [{"code": it.code, "title": it.title.model_dump(), "icon": it.icon} for it in items]


@router.post("/photos", response={201: PhotoOut}, summary="Upload a photo for a report")
def photo(request: HttpRequest, file: File[UploadedFile]) -> Status[dict[str, Any]]:
    """A JPEG, PNG, WebP or HEIC picture of at most 15 MB; it is made anew without metadata. Statements: one."""
    _limit(request)
    check_size(file.size or 0)
    kept = store_photo(file.read())
    return Status(201, {"id": kept.pk, "width": kept.width, "height": kept.height})


@router.post("/reports", response={201: ReportMade}, summary="Report something")
def report(
    request: HttpRequest,
    body: ReportIn,
    idempotency_key: Annotated[str | None, Header(None, alias="Idempotency-Key", max_length=LONGEST_KEY)] = None,
) -> Status[ReportMade]:
    """Open a report. The same `Idempotency-Key` with the same body gives the first answer again.

    Statements: three; one more with photos, two more with a contact.
    """
    _limit(request)
    place = {"lat": body.lat, "lon": body.lon, "commune": body.commune}
    given = any(value is not None for value in place.values())
    digest = keyed_digest(json.dumps(body.model_dump(mode="json"), sort_keys=True))
    opening = Opening(
        type=TYPE,
        typed={
            "category": body.category,
            "text": body.text,
            "place": place if given else None,
            "contact": body.contact,
        },
        channel="api",
        photos=body.photo,
        command_key=_own_key(request, idempotency_key) if idempotency_key else None,
        request_digest=digest,
    )
    try:
        case = open_case(opening)
    except CommandRepeatedError as repeated:
        return Status(201, _first_answer(repeated.event, digest))
    return Status(201, _made(case, case.lead, case.due_at))


def _own_key(request: HttpRequest, key: str) -> str:
    """Strangers share one space of keys. Long ones do not meet by chance, and a phone may change its address between
    two tries; short ones such as `1` are kept apart by address."""
    client = "report" if len(key) >= UNGUESSABLE_KEY else f"report {request.META.get('REMOTE_ADDR', '')}"
    return command_key(client, key)


def _limit(request: HttpRequest) -> None:
    wait = seconds_to_wait("report", request.META.get("REMOTE_ADDR", ""), settings.TINHSO_REPORT_RATE)
    if wait:
        raise TooOftenError(wait)


def _made(case: Case, unit: Unit, due_at: datetime | None) -> ReportMade:
    return ReportMade(code=case.number, tracking_url=tracking_link(case), unit=UnitOut.of(unit), due_at=due_at)


def _first_answer(event: Event, digest: str) -> ReportMade:
    """The answer that the opening gave, from its event: the case may have moved on since."""
    if event.kind != "case.opened" or event.data.get("request") != digest:
        raise KeyReusedError
    case = Case.objects.get(pk=event.subject_id)
    due = event.data["due"]
    return _made(
        case, Unit.objects.get(pk=event.unit_id or case.lead_id), datetime.fromisoformat(due) if due else None
    )


@router.get("/reports/{code}", response=ReportOut, summary="How a report stands")
def show(request: HttpRequest, code: str) -> ReportOut:
    """The public side of one report. Statements: three at the most."""
    case = Case.objects.for_page().filter(number=code, root=TYPE).first() if "\x00" not in code else None
    if case is None:
        raise HiddenError(code)
    return ReportOut(
        code=case.number,
        category=case.category,
        status=case.stage_kind,
        stage=case.stage,
        unit=UnitOut.of(case.lead),
        opened_at=case.opened_at,
        due_at=case.due_at,
        closed_at=case.closed_at,
        overdue=case.is_overdue,
        steps=[StepOut(at=it.at, what=it.title, unit=it.unit, words=it.words) for it in public_steps(case)],
    )
