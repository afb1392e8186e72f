"""Reads of the figures. Every row has its numerator and denominator; nothing is averaged across units."""

from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q
from django.utils import timezone

from tinhso.kernel.measures import rules
from tinhso.kernel.measures.definitions import MEASURES, PERIODS, Basis, By, Measure
from tinhso.kernel.units.models import Unit

LAST_DAY = date(9998, 12, 31)
"""Python's calendar ends a year later."""


def _midnight_after(day: date) -> datetime:
    return datetime.combine(min(day, LAST_DAY) + timedelta(days=1), time(), rules.ZONE)


@dataclass(frozen=True)
class Selection:
    """Which cases are counted.

    `unit` counts with all under it; without one, everything counts. `start` and `end` are days, both included.
    `lineage` adds the unit's whole predecessors; left open, they are added when the period reaches back before
    the unit existed.
    """

    unit: Unit | None = None
    type: str | None = None
    category: str | None = None
    channel: str | None = None
    start: date | None = None
    end: date | None = None
    lineage: bool | None = None

    @property
    def with_lineage(self) -> bool:
        """Whether predecessors count."""
        if self.lineage is not None or self.unit is None:
            return bool(self.lineage)
        return self.start is None or self.start < self.unit.valid_from

    def at_its_instant(self) -> "Selection":
        """The same, where left open with predecessors only if the instant lies before the unit existed: what an
        office that is no more left open is not open work of today."""
        if self.lineage is not None or self.unit is None:
            return self
        return replace(self, lineage=self.end is not None and self.end < self.unit.valid_from)

    def tops(self) -> list[int]:
        """The units whose figures, each with all under it, add up to the selection."""
        if self.unit is None:
            return list(Unit.objects.filter(parent=None).values_list("pk", flat=True))
        return list(self.unit.lineage) if self.with_lineage else [self.unit.pk]

    @property
    def is_now(self) -> bool:
        """Whether "open" is looked at as it stands; only a past day needs the spells that have ended."""
        return self.end is None or _midnight_after(self.end) > timezone.now()

    def instant(self) -> datetime:
        """When "open" and "overdue" are looked at: the end of the last day, but never later than now."""
        now = timezone.now()
        return now if self.end is None else min(now, _midnight_after(self.end))


@dataclass(frozen=True)
class Row:
    """One row of a measure. `share` is empty below the minimum count; times are working minutes."""

    key: str
    label: str
    numerator: int
    denominator: int
    median: float | None = None
    p90: float | None = None

    @property
    def share(self) -> float | None:
        return rules.share(self.numerator, self.denominator)

    @property
    def held_back(self) -> bool:
        """Whether there is a share, but too few cases to state it."""
        return 0 < self.denominator < rules.MINIMUM_COUNT

    def stated(self) -> dict[str, Any]:
        """As JSON; the share is null and `held_back` true below the minimum count."""
        stated = {
            "key": self.key,
            "label": self.label,
            "numerator": self.numerator,
            "denominator": self.denominator,
            "share": self.share,
            "held_back": self.held_back,
        }
        if self.median is not None:
            stated |= {"median_minutes": self.median, "p90_minutes": self.p90}
        return stated


def rows(name: str, selection: Selection, by: By | None = None) -> list[Row]:
    """The measure *name* over *selection*, whole or broken down.

    By unit there is a row for each unit right under the selected one, for each predecessor, and for what the unit
    itself leads; the rows add up to the whole. Statements: one, and two more for the units.
    Raises KeyError for an unknown measure, ValueError for a breakdown that it does not have.
    """
    measure = MEASURES[name]
    if measure.basis is Basis.SPELLS:
        if by in PERIODS:
            raise ValueError(f"{name} is looked at at one instant: it has no rows by {by}")
        selection = selection.at_its_instant()
    if by is By.UNIT:
        return _by_unit(measure, selection)
    return [_row(_text(key, by), *rest) for key, *rest in _select(measure, selection, selection.tops(), by)]


def total(name: str, selection: Selection) -> Row:
    """The measure over the whole selection."""
    found = rows(name, selection)
    return found[0] if found else Row("", "", 0, 0)


def _row(key: str, numerator: Any, denominator: Any, *times: Any) -> Row:
    return Row(key, key, int(numerator or 0), int(denominator or 0), *times)


def _text(key: Any, by: By | None) -> str:
    if isinstance(key, date):
        return key.strftime({By.MONTH: "%Y-%m", By.YEAR: "%Y", By.WEEK: "%G-W%V"}.get(by or By.DAY, "%Y-%m-%d"))
    return "" if key is None else str(key)


def _by_unit(measure: Measure, selection: Selection) -> list[Row]:
    tops = selection.tops()
    if selection.unit is None:
        units = {it.pk: it for it in Unit.objects.filter(pk__in=tops)}
        children: set[int] = set()
    else:
        parts = Unit.objects.filter(Q(parent=selection.unit) | Q(pk__in=tops))
        units = {it.pk: it for it in parts}
        children = units.keys() - set(tops)
    found = {row[0]: row for row in _select(measure, selection, list(units), By.UNIT)}
    if selection.unit and measure.basis is Basis.TALLIES and selection.unit.pk in found:
        # Tallies of a unit hold all under it: what it leads itself is what is left.
        key, *whole = found[selection.unit.pk]
        below = [found[child] for child in children if child in found]
        found[key] = (key, *(total - sum(row[i] for row in below) for i, total in enumerate(whole, 1)))
    ordered = sorted((units[key] for key in found), key=lambda it: (it.sort_key, it.code))
    return [
        Row(it.code, it.title, int(row[1] or 0), int(row[2] or 0), *row[3:])
        for it in ordered
        if any((row := found[it.pk])[1:3])
    ]


