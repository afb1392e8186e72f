"""Case types, calendars and routing as this process knows them, and what rules ask about a case."""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from tinhso.kernel.cases.catalogue import CaseCatalogue, CaseType, RoutingEntry
from tinhso.kernel.cases.models import Case, TypeVersion
from tinhso.kernel.cases.rules.parties import Standing
from tinhso.kernel.cases.rules.workflow import Course
from tinhso.kernel.worktime.catalogue import read_calendars
from tinhso.kernel.worktime.rules import Calendar

_parsed: dict[int, CaseType] = {}


class UnknownTypeError(LookupError):
    """No case type of this name is published."""


def parsed_type(key: int, definition: Callable[[], str]) -> CaseType:
    """The published version with this key; parsed once per process."""
    if key not in _parsed:
        _parsed[key] = CaseType.model_validate_json(definition())
    return _parsed[key]


@lru_cache(maxsize=64)
def current_version(name: str) -> TypeVersion:
    """The newest published version of the type *name*; read once per process. Raises UnknownTypeError."""
    found = TypeVersion.objects.filter(type=name).order_by("-version").first()
    if found is None:
        raise UnknownTypeError(name)
    return found


@lru_cache(maxsize=1)
def published_types() -> dict[str, CaseType]:
    """The newest published version of every type, by name; read once per process."""
    newest = TypeVersion.objects.order_by("type", "-version").distinct("type").only("pk", "type", "definition")
    return {it.type: it.parsed for it in newest}


@lru_cache(maxsize=1)
def calendars() -> dict[str, Calendar]:
    """The calendars of the catalogue; read once per process."""
    return read_calendars(Path(settings.TINHSO_CATALOG))


def calendar_of(case_type: CaseType) -> Calendar:
    """The calendar by which the clocks of a type run."""
    return calendars()[case_type.calendar]


@lru_cache(maxsize=1)
def _catalogue() -> CaseCatalogue:
    return CaseCatalogue(Path(settings.TINHSO_CATALOG))


def routing_of(root: str) -> RoutingEntry | None:
    """The routing of a case type; read once per process."""
    found = _catalogue().routing.get(root)
    return found[1] if found else None


def forget() -> None:
    """Read types, calendars and routing anew; called after publication."""
    current_version.cache_clear()
    published_types.cache_clear()
    calendars.cache_clear()
    _catalogue.cache_clear()


def standing_of(case: Case) -> Standing:
    """What of *case* decides who may see it and act on it; `case.lead` must be loaded."""
    return Standing(
        lead=case.lead_id,
        above_lead=frozenset(case.lead.path),
        supporting=frozenset(case.supporting),
        units=frozenset(case.units),
        raiser=case.raiser_id,
        filed_by=case.filed_by_id,
    )


def course_of(case: Case) -> Course:
    """How far *case* has come."""
    return Course(
        stage=case.stage,
        closed_at=case.closed_at,
        reopened=case.reopened,
        rated_at=case.rated_at,
        merged=case.merged_into_id is not None,
    )
