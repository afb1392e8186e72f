"""Cases for machines that have a token; they see and do what the token's person may."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from ninja import Field, Header, Query, Router, Schema
from pydantic import ConfigDict

from tinhso.kernel.cases import actions
from tinhso.kernel.cases.actions.opening import command_key
from tinhso.kernel.cases.actions.writing import HiddenError
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.queries import course_of, standing_of
from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.cases.rules.workflow import allowed_actions
from tinhso.kernel.journal.actions import CommandRepeatedError
from tinhso.kernel.journal.models import Event
from tinhso.kernel.people.api import TokenAuth
from tinhso.kernel.people.models import Person
from tinhso.kernel.units.queries import unit as unit_of
from tinhso.kernel.units.rules import fold

router = Router(auth=TokenAuth())
MOST = 100
LONGEST_KEY = 200

IdempotencyKey = Annotated[str | None, Header(None, alias="Idempotency-Key", max_length=LONGEST_KEY)]


class OfficeOut(Schema):
    code: str
    name: str


class CaseOut(Schema):
    """One case. `due_at` is null while its clock is paused; `first_due_at` never changes."""

    number: str
    type: str
    category: str
    channel: str
    stage: str
    stage_kind: str
    version: int
    text: str
    lead: OfficeOut
    area: OfficeOut | None
    latitude: float | None
    longitude: float | None
    opened_at: datetime
    due_at: datetime | None
    first_due_at: datetime | None
    answered_at: datetime | None
    closed_at: datetime | None
    outcome: str
    solved: str
    satisfaction: int | None
    reopened: int
    actions: list[str] | None = None

    @classmethod
    def of(cls, case: Case, allowed: list[str] | None = None) -> "CaseOut":
        plain = {name: getattr(case, name) for name in cls.model_fields if name not in {"lead", "area", "actions"}}
        area = OfficeOut(code=case.area.code, name=case.area.title) if case.area else None
        return cls(**plain, lead=OfficeOut(code=case.lead.code, name=case.lead.title), area=area, actions=allowed)


class CasesOut(Schema):
    """A page of cases, newest first; `next` is the `after` of the next page, null on the last."""

    cases: list[CaseOut]
    next: str | None


class CasesQuery(Schema):
    """What to list. `unit` includes those under it; `q` is found in number and text without diacritics."""

    model_config = ConfigDict(extra="forbid")

    type: str | None = Field(None, max_length=40)
    category: str | None = Field(None, max_length=60)
    stage: str | None = Field(None, max_length=40)
    unit: str | None = Field(None, max_length=32)
    open: bool | None = None
    q: str | None = Field(None, max_length=100)
    after: str | None = Field(None, max_length=60, description="`next` of the page before")
    limit: int = Field(20, ge=1, le=MOST)


class Body(Schema):
    model_config = ConfigDict(extra="forbid")

    version: int | None = Field(None, ge=0, le=2**31 - 1, description="the version that the client has seen")


class ActIn(Body):
    inputs: dict[str, Any] = {}
    photos: list[UUID] = Field([], max_length=10)


class AssignIn(Body):
    lead: str | None = Field(None, max_length=32)
    supporting: list[Annotated[str, Field(max_length=32)]] | None = Field(None, max_length=20)
    handler: str | None = Field(None, max_length=150, description="a user name")


class ReasonIn(Body):
    reason: str = Field(max_length=1_000)


class MergeIn(Body):
    into: str = Field(max_length=40, description="the number of the case that goes on")


class CommentIn(Schema):
    model_config = ConfigDict(extra="forbid")

    text: str = Field(max_length=1_000)


class RedateIn(Body):
    due_at: datetime
    reason: str = Field(max_length=1_000)


def _person(request: HttpRequest) -> Person:
    person = getattr(request, "auth", None)
    assert isinstance(person, Person)  # noqa: S101  the router's TokenAuth has seen to it
    return person


@router.get("/cases", response=CasesOut, summary="Cases that the token's person may see")
def cases(request: HttpRequest, asked: Query[CasesQuery]) -> HttpResponse:
    """Keyset paging over (opened_at, key). Statements: token, scope, list; one more with a unit."""
    found = Case.objects.visible_to(_person(request).scope).select_related("lead", "area").only(*_LISTED)
    found = found.order_by("-opened_at", "-pk")
    for name in ("type", "category", "stage"):
        if value := _plain(name, getattr(asked, name)):
            found = found.filter(**{name: value})
    if asked.open is not None:
        found = found.filter(closed_at__isnull=asked.open)
    if asked.unit:
        found = found.filter(lead__path__contains=[unit_of(_plain("unit", asked.unit)).pk])
    if asked.q:
        found = found.filter(search__contains=fold(_plain("q", asked.q)))
    if asked.after:
        opened_at, key = _cursor(asked.after)
        found = found.filter(Q(opened_at__lt=opened_at) | Q(opened_at=opened_at, pk__lt=key))
    page = list(found[: asked.limit + 1])
    more = len(page) > asked.limit
    page = page[: asked.limit]
    following = f"{page[-1].opened_at.isoformat()}_{page[-1].pk}" if more else None
    # Written as they are: validating on the way out what came from our own table doubles the time of a page.
    return JsonResponse({"cases": [_stated(case) for case in page], "next": following})


_PLAIN = [name for name in CaseOut.model_fields if name not in {"lead", "area", "actions"}]
_LISTED = [*_PLAIN, "lead__code", "lead__name", "lead__name_en", "area__code", "area__name", "area__name_en"]


def _stated(case: Case) -> dict[str, Any]:
    """A case of a list, as `CaseOut` describes it."""
    stated = {name: getattr(case, name) for name in _PLAIN}
    stated["lead"] = {"code": case.lead.code, "name": case.lead.title}
    stated["area"] = {"code": case.area.code, "name": case.area.title} if case.area else None
    return stated | {"actions": None}


def _plain(name: str, value: str | None) -> str:
    if value and "\x00" in value:
        raise InvalidInputError({name: "a zero byte is no part of a text"})
    return value or ""


def _cursor(text: str) -> tuple[datetime, int]:
    at, _, key = text.rpartition("_")
    try:
        instant = datetime.fromisoformat(at).astimezone(UTC)
        if datetime.fromisoformat(at).tzinfo is None or not key.isascii() or not key.isdecimal() or int(key) >= 2**63:
            raise ValueError("not a cursor")
    except (ValueError, OverflowError) as error:
        raise InvalidInputError({"after": "not the `next` of a page"}) from error
    return instant, int(key)


def _visible(request: HttpRequest, number: str) -> Case:
    scope = _person(request).scope
    found = Case.objects.visible_to(scope).for_page().filter(number=_plain("number", number)).first()
    if found is None:
        raise HiddenError(number)
    return found


@router.get("/cases/{number}", response=CaseOut, summary="One case, with what may be done with it")
def case(request: HttpRequest, number: str) -> CaseOut:
    """Statements: token, case, scope."""
    return _as_it_stands(_visible(request, number), _person(request))


def _carry_out(
    request: HttpRequest, number: str, verb: str, key: str | None, command: Callable[[int, Actor, str | None], object]
) -> CaseOut:
    """Run one command on a visible case and answer with the case as it stands after it.

    The same key with the same body acts once; the answer comes even where the command gave the case out of sight.
    """
    person = _person(request)
    own_key = command_key(f"{person.pk} {verb} {number} {request.body.hex()}", key) if key else None
    before = Event.objects.filter(command_key=own_key).first() if own_key else None
    pk = before.subject_id if before else _visible(request, number).pk
    if before is None:
        with suppress(CommandRepeatedError):
            command(pk, Actor(person.scope), own_key)
    return _as_it_stands(Case.objects.for_page().get(pk=pk), person)


def _as_it_stands(found: Case, person: Person) -> CaseOut:
    allowed = allowed_actions(
        found.type_version.parsed, course_of(found), standing_of(found), Actor(person.scope), timezone.now()
    )
    return CaseOut.of(found, allowed)


@router.post("/cases/{number}/actions/{action}", response=CaseOut, summary="Carry out an action of the case's type")
def act(
    request: HttpRequest, number: str, action: str, body: ActIn, idempotency_key: IdempotencyKey = None
) -> CaseOut:
    """`inputs` by the names of the type's inputs."""

    def command(key: int, actor: Actor, own_key: str | None) -> object:
        return actions.act(
            key,
            action,
            body.inputs,
            actor=actor,
            seen_version=body.version,
            photos=body.photos,
            command_key=own_key,
        )

    return _carry_out(request, number, f"act {action}", idempotency_key, command)


