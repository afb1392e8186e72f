"""Cases as the map draws them, and communes as its table names them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.presenting.lists import category_of, due_of, stage_of, type_of
from tinhso.systems.ioc.presenting.asking import Asked
from tinhso.systems.ioc.presenting.tiles import Number, count
from tinhso.systems.ioc.queries.places import Commune, Crowd

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise


class Shown(StrEnum):
    """Which cases a map shows."""

    OPEN = "open"
    OPENED = "opened"

    @property
    def figure(self) -> str:
        """The part of an address that names the figure with the same cases."""
        return {Shown.OPEN: "overdue_open", Shown.OPENED: "resolved"}[self]


SHOWN: Mapping[str, "Sentence"] = {
    Shown.OPEN.value: gettext_lazy("Open cases"),
    Shown.OPENED.value: gettext_lazy("Opened in the period"),
}


def state_of(*, overdue: int, open: int) -> str:
    """What a marker looks like: the worst that is in it."""
    if overdue:
        return "overdue"
    return "open" if open else "closed"


def crowd_feature(crowd: Crowd, asked: Asked, shown: Shown) -> dict[str, Any]:
    """A cell of the map, with the address of the list of its cases."""
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [round(crowd.longitude, 5), round(crowd.latitude, 5)]},
        "properties": {
            "cases": crowd.cases,
            "open": crowd.open,
            "overdue": crowd.overdue,
            "state": state_of(overdue=crowd.overdue, open=crowd.open),
            "url": _listed(asked, shown, cell=crowd.cell),
        },
    }


def case_feature(case: Case, now: datetime) -> dict[str, Any]:
    """A single case of the map, with the address of its page."""
    case_type = type_of(case)
    is_open = case.closed_at is None
    return {
        "type": "Feature",
        "geometry": {"type": "Point", "coordinates": [case.longitude, case.latitude]},
        "properties": {
            "number": case.number,
            "title": category_of(case, case_type),
            "stage": stage_of(case, case_type),
            "due": str(due_of(case, now).words),
            "state": state_of(overdue=is_open and case.is_overdue, open=is_open),
            "url": reverse("desk:case", args=[case.number]),
        },
    }


def _listed(asked: Asked, shown: Shown, **more: str) -> str:
    return reverse("ioc:cases") + asked.query(dated=True, figure=shown.figure, part="denominator", **more)


@dataclass(frozen=True)
class CommuneLine:
    """A row of the table beside the map."""

    title: str
    state: str
    cases: Number
    open: str
    overdue: str


def commune_lines(communes: Sequence[Commune], asked: Asked, shown: Shown) -> Sequence[CommuneLine]:
    """The table beside the map: communes with overdue cases first, then those with the most."""
    ordered = sorted(communes, key=lambda it: (-it.overdue, -it.cases))
    return [
        CommuneLine(
            title=it.area.title if it.area else _("No place given"),
            state=state_of(overdue=it.overdue, open=it.open),
            cases=Number(
                count(it.cases),
                _listed(asked, shown, **({"area": str(it.area.pk)} if it.area else {"placeless": "1"})),
                "",
            ),
            open=count(it.open),
            overdue=count(it.overdue),
        )
        for it in ordered
    ]
