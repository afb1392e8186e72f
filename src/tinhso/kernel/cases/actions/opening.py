"""Opening a case."""

import hashlib
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import h3
from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.catalogue import CaseType
from tinhso.kernel.cases.models import Case, TypeVersion
from tinhso.kernel.cases.notifying import raiser_messages
from tinhso.kernel.cases.rules import numbers, workflow
from tinhso.kernel.cases.rules.inputs import InvalidInputError, Place, Values, check_opening
from tinhso.kernel.cases.rules.routing import route
from tinhso.kernel.files.actions import attach_to
from tinhso.kernel.journal.actions import CommandRepeatedError, Happening, digest, record
from tinhso.kernel.journal.models import Event
from tinhso.kernel.notices.actions import tell
from tinhso.kernel.people.models import Person
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import UnknownUnitError, directory, territory

CELL_RESOLUTION = 8
"""H3 resolution of the map's cells: about 0.7 km²."""
FARTHEST_KM = 25
"""How far from the nearest commune's centroid a point may lie: beyond that it is in another province."""

_NEXT_IN_SERIES = """
INSERT INTO cases_counter AS c (series, last) VALUES (%s, 1)
ON CONFLICT (series) DO UPDATE SET last = c.last + 1 RETURNING last
"""


@dataclass(frozen=True)
class Opening:
    """What is needed to open a case.

    `typed` holds the type's fields as they were typed; `within` is the code of the office on top of the province;
    `lead` names the office directly where no routing is wanted; `at` is now unless the past is played.
    """

    type: str
    typed: Mapping[str, Any]
    channel: str
    within: str = ""
    lead: Unit | None = None
    raiser: Person | None = None
    filed_by: Person | None = None
    photos: Sequence[UUID] = ()
    at: datetime | None = None
    language: str = "vi"
    command_key: str | None = None
    request_digest: str | None = None
    """Of the request that carries the command key, to tell a repeated request from another one with its key."""


@dataclass(frozen=True)
class _Where:
    area: Unit | None
    latitude: float | None
    longitude: float | None


def open_case(opening: Opening) -> Case:
    """Validate, place, route, number, date and record a new case, in one transaction.

    Statements: the number, the case, the event; one more with photos, two more with somebody to tell.
    Raises InvalidInputError, UnknownTypeError, and CommandRepeatedError for a command key seen before.
    """
    version = queries.current_version(opening.type)
    case_type = version.parsed
    values = check_opening(case_type, opening.typed)
    at = opening.at or timezone.now()
    if opening.channel not in case_type.channels:
        raise InvalidInputError({"channel": _("This channel is not known here.")})
    top = directory().unit(opening.within or settings.TINHSO_ROOT_UNIT, timezone.localdate(at))
    where = _find_area(values.place, top)
    lead = opening.lead or _find_lead(case_type, values.category, top, where.area, at)
    try:
        with transaction.atomic():
            return _write(opening, version, values, where, lead, at)
    except IntegrityError as error:
        if opening.command_key and _constraint(error) == "event_command_once":
            raise CommandRepeatedError(Event.objects.get(command_key=opening.command_key)) from error
        raise


def command_key(client: str, key: str) -> str:
    """What the journal keeps of a client's idempotency key; *client* keeps the keys of strangers apart."""
    return hashlib.sha256(f"{client}\n{key}".encode()).hexdigest()


def _constraint(error: IntegrityError) -> str | None:
    diagnosis = getattr(error.__cause__, "diag", None)
    return getattr(diagnosis, "constraint_name", None)


def _find_area(place: Place | None, top: Unit) -> _Where:
    if place is None or top.area_id is None:
        return _Where(None, None, None)
    land = territory(top.area_id)
    if place.commune:
        try:
            commune = land.commune(place.commune)
        except UnknownUnitError as error:
            raise InvalidInputError(
                {"place": _("This commune is not in the province. Choose one from the list.")}
            ) from error
        if place.latitude is None or place.longitude is None:
            return _Where(commune, None, None)
        return _Where(commune, place.latitude, place.longitude)
    if place.latitude is None or place.longitude is None:
        return _Where(None, None, None)
    nearest, distance = land.nearest(place.latitude, place.longitude)
    if distance > FARTHEST_KM:
        raise InvalidInputError(
            {
                "place": _("This place is outside %(province)s. Choose a place inside it, or choose the commune.")
                % {"province": land.province.title}
            }
        )
    return _Where(nearest, place.latitude, place.longitude)


