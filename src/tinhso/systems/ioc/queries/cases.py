"""The cases behind a figure: cut from the same rows that the figure counts, so that the two cannot differ."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from django.db.models import Q, QuerySet
from django.db.models.functions import Left

from tinhso.kernel.cases.models import Case, CaseQuerySet
from tinhso.kernel.cases.queries.inbox import FIRST_WORDS, Cursor
from tinhso.kernel.measures import queries as measures
from tinhso.kernel.measures import rules as measure_rules
from tinhso.kernel.measures.definitions import Basis, Measure
from tinhso.kernel.measures.models import Fact, Spell
from tinhso.kernel.measures.queries import Selection
from tinhso.kernel.people.rules import Scope
from tinhso.kernel.units.models import Unit
from tinhso.systems.ioc.queries.units import offices_under
from tinhso.systems.ioc.rules import stored_cells

PAGE = 25


class Side(StrEnum):
    """Which of a figure's two numbers."""

    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"


_COUNTED_BY = {
    "opened": "opened_at",
    "electronic": "opened_at",
    "resolved": "opened_at",
    "closed": "closed_at",
    "on_time": "closed_at",
    "ended": "first_closed_at",
    "reopened": "first_closed_at",
    "rated": "rated_at",
    "satisfied": "rated_at",
    "answered_after": "opened_at",
    "opened_at": "opened_at",
    "closed_after": "closed_at",
    "closed_at": "closed_at",
}
"""The time of a case whose day decides whether a count has it; see `measures.rules.counts`."""
_ALSO = {
    "electronic": Q(electronic=True),
    "resolved": Q(closed_at__isnull=False),
    "on_time": Q(on_time=True),
    "reopened": Q(reopened_at__isnull=False),
    "satisfied": Q(satisfied=True),
    "answered_after": Q(answered_after__isnull=False),
    "closed_after": Q(closed_after__isnull=False),
}


@dataclass(frozen=True)
class Behind:
    """Which cases are listed: one side of a measure over a selection, whose unit is given.

    `own` leaves out the units under it, `uncategorised` every case that has a category. `cell` (H3) and `area` narrow
    to a part of the map, `placeless` to cases without an area.
    """

    measure: Measure
    side: Side
    selection: Selection
    own: bool = False
    uncategorised: bool = False
    cell: int | None = None
    area: Unit | None = None
    placeless: bool = False

    @property
    def count(self) -> str:
        """The name of the count that the side stands for."""
        return self.measure.numerator if self.side is Side.NUMERATOR else self.measure.denominator

    @property
    def oldest_first(self) -> bool:
        """Open cases are listed with those that wait longest on top, all others with the latest."""
        return self.measure.basis is Basis.SPELLS

    @property
    def is_whole(self) -> bool:
        """Whether every case of the figure is asked for, and not only some of them."""
        return not (self.own or self.uncategorised or self.cell or self.area or self.placeless)

    def cases(self) -> CaseQuerySet:
        """The cases, with no regard to who asks: to be cut by `visible_to` before anybody sees one."""
        found = Case.objects.filter(pk__in=self._spells() if self.measure.basis is Basis.SPELLS else self._facts())
        if self.cell is not None:
            found = found.filter(cell__range=stored_cells(self.cell))
        if self.placeless:
            found = found.filter(area=None)
        return found.filter(area=self.area) if self.area else found

    def _facts(self) -> QuerySet[Fact, int]:
        column = _COUNTED_BY[self.count]
        found = Fact.objects.filter(self._matter(), _ALSO.get(self.count, Q()), **{f"{column}__isnull": False})
        if self.selection.start:
            found = found.filter(**{f"{column}__gte": _midnight(self.selection.start)})
        if self.selection.end:
            found = found.filter(**{f"{column}__lt": _midnight(self.selection.end + timedelta(days=1))})
        return found.values_list("case_id", flat=True)

    def _spells(self) -> QuerySet[Spell, int]:
        at = self.selection.instant()
        found = Spell.objects.filter(self._matter())
        if self.selection.is_now:
            found = found.filter(until=None)
        else:
            found = found.filter(Q(until=None) | Q(until__gt=at), since__lte=at)
        if self.count == "overdue":
            found = found.filter(due_at__lt=at)
        return found.values_list("case_id", flat=True)

    def _matter(self) -> Q:
        wanted = Q(unit_id__in=self.offices())
        if self.selection.type:
            wanted &= Q(root=self.selection.type) | Q(type=self.selection.type)
        if self.selection.category or self.uncategorised:
            wanted &= Q(category=self.selection.category or "")
        return wanted & Q(channel=self.selection.channel) if self.selection.channel else wanted

    def offices(self) -> list[int]:
        """Keys of the offices whose cases are counted; from memory."""
        if self.own and self.selection.unit:
            return [self.selection.unit.pk]
        open_ones = self.measure.basis is Basis.SPELLS
        return offices_under((self.selection.at_its_instant() if open_ones else self.selection).tops())


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), measure_rules.ZONE)


@dataclass(frozen=True)
class Listing:
    """One page of the cases behind a figure: `total` in the figure, `seen` of them by whoever asks."""

    total: int
    seen: int
    rows: Sequence[Case]
    following: Cursor | None

    @property
    def outside(self) -> int:
        """How many belong to units that whoever asks does not look into."""
        return self.total - self.seen


def listing(behind: Behind, scope: Scope, after: Cursor | None = None) -> Listing:
    """A page of *behind* as *scope* may see it; three statements at the most: the figure, those seen, the page."""
    visible = behind.cases().visible_to(scope)
    covered = scope.seen.issuperset(behind.offices())
    if behind.is_whole:
        row = measures.total(behind.measure.name, behind.selection)
        total = row.numerator if behind.side is Side.NUMERATOR else row.denominator
        seen = total if covered else visible.count()
    else:
        total = behind.cases().count()
        seen = total if covered else visible.count()
    rows, following = _page(visible, behind.oldest_first, after)
    return Listing(total, seen, rows, following)


def _page(cases: CaseQuerySet, oldest_first: bool, after: Cursor | None) -> tuple[Sequence[Case], Cursor | None]:
    if after and after[0]:
        at, key = after
        beyond = "gt" if oldest_first else "lt"
        # Said twice, since only the first form lets an index of opening times start at the right place.
        cases = cases.filter(
            Q(**{f"opened_at__{beyond}": at}) | Q(opened_at=at, **{f"id__{beyond}": key}),
            **{f"opened_at__{beyond}e": at},
        )
    rows = list(
        cases.order_by(*(("opened_at", "id") if oldest_first else ("-opened_at", "-id")))
        .select_related("lead", "area", "handler")
        .annotate(words=Left("text", FIRST_WORDS))
        .only(
            *("number", "type", "type_version_id", "category", "stage", "stage_kind", "solved", "satisfaction"),
            *("due_at", "first_due_at", "opened_at", "closed_at", "reopened", "merged_into_id"),
            *("lead__name", "lead__name_en", "area__name", "area__name_en", "handler__name", "handler__username"),
        )[: PAGE + 1]
    )
    last = rows[PAGE - 1] if len(rows) > PAGE else None
    return rows[:PAGE], Cursor((last.opened_at, last.pk)) if last else None
