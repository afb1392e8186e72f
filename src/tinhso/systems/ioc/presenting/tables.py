"""Rows of the breakdowns by unit and by category."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.utils.translation import gettext as _

from tinhso.kernel.cases.presenting.words import said
from tinhso.kernel.cases.queries.types import published_types
from tinhso.kernel.measures.definitions import By
from tinhso.kernel.measures.queries import Row
from tinhso.kernel.people.rules import Scope
from tinhso.systems.ioc.presenting.asking import Asked
from tinhso.systems.ioc.presenting.frame import step_words
from tinhso.systems.ioc.presenting.tiles import Linker, Number, count, linker
from tinhso.systems.ioc.queries.cases import Side
from tinhso.systems.ioc.queries.figures import Part, Step
from tinhso.systems.ioc.queries.units import is_offered
from tinhso.systems.ioc.rules import ranked


class Sort(StrEnum):
    """The orders of the table of units."""

    SHARE = "share"
    OVERDUE = "overdue"
    OPENED = "opened"
    NAME = "name"


@dataclass(frozen=True)
class Share:
    """A share in a table, with the numbers that it is made of."""

    row: Row
    numerator: Number
    denominator: Number


@dataclass(frozen=True)
class Line:
    """One row of a table. `place` is empty where too few cases allow no ranking; `url` leads to its own board."""

    key: str
    title: str
    detail: str
    icon: str
    url: str
    place: int | None
    opened: Number
    shares: Mapping[str, Share]


UNIT_COLUMNS = ("resolved", "on_time", "overdue_open")
CATEGORY_COLUMNS = ("resolved", "on_time", "satisfied")


def unit_lines(parts: Sequence[Part], asked: Asked, scope: Scope, sort: Sort) -> Sequence[Line]:
    """The table of units in the order asked for. Places are given by the share of handled cases alone."""
    placed = ranked(parts, lambda part: part.rows["resolved"].share)
    match sort:
        case Sort.SHARE:
            pass
        case Sort.OVERDUE:
            placed.sort(key=lambda it: -it[1].counts["overdue"])
        case Sort.OPENED:
            placed.sort(key=lambda it: -it[1].counts["opened"])
        case Sort.NAME:
            order = {id(part): index for index, part in enumerate(parts)}
            placed.sort(key=lambda it: order[id(it[1])])
    return [_unit_line(part, place, asked, scope) for place, part in placed]


def _unit_line(part: Part, place: int | None, asked: Asked, scope: Scope) -> Line:
    unit = part.unit
    if unit is None:
        raise ValueError("a row of the table of units has a unit")
    # The row counts the unit as it is: its own predecessors stand in rows of their own.
    theirs = asked.changed(unit=unit, lineage=False)
    more = {"own": "1"} if part.own else {}
    detail = ""
    if part.own:
        detail = _("led by itself")
    elif part.before:
        detail = _("predecessor, until %(year)d") % {"year": unit.valid_to.year} if unit.valid_to else ""
    return Line(
        key=f"unit-{unit.pk}",
        title=unit.title,
        detail=detail,
        icon="building-community",
        url="" if part.own or not is_offered(unit, scope) else theirs.query(),
        place=place,
        opened=_opened(part, linker(theirs, **more)),
        shares=_shares(part, linker(theirs, **more), UNIT_COLUMNS),
    )


def category_lines(parts: Sequence[Part], asked: Asked) -> Sequence[Line]:
    """The table of categories, the most cases first."""
    several = len({part.root for part in parts}) > 1
    return [_category_line(part, asked, several=several) for part in parts]


def _category_line(part: Part, asked: Asked, *, several: bool) -> Line:
    theirs = asked.changed(type=asked.type or part.root, category=part.category)
    link = linker(theirs) if part.category else linker(theirs, uncategorised="1")
    title, icon = category_title(part.root, part.category)
    kind = published_types().get(part.root)
    return Line(
        key=f"category-{part.root}-{part.category or 'none'}",
        title=title,
        detail=said(kind.title) if several and kind else "",
        icon=icon,
        url=theirs.query() if part.category else "",
        place=None,
        opened=_opened(part, link),
        shares=_shares(part, link, CATEGORY_COLUMNS),
    )


def category_title(root: str, code: str) -> tuple[str, str]:
    """The title and the icon of the category *code* of the types that stand on *root*."""
    for it in published_types().values():
        if it.root == root and code in it.categories:
            return said(it.categories[code].title), it.categories[code].icon
    return code or _("Without a category"), "folder"


def _opened(part: Part, link: Linker) -> Number:
    return Number(count(part.counts["opened"]), link("resolved", Side.DENOMINATOR), "")


def _shares(part: Part, link: Linker, columns: Sequence[str]) -> Mapping[str, Share]:
    return {
        name: Share(
            row := part.rows[name],
            Number(count(row.numerator), link(name, Side.NUMERATOR), ""),
            Number(count(row.denominator), link(name, Side.DENOMINATOR), ""),
        )
        for name in columns
    }


@dataclass(frozen=True)
class TrendLine:
    """One step of the trend as a row of the table behind the drawing; `said` is it in words, for the pointer."""

    title: str
    said: str
    opened: Number
    closed: Number


def trend_lines(steps: Sequence[Step], by: By, asked: Asked) -> Sequence[TrendLine]:
    """The trend as a table, each count with its cases behind it."""
    lines = []
    counted = asked.changed(lineage=asked.selection.with_lineage)  # a step by itself may not reach back so far
    for step in steps:
        link = linker(counted.changed(period=step.period))
        title = step_words(step.period, by)
        lines.append(
            TrendLine(
                title,
                _("%(when)s: %(opened)s opened, %(closed)s closed")
                % {"when": title, "opened": count(step.opened), "closed": count(step.closed)},
                Number(count(step.opened), link("resolved", Side.DENOMINATOR), ""),
                Number(count(step.closed), link("closed", Side.NUMERATOR), ""),
            )
        )
    return lines