@router.post("/cases/{number}/assign", response=CaseOut, summary="Set lead, supporting units or handler")
def assign(request: HttpRequest, number: str, body: AssignIn, idempotency_key: IdempotencyKey = None) -> CaseOut:
    """Units by code, the handler by user name; what is left out stays as it is."""

    def command(key: int, actor: Actor, own_key: str | None) -> object:
        handler = None
        if body.handler is not None:
            name = _plain("handler", body.handler)
            handler = Person.objects.filter(username=name).values_list("pk", flat=True).first()
            if handler is None:
                raise InvalidInputError({"handler": _("Nobody has this user name.")})
        return actions.assign(
            key,
            actor=actor,
            lead=body.lead,
            supporting=body.supporting,
            handler=handler,
            seen_version=body.version,
            command_key=own_key,
        )

    return _carry_out(request, number, "assign", idempotency_key, command)


@router.post("/cases/{number}/take", response=CaseOut, summary="Become the handler")
def take(request: HttpRequest, number: str, body: Body, idempotency_key: IdempotencyKey = None) -> CaseOut:
    """The token's person becomes the handler."""
    return _carry_out(
        request,
        number,
        "take",
        idempotency_key,
        lambda key, actor, own_key: actions.take(key, actor=actor, seen_version=body.version, command_key=own_key),
    )