def _find_lead(case_type: CaseType, category: str, top: Unit, area: Unit | None, at: datetime) -> Unit:
    routing = queries.routing_of(case_type.root)
    if routing is None:
        return top
    day = timezone.localdate(at)
    office = directory().office_of(area, day) if area else None
    code = route(routing, top.code, category, office.code if office and office.pk != top.pk else None)
    # A rule made stale by a reform must not lose a report: the centre takes it, else the office on top.
    for wanted in (code, routing.centre.get(top.code)):
        with suppress(UnknownUnitError):
            if wanted:
                return directory().unit(wanted, day)
    return top


def _next_number(pattern: str, at: datetime) -> str:
    day = timezone.localdate(at)
    with connection.cursor() as cursor:
        cursor.execute(_NEXT_IN_SERIES, [numbers.series(pattern, day)])
        row = cursor.fetchone()
    return numbers.number(pattern, day, int(row[0]) if row else 1)


def _write(opening: Opening, version: TypeVersion, values: Values, where: _Where, lead: Unit, at: datetime) -> Case:
    case_type = version.parsed
    calendar = queries.calendar_of(case_type)
    clocks = workflow.started_clocks(case_type, values.category, calendar, at)
    main = clocks.get(case_type.main_clock or "")
    cell = None
    if where.latitude is not None and where.longitude is not None:
        cell = h3.str_to_int(h3.latlng_to_cell(where.latitude, where.longitude, CELL_RESOLUTION))
    case = Case.objects.create(
        number=_next_number(case_type.number, at),
        type_version=version,
        type=case_type.type,
        root=case_type.root,
        category=values.category,
        channel=opening.channel,
        text=values.text,
        fields=values.rest,
        personal=values.personal | ({"language": opening.language} if values.personal else {}),
        lead=lead,
        units=[lead.pk],
        area=where.area,
        latitude=where.latitude,
        longitude=where.longitude,
        cell=cell,
        raiser=opening.raiser,
        filed_by=opening.filed_by,
        stage=case_type.first_stage,
        stage_kind=case_type.stages[case_type.first_stage].kind,
        clocks={name: clock.stored() for name, clock in clocks.items()},
        due_at=main.due if main else None,
        first_due_at=main.first_due if main else None,
        alarm_at=workflow.next_alarm(case_type, main, calendar, 0),
        opened_at=at,
    )
    [event] = record([_opened(case, case_type, values, opening)])
    if opening.photos:
        attach_to(opening.photos, "case", case.pk, event.pk, public=False)
    tell(raiser_messages(case, case_type, "opened", {}))
    return case


def _opened(case: Case, case_type: CaseType, values: Values, opening: Opening) -> Happening:
    actor = opening.filed_by or opening.raiser
    return Happening(
        kind="case.opened",
        subject_kind="case",
        subject_id=case.pk,
        occurred_at=case.opened_at,
        unit=case.lead_id,
        actor=actor.pk if actor else None,
        acting_for=opening.raiser.pk if opening.filed_by and opening.raiser else None,
        command_key=opening.command_key,
        data={
            "number": case.number,
            "type": case.type,
            "root": case.root,
            "version": case_type.version,
            "category": case.category,
            "channel": case.channel,
            "electronic": case_type.channels[case.channel] == "electronic",
            "stage": case.stage,
            "due": case.due_at.isoformat() if case.due_at else None,
            "area": case.area.code if case.area else None,
            "photos": len(opening.photos),
            "request": opening.request_digest,
            "words": digest(f"{values.text}\n{sorted(values.personal.items())}"),
        },
    )
