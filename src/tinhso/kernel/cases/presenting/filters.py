"""What the inbox is narrowed to, read from an address and shown as fields."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING

from django.http import QueryDict
from django.utils.translation import gettext as _

from tinhso.kernel.cases.presenting.asking import Option
from tinhso.kernel.cases.presenting.words import said
from tinhso.kernel.cases.queries.inbox import Cursor, Tab, Wanted, first_tab, offices_in, tabs_of
from tinhso.kernel.cases.queries.types import published_types
from tinhso.kernel.cases.rules.inputs import plain_text
from tinhso.kernel.people.rules import Scope
from tinhso.kernel.units.models import Unit

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise

LONGEST_WORDS = 100


@dataclass(frozen=True)
class Asking:
    """An address of the inbox, read: the list, what it is narrowed to, from where on, and what could not be read."""

    tab: Tab
    wanted: Wanted
    after: Cursor | None
    errors: dict[str, "Sentence"] = field(default_factory=dict)


def read_address(query: QueryDict, scope: Scope) -> Asking:
    """What *query* asks for; a part that cannot be read narrows nothing and is named in `errors`."""
    errors: dict[str, Sentence] = {}
    tab = query.get("tab", "")
    types = published_types()
    kind = _known(query, "type", types, errors)
    chosen = [types[kind]] if kind else list(types.values())
    return Asking(
        tab=Tab(tab) if tab in tabs_of(scope) else first_tab(scope),
        wanted=Wanted(
            words=plain_text(query.get("q", ""))[:LONGEST_WORDS],
            type=kind,
            category=_known(query, "category", {code for it in chosen for code in it.categories}, errors),
            stage=_known(query, "stage", {name for it in chosen for name in it.stages}, errors),
            unit=_unit(query, scope, errors),
            since=_day(query, "since", errors),
            until=_day(query, "until", errors),
        ),
        after=_cursor(query),
        errors=errors,
    )


def _known(query: QueryDict, name: str, known: Iterable[str], errors: dict[str, "Sentence"]) -> str:
    value = query.get(name, "")
    if value and value not in known:
        errors[name] = _("This is not among those offered. Choose one from the list.")
        return ""
    return value


def _unit(query: QueryDict, scope: Scope, errors: dict[str, "Sentence"]) -> Unit | None:
    value = query.get("unit", "")
    found = next((it for it in offices_in(scope) if str(it.pk) == value), None)
    if value and found is None:
        errors["unit"] = _("You do not look into this unit. Choose one from the list.")
    return found


def _day(query: QueryDict, name: str, errors: dict[str, "Sentence"]) -> date | None:
    value = query.get(name, "")
    try:
        found = date.fromisoformat(value) if value else None
        if found and not 2000 <= found.year <= 2100:
            raise ValueError(value)
    except ValueError:
        errors[name] = _("Write the date as year-month-day.")
        return None
    return found


def _cursor(query: QueryDict) -> Cursor | None:
    text = query.get("after", "")
    try:
        return Cursor.read(text) if text else None
    except ValueError:
        return None  # a link that was cut off shows the start of the list


@dataclass(frozen=True)
class Choices:
    """What the filters offer; a type is asked for only where there are several."""

    types: Sequence[Option]
    categories: Sequence[Option]
    stages: Sequence[Option]
    units: Sequence[Option]


def choices_for(scope: Scope, wanted: Wanted) -> Choices:
    """What somebody with *scope* can narrow the inbox to; from memory."""
    types = published_types()
    chosen = [types[wanted.type]] if wanted.type else list(types.values())
    units = offices_in(scope)
    return Choices(
        types=[Option(name, said(it.title)) for name, it in types.items()] if len(types) > 1 else [],
        categories=_once((code, said(item.title)) for it in chosen for code, item in it.categories.items()),
        stages=_once((name, said(stage.title)) for it in chosen for name, stage in it.stages.items()),
        units=[Option(str(it.pk), _unit_title(it)) for it in units] if len(units) > 1 else [],
    )


def _once(pairs: Iterable[tuple[str, str]]) -> list[Option]:
    return [Option(value, title) for value, title in dict(reversed(list(pairs))).items()][::-1]


def _unit_title(unit: Unit) -> str:
    if unit.valid_to is None:
        return unit.title
    return _("%(unit)s (until %(year)d)") % {"unit": unit.title, "year": unit.valid_to.year}
