"""The figures of the board, from the roll-ups of `kernel.measures`."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from tinhso.kernel.measures import queries as measures
from tinhso.kernel.measures.definitions import MEASURES
from tinhso.kernel.measures.models import Spell, Tally
from tinhso.kernel.measures.queries import Row, Selection
from tinhso.kernel.measures.rules import COUNTS
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import directory
from tinhso.systems.ioc.queries.units import offices_under
from tinhso.systems.ioc.rules import Period

SINGLE_CASES = ("overdue_open", "first_answer", "closing")
"""The measures that daily tallies do not give: one statement each."""


def live(selection: Selection) -> Mapping[str, Row]:
    """Every measure by name; four statements, whatever the number of cases. The unit must be given."""
    return dict(measures.figures(selection)) | {name: measures.total(name, selection) for name in SINGLE_CASES}


@dataclass(frozen=True)
class Part:
    """One row of a breakdown. `own` marks what the selected unit leads itself, `before` a predecessor as a whole.

    `unit` is empty in a breakdown by category, `root` and `category` are in one by unit.
    """

    counts: Mapping[str, int]
    unit: Unit | None = None
    own: bool = False
    before: bool = False
    root: str = ""
    category: str = ""

    @cached_property
    def rows(self) -> Mapping[str, Row]:
        """The measures of this part that were counted."""
        counts = self.counts
        return {
            it.name: Row("", "", counts[it.numerator], counts[it.denominator])
            for it in MEASURES.values()
            if it.numerator in counts and it.denominator in counts
        }


def by_category(selection: Selection) -> Sequence[Part]:
    """The selection by category, the most cases first; one statement."""
    found = _tallies(selection, selection.tops()).values("root", "category").annotate(**_SUMS)
    parts = [
        Part({name: row[f"{name}_sum"] for name in COUNTS}, root=row["root"], category=row["category"])
        for row in found
    ]
    return sorted((it for it in parts if any(it.counts.values())), key=lambda it: -it.counts["opened"])


def by_unit(selection: Selection) -> Sequence[Part]:
    """The selection by the units right under its unit, its predecessors, and what the unit leads itself.

    The parts add up to the whole. Two statements.
    """
    unit = selection.unit
    if unit is None:
        raise ValueError("a breakdown by unit is of one unit")
    known = directory().by_key
    tops = selection.tops()
    children = {it.pk for it in known.values() if it.parent_id == unit.pk}
    asked = {*tops, *children}
    found: dict[int, Counter[str]] = {key: Counter() for key in asked}
    for row in _tallies(selection, sorted(asked)).values("unit_id").annotate(**_SUMS):
        found[row["unit_id"]].update(_counts(row))
    # Tallies of a unit hold all under it: what it leads itself is what is left.
    for child in children:
        found[unit.pk].subtract(found[child])
    for row in _open(selection):
        for key in reversed(known[row["unit_id"]].path):
            if key in asked:
                found[key].update(open=row["open"], overdue=row["overdue"])
                break
    parts = [
        Part(
            {name: counts[name] for name in (*COUNTS, "open", "overdue")},
            unit=known[key],
            own=key == unit.pk,
            before=key in tops and key != unit.pk,
        )
        for key, counts in found.items()
        if any(counts.values())
    ]
    return sorted(parts, key=_place)


def _place(part: Part) -> tuple[bool, bool, str]:
    return part.own, part.before, part.unit.sort_key if part.unit else ""


@dataclass(frozen=True)
class Step:
    """One step of the trend."""

    period: Period
    opened: int
    closed: int


def trend(selection: Selection, period: Period) -> Sequence[Step]:
    """Opened and closed cases by day, week or month of *period*, those without any too; one statement."""
    counted: dict[date, tuple[int, int]] = {}
    days = _tallies(selection, selection.tops()).values("day")
    for row in days.annotate(opened_sum=Sum("opened"), closed_sum=Sum("closed")):
        counted[row["day"]] = row["opened_sum"], row["closed_sum"]
    steps, order = [], sorted(counted)
    at = 0
    for step in period.steps():
        opened = closed = 0
        while at < len(order) and order[at] <= step.end:
            opened, closed = opened + counted[order[at]][0], closed + counted[order[at]][1]
            at += 1
        steps.append(Step(step, opened, closed))
    return steps


def is_loaded(unit: Unit, period: Period) -> bool:
    """Whether *unit* had any case in *period*; one statement."""
    return Tally.objects.filter(unit_id=unit.pk, day__range=(period.start, period.end), opened__gt=0).exists()


_SUMS = {f"{name}_sum": Sum(name) for name in COUNTS}


def _counts(row: Mapping[str, Any]) -> dict[str, int]:
    return {name: row[f"{name}_sum"] for name in COUNTS}


def _matter(selection: Selection) -> Q:
    wanted = Q()
    if selection.type:
        wanted &= Q(root=selection.type) | Q(type=selection.type)
    if selection.category:
        wanted &= Q(category=selection.category)
    if selection.channel:
        wanted &= Q(channel=selection.channel)
    return wanted


def _tallies(selection: Selection, units: Sequence[int]) -> QuerySet[Tally]:
    found = Tally.objects.filter(_matter(selection), unit_id__in=units)
    if selection.start:
        found = found.filter(day__gte=selection.start)
    return found.filter(day__lte=selection.end) if selection.end else found


def _open(selection: Selection) -> Iterable[dict[str, Any]]:
    """Open and overdue cases by lead unit, looked at when `Selection.instant` says."""
    at, tops = selection.instant(), selection.at_its_instant().tops()
    found = Spell.objects.filter(_matter(selection), unit_id__in=offices_under(tops))
    if selection.is_now:
        found = found.filter(until=None)
    else:
        found = found.filter(Q(until=None) | Q(until__gt=at), since__lte=at)
    return found.values("unit_id").annotate(open=Count("pk"), overdue=Count("pk", filter=Q(due_at__lt=at)))
