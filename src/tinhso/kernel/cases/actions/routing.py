"""Giving a case to another office."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.actions.writing import Writing
from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.cases.rules.workflow import Refusal, RefusedError
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
    if case.lead_id == lead.pk:
        return
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
    """The operations centre that takes what no office takes, of the province as it is today; else its top office.

    Raises RefusedError where nothing of the lead's tree is left.
    """
    routing = queries.routing_of(change.case.root)
    day = timezone.localdate(change.at)
    tops = [directory().in_force(directory().by_key[key], day) for key in change.case.lead.path]
    for top in filter(None, tops):
        code = routing.centre.get(top.code) if routing else None
        if code:
            with suppress(UnknownUnitError):
                return directory().unit(code, day)
    if tops[0] is None:
        raise RefusedError(Refusal.NO_UNIT_ABOVE)
    return tops[0]


def hand_up(change: Writing, target: Unit) -> dict[str, Any]:
    """Give the case to the level above; the unit that had it keeps following. Returns what the event says of it."""
    below = change.case.lead_id
    change.set(following=sorted({*change.case.following, below}))
    give_to(change, target)
    return {"from_unit": below, "unit": target.pk}
