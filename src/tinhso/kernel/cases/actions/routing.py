"""Giving a case to another office."""

from collections.abc import Mapping
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.actions.writing import Writing
from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import UnknownUnitError, directory


def known_office(change: Writing, code: str, name: str) -> Unit:
    """The office with *code* in force at the time of the change. Raises InvalidInputError for field *name*."""
    try:
        return directory().unit(code, timezone.localdate(change.at))
    except UnknownUnitError as error:
        raise InvalidInputError({name: _("No office in force has this code. Choose one from the list.")}) from error


def give_to(change: Writing, lead: Unit) -> None:
    """Make *lead* the lead unit; whoever handled the case before no longer does."""
    case = change.case
    supporting = [unit for unit in case.supporting if unit != lead.pk]
    change.set(
        lead=lead,
        handler=None,
        supporting=supporting,
        units=sorted({lead.pk, *supporting, *case.following}),
    )


def route_on(change: Writing, values: Mapping[str, Any], data: dict[str, Any]) -> None:
    """Send a refused case to the office that was named, else back to the centre of the province."""
    case = change.case
    named = next((name for name, field in change.type.inputs.items() if field.unit and name in values), None)
    if named:
        target = known_office(change, values[named], named)
        if target.pk == case.lead_id:
            raise InvalidInputError({named: _("The case is with this office already. Name another one.")})
    else:
        target = centre_of(change)
    data["refused_by"] = case.lead_id
    data["unit"] = target.pk
    give_to(change, target)


def centre_of(change: Writing) -> Unit:
    """The operations centre that takes what no office takes; the top of the tree where none is named."""
    routing = queries.routing_of(change.case.root)
    day = timezone.localdate(change.at)
    for key in change.case.lead.path:
        top = directory().by_key[key]
        code = routing.centre.get(top.code) if routing else None
        if code:
            return directory().unit(code, day)
    return directory().by_key[change.case.lead.path[0]]