@router.post("/cases/{number}/push-up", response=CaseOut, summary="Hand the case to the level above")
def push_up(request: HttpRequest, number: str, body: ReasonIn, idempotency_key: IdempotencyKey = None) -> CaseOut:
    """To the focal point of the case's field, else to the unit above; the lower unit follows it."""
    return _carry_out(
        request,
        number,
        "push-up",
        idempotency_key,
        lambda key, actor, own_key: actions.push_up(
            key, body.reason, actor=actor, seen_version=body.version, command_key=own_key
        ),
    )


@router.post("/cases/{number}/merge", response=CaseOut, summary="Close a duplicate by tying it to another case")
def merge(request: HttpRequest, number: str, body: MergeIn, idempotency_key: IdempotencyKey = None) -> CaseOut:
    """`into` goes on; the case itself closes."""
    into = _visible(request, body.into)
    return _carry_out(
        request,
        number,
        "merge",
        idempotency_key,
        lambda key, actor, own_key: actions.merge(
            key, into.pk, actor=actor, seen_version=body.version, command_key=own_key
        ),
    )


@router.post("/cases/{number}/comments", response=CaseOut, summary="A note among colleagues")
def comment(request: HttpRequest, number: str, body: CommentIn, idempotency_key: IdempotencyKey = None) -> CaseOut:
    """It changes nothing else, and the public never sees it."""
    return _carry_out(
        request,
        number,
        "comment",
        idempotency_key,
        lambda key, actor, own_key: actions.comment(key, body.text, actor=actor, command_key=own_key),
    )


@router.post("/cases/{number}/redate", response=CaseOut, summary="Give the main clock a new due date")
def redate(request: HttpRequest, number: str, body: RedateIn, idempotency_key: IdempotencyKey = None) -> CaseOut:
    """The first due date is kept for ever."""
    if body.due_at.tzinfo is None:
        raise InvalidInputError({"due_at": _("Give the time zone, as in 2026-12-01T17:00:00+07:00.")})
    return _carry_out(
        request,
        number,
        "redate",
        idempotency_key,
        lambda key, actor, own_key: actions.redate(
            key, body.due_at, body.reason, actor=actor, seen_version=body.version, command_key=own_key
        ),
    )
