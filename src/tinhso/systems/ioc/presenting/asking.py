"""What an address of the board asks for: unit, period, type, category, predecessors."""

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.core.exceptions import PermissionDenied
from django.http import Http404, QueryDict
from django.utils.translation import gettext as _

from tinhso.kernel.cases.queries.types import published_types
from tinhso.kernel.measures.queries import Selection
from tinhso.kernel.people.rules import Scope
from tinhso.kernel.units.models import Unit
from tinhso.systems.ioc.catalogue import pasts
from tinhso.systems.ioc.queries.units import UnknownOfficeError, address_of, home_unit, is_offered, unit_at
from tinhso.systems.ioc.rules import Period, Preset

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise

USUAL_PERIOD = Preset.THIRTY_DAYS


@dataclass(frozen=True)
class Asked:
    """An address of the board, read. `named` is the preset or past that the period was given as, if it was.

    `lineage` is empty where the period decides whether predecessors count.
    """

    unit: Unit
    period: Period
    today: date
    named: str = ""
    type: str = ""
    category: str = ""
    lineage: bool | None = None
    errors: dict[str, "Sentence"] = field(default_factory=dict)

    @property
    def is_past(self) -> bool:
        return self.period.ends_before(self.today)

    @property
    def selection(self) -> Selection:
        """What is counted. A period that is not over has no end: its "open" means open now."""
        return Selection(
            unit=self.unit,
            type=self.type or None,
            category=self.category or None,
            start=self.period.start,
            end=self.period.end if self.is_past else None,
            lineage=self.lineage,
        )

    def changed(self, **changes: object) -> "Asked":
        """The same with some parts changed; a change of the period forgets its name."""
        if "period" in changes and "named" not in changes:
            changes["named"] = ""
        return replace(self, **changes)  # type: ignore[arg-type]

    def parts(self, *, dated: bool = False) -> dict[str, str]:
        """As parts of an address; *dated* with the days themselves, so that the link means the same tomorrow."""
        found = {"unit": address_of(self.unit)}
        if self.named and not dated:
            found["period"] = self.named
        else:
            found |= {"from": str(self.period.start), "to": str(self.period.end)}
        found |= {name: value for name in ("type", "category") if (value := getattr(self, name))}
        return found if self.lineage is None else found | {"lineage": str(int(self.lineage))}

    def query(self, *, dated: bool = False, **more: str) -> str:
        """The query string that `read_address` reads back."""
        return f"?{urlencode(self.parts(dated=dated) | more)}"


def read_address(query: QueryDict, scope: Scope, today: date) -> Asked:
    """What *query* asks for; a part that cannot be read is left out and named in `errors`.

    Raises Http404 for a unit that does not exist, PermissionDenied for one that *scope* does not look into.
    """
    errors: dict[str, Sentence] = {}
    period, named = _period(query, today, errors)
    types = published_types()
    kind = _known(query, "type", types, errors)
    chosen = [types[kind]] if kind else list(types.values())
    lineage = query.get("lineage", "")
    return Asked(
        unit=_unit(query, scope),
        period=period,
        today=today,
        named=named,
        type=kind,
        category=_known(query, "category", {code for it in chosen for code in it.categories}, errors),
        lineage={"0": False, "1": True}.get(lineage),
        errors=errors,
    )


def _unit(query: QueryDict, scope: Scope) -> Unit:
    address = query.get("unit", "")
    try:
        if not address:
            return home_unit(scope)
        found = unit_at(address)
    except UnknownOfficeError as error:
        raise Http404(str(error)) from error
    if not is_offered(found, scope):
        raise PermissionDenied(f"{address} is outside the scope")
    return found


def _period(query: QueryDict, today: date, errors: dict[str, "Sentence"]) -> tuple[Period, str]:
    named = query.get("period", "")
    if named in set(Preset):
        return Preset(named).period(today), named
    if named in pasts():
        return pasts()[named].period, named
    start, end = query.get("from", ""), query.get("to", "")
    if start or end:
        try:
            return Period(date.fromisoformat(start or end), date.fromisoformat(end or str(today))), ""
        except ValueError:
            errors["period"] = _("Write both days as year-month-day, the first one not after the last.")
    return USUAL_PERIOD.period(today), USUAL_PERIOD.value


def _known(query: QueryDict, name: str, known: Iterable[str], errors: dict[str, "Sentence"]) -> str:
    value = query.get(name, "")
    if value and value not in known:
        errors[name] = _("This is not among those offered. Choose one from the list.")
        return ""
    return value
