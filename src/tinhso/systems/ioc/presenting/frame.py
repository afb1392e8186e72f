"""What stands around the figures: choosers, and notes on what a period holds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.utils.formats import date_format
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from tinhso.kernel.cases.presenting.asking import Option
from tinhso.kernel.cases.presenting.words import said
from tinhso.kernel.cases.queries.types import published_types
from tinhso.kernel.measures.definitions import By
from tinhso.kernel.people.rules import Scope
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import directory
from tinhso.systems.ioc.catalogue import PastEntry, SourceEntry, pasts
from tinhso.systems.ioc.presenting.asking import Asked
from tinhso.systems.ioc.queries.figures import is_loaded
from tinhso.systems.ioc.queries.units import is_offered, top_unit
from tinhso.systems.ioc.rules import Period, Preset

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise

PRESETS: Mapping[Preset, "Sentence"] = {
    Preset.TODAY: gettext_lazy("Today"),
    Preset.SEVEN_DAYS: gettext_lazy("7 days"),
    Preset.THIRTY_DAYS: gettext_lazy("30 days"),
    Preset.MONTH: gettext_lazy("This month"),
    Preset.YEAR: gettext_lazy("This year"),
}
TREND_TITLES: Mapping[By, "Sentence"] = {
    By.DAY: gettext_lazy("Opened and closed by day"),
    By.WEEK: gettext_lazy("Opened and closed by week"),
    By.MONTH: gettext_lazy("Opened and closed by month"),
}


@dataclass(frozen=True)
class PeriodLink:
    """A period that is one click away."""

    title: "Sentence"
    url: str
    current: bool
    past: bool = False


def periods(asked: Asked) -> Sequence[PeriodLink]:
    """The periods offered: presets, then the pasts that this installation holds; one statement for each past."""
    links = [
        PeriodLink(title, _named(asked, preset.value, preset.period(asked.today)), _is_current(asked, preset.value))
        for preset, title in PRESETS.items()
    ]
    for name, past in pasts().items():
        office = past.office()
        if office and is_loaded(office, past.period):
            near = asked if holds(asked.unit, office) else asked.changed(unit=top_unit())
            links.append(
                PeriodLink(past_title(past), _named(near, name, past.period), _is_current(asked, name), past=True)
            )
    return links


def _named(asked: Asked, name: str, period: Period) -> str:
    return asked.changed(period=period, named=name, lineage=None).query()


def _is_current(asked: Asked, name: str) -> bool:
    return asked.named == name


def past_title(past: PastEntry) -> str:
    """What a past is called among the periods: its name and year."""
    return f"{past.said(get_language())[0]}, {past.from_.year}"


def holds(unit: Unit, part: Unit) -> bool:
    """Whether the figures of *unit* with its predecessors hold those of *part*, or are a part of them."""
    return not set(unit.lineage).isdisjoint(part.path) or part.pk in unit.path


def day_words(day: date) -> str:
    """A day as people of the page's language write it."""
    return date_format(day, "j M Y" if (get_language() or "").startswith("en") else "d/m/Y")


def period_words(period: Period) -> str:
    """A period as people write it; one day stands alone."""
    if period.start == period.end:
        return day_words(period.start)
    return pgettext("period", "%(start)s – %(end)s") % {
        "start": day_words(period.start),
        "end": day_words(period.end),
    }


def step_words(period: Period, by: By) -> str:
    """One step of a trend in short: a day, a week by its days, a month."""
    english = (get_language() or "").startswith("en")
    if by is By.MONTH:
        return date_format(period.start, "M Y" if english else "m/Y")
    short = "j M" if english else "d/m"
    if period.start == period.end:
        return date_format(period.start, short)
    return f"{date_format(period.start, short)}–{date_format(period.end, short)}"


@dataclass(frozen=True)
class Lineage:
    """Which predecessors a board counts, or leaves out though the period reaches into their time."""

    names: Sequence[str]
    since: date
    counted: bool


def lineage_of(asked: Asked) -> Lineage | None:
    """The note on predecessors, or nothing where they do not matter."""
    unit = asked.unit
    if asked.period.start >= unit.valid_from and not asked.lineage:
        return None
    known = directory().by_key
    before = sorted(
        (known[key] for key in unit.lineage if key != unit.pk and key in known), key=lambda it: it.sort_key
    )
    if not before:
        return None
    return Lineage([it.title for it in before], unit.valid_from, asked.selection.with_lineage)


@dataclass(frozen=True)
class PastNote:
    """What must be said of a past that the period reaches into."""

    title: str
    text: str
    source: SourceEntry


def past_notes(asked: Asked) -> Sequence[PastNote]:
    """The notes of every past that the figures hold a part of."""
    found = []
    for past in pasts().values():
        office = past.office()
        if office is None or not past.period.overlaps(asked.period):
            continue
        tops = set(asked.selection.tops())
        if tops.isdisjoint(office.path) and office.pk not in asked.unit.path:
            continue
        found.append(PastNote(*past.said(get_language()), past.source))
    return found


def types_offered() -> Sequence[Option]:
    """The types of case, where there are several."""
    types = published_types()
    return [Option(name, said(it.title)) for name, it in types.items()] if len(types) > 1 else []


def categories_offered(asked: Asked) -> Sequence[Option]:
    """The categories of the type chosen, or of the only one there is."""
    types = published_types()
    chosen = types.get(asked.type) or (next(iter(types.values())) if len(types) == 1 else None)
    return [Option(code, said(item.title)) for code, item in chosen.categories.items()] if chosen else []


@dataclass(frozen=True)
class UnitLink:
    """A unit whose board is one click away."""

    title: str
    detail: str
    url: str
    current: bool
    depth: int


def unit_links(units: Sequence[Unit], asked: Asked) -> Sequence[UnitLink]:
    """*units* as links to the same period of their boards."""
    least = min((len(it.path) for it in units), default=1)
    return [
        UnitLink(
            title=it.title,
            detail=_("until %(day)s") % {"day": day_words(it.valid_to)} if it.valid_to else "",
            url=asked.changed(unit=it, lineage=None).query(),
            current=it.pk == asked.unit.pk,
            depth=len(it.path) - least,
        )
        for it in units
    ]


def ways_up(asked: Asked, scope: Scope) -> Sequence[UnitLink]:
    """The units above the one shown that *scope* may look at, the highest first."""
    known = directory().by_key
    above = [known[key] for key in asked.unit.path[:-1] if key in known and is_offered(known[key], scope)]
    return unit_links(above, asked)