_TALLY_KEYS = {
    By.UNIT: "unit_id",
    By.CATEGORY: "category",
    By.CHANNEL: "channel",
    By.TYPE: "type",
    By.DAY: "day",
    By.WEEK: "date_trunc('week', day)::date",
    By.MONTH: "date_trunc('month', day)::date",
    By.YEAR: "date_trunc('year', day)::date",
}

_BUCKET = """(SELECT bucket FROM unnest(%(units)s::bigint[]) bucket WHERE bucket = ANY(u.path)
              ORDER BY array_position(u.path, bucket) DESC LIMIT 1)"""
"""The deepest of the asked-for units that a case's unit lies in."""


def _select(measure: Measure, selection: Selection, units: list[int], by: By | None) -> list[tuple[Any, ...]]:
    """(key, numerator, denominator[, median, 90th percentile]) for each key; one statement."""
    wheres, parameters = _filters(selection, units)
    build = {Basis.TALLIES: _tallies, Basis.SPELLS: _spells, Basis.TIMES: _times}[measure.basis]
    with connection.cursor() as cursor:
        cursor.execute(build(measure, selection, by, wheres, parameters), parameters)
        return list(cursor.fetchall())


def _filters(selection: Selection, units: list[int]) -> tuple[list[str], dict[str, Any]]:
    parameters: dict[str, Any] = {
        "units": units,
        "type": selection.type,
        "category": selection.category,
        "channel": selection.channel,
    }
    wheres = ["(root = %(type)s OR type = %(type)s)"] if selection.type else ["true"]
    return wheres + [f"{name} = %({name})s" for name in ("category", "channel") if parameters[name]], parameters


def _in_period(selection: Selection, wheres: list[str], parameters: dict[str, Any]) -> None:
    if selection.start:
        wheres.append("day >= %(start)s")
        parameters["start"] = selection.start
    if selection.end:
        wheres.append("day <= %(end)s")
        parameters["end"] = selection.end


def _tallies(
    measure: Measure, selection: Selection, by: By | None, wheres: list[str], parameters: dict[str, Any]
) -> str:
    _in_period(selection, wheres, parameters)
    key = _TALLY_KEYS[by] if by else "NULL"
    return (
        f"SELECT {key}, sum({measure.numerator}), sum({measure.denominator}) FROM measures_tally"
        f" WHERE unit_id = ANY(%(units)s) AND {' AND '.join(wheres)} GROUP BY 1 ORDER BY 1"
    )


def _single_cases(
    selection: Selection, by: By | None, table: str, columns: str, wheres: list[str], period_key: str
) -> str:
    """A statement over rows of single cases, whose unit is the lead unit itself."""
    join = "JOIN units_unit u ON u.id = unit_id" if by is By.UNIT else ""
    if selection.unit is not None:
        # As an array worked out beforehand, which an index can be asked for; a join would read the whole table.
        wheres.append("unit_id = ANY(ARRAY(SELECT id FROM units_unit WHERE path && %(units)s::bigint[]))")
    key = "NULL"
    if by is By.UNIT:
        key = _BUCKET
    elif by in PERIODS:
        key = f"date_trunc('{by}', {period_key} AT TIME ZONE '{rules.ZONE.key}')::date"
    elif by:
        key = str(by)
    return f"SELECT {key}, {columns} FROM {table} {join} WHERE {' AND '.join(wheres)} GROUP BY 1 ORDER BY 1"


def _spells(
    measure: Measure, selection: Selection, by: By | None, wheres: list[str], parameters: dict[str, Any]
) -> str:
    parameters["at"] = selection.instant()
    if selection.is_now:
        wheres.append("until IS NULL")
    else:
        wheres.append("since <= %(at)s AND (until IS NULL OR until > %(at)s)")
    columns = "count(*) FILTER (WHERE due_at < %(at)s), count(*)"
    return _single_cases(selection, by, "measures_spell", columns, wheres, "since")


def _times(
    measure: Measure, selection: Selection, by: By | None, wheres: list[str], parameters: dict[str, Any]
) -> str:
    if selection.start:
        wheres.append(f"{measure.denominator} >= %(start)s")
        parameters["start"] = datetime.combine(selection.start, time(), rules.ZONE)
    if selection.end:
        wheres.append(f"{measure.denominator} < %(end)s")
        parameters["end"] = _midnight_after(selection.end)
    wheres.append(f"{measure.denominator} IS NOT NULL")
    value = measure.numerator
    columns = (
        f"count({value}), count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY {value}),"
        f" percentile_cont(0.9) WITHIN GROUP (ORDER BY {value})"
    )
    return _single_cases(selection, by, "measures_fact", columns, wheres, measure.denominator)


def figures(selection: Selection) -> dict[str, Row]:
    """Every measure that daily tallies give, at once; one statement."""
    wheres, parameters = _filters(selection, selection.tops())
    _in_period(selection, wheres, parameters)
    sums = ", ".join(f"sum({name})" for name in rules.COUNTS)
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {sums} FROM measures_tally WHERE unit_id = ANY(%(units)s) AND {' AND '.join(wheres)}",
            parameters,
        )
        row = cursor.fetchone() or (0,) * len(rules.COUNTS)
    counted = {name: int(value or 0) for name, value in zip(rules.COUNTS, row, strict=True)}
    return {
        it.name: _row(it.name, counted[it.numerator], counted[it.denominator])
        for it in MEASURES.values()
        if it.basis is Basis.TALLIES
    }
