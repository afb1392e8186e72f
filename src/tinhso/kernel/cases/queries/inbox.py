"""The lists of the desk. Every one is cut from `Case.objects.visible_to`; filters only narrow it further."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any

from django.db import connection
from django.db.models import Count, Q
from django.db.models.functions import Left
from django.utils import timezone

from tinhso.kernel.cases.models import Case, CaseQuerySet
from tinhso.kernel.cases.queries.types import published_types, routing_of
from tinhso.kernel.people.rules import SEE_OWN, Role, Scope
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import directory
from tinhso.kernel.units.rules import fold

PAGE = 20
MOST_COUNTED = 1_000
"""Counting stops here: nobody needs to know more than that there are very many."""
SOON = timedelta(days=2)
FIRST_WORDS = 160
"""Characters of a case's text that a list shows."""
UNITS_IN_STRIP = 12


class Tab(StrEnum):
    """The lists of the desk."""

    DISPATCH = "dispatch"
    MINE = "mine"
    UNIT = "unit"
    SUPPORTING = "supporting"
    SOON = "soon"
    OVERDUE = "overdue"
    ALL = "all"
    CLOSED = "closed"


@dataclass(frozen=True)
class Wanted:
    """What a list is narrowed to; what is empty narrows nothing. `unit` includes the units under it; `since` and
    `until` are the first and last day of opening."""

    words: str = ""
    type: str = ""
    category: str = ""
    stage: str = ""
    unit: Unit | None = None
    since: date | None = None
    until: date | None = None


class Cursor(tuple[datetime | None, int]):
    """The last row of a page: the value that the list is ordered by, and the key."""

    __slots__ = ()

    def __str__(self) -> str:
        at, key = self
        return f"{at.isoformat() if at else '-'}_{key}"

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """The inverse of `str`. Raises ValueError."""
        at, _, key = text.rpartition("_")
        instant = None if at == "-" else datetime.fromisoformat(at)
        sound = instant is None or (instant.tzinfo is not None and 1 < instant.year < 9999)
        if not sound or not key.isdecimal() or len(key) > 18:
            raise ValueError("not the end of a page")
        return cls((instant.astimezone(UTC) if instant else None, int(key)))


@dataclass(frozen=True)
class Page:
    """Some rows of a list; `following` starts the next page, where there is one."""

    rows: Sequence[Case]
    following: Cursor | None


@dataclass(frozen=True)
class UnitLoad:
    """How many open cases a unit leads, and how many of them are past their due date."""

    unit: Unit
    open: int
    overdue: int


@dataclass(frozen=True)
class Standings:
    """How many cases each list holds before it is narrowed, and the units with the most overdue cases."""

    counts: Mapping[Tab, int]
    loads: Sequence[UnitLoad]


def centres_of(scope: Scope) -> list[int]:
    """Keys of the operations centres whose cases *scope* dispatches: what no rule routes ends up there."""
    tops = {key for post in scope.posts if post.role is Role.OPERATOR for key in post.above}
    known, today = directory().by_key, timezone.localdate()
    tops_codes = {known[key].code for key in tops if key in known}
    routings = filter(None, (routing_of(it.root) for it in published_types().values()))
    centres = {code for routing in routings for top, code in routing.centre.items() if top in tops_codes}
    return [
        key
        for key in sorted(scope.seen & known.keys())
        if known[key].code in centres and known[key].valid_from <= today <= (known[key].valid_to or today)
    ]


def tabs_of(scope: Scope) -> list[Tab]:
    """The lists that make sense for *scope*."""
    return [tab for tab in Tab if tab is not Tab.DISPATCH or centres_of(scope)]


def first_tab(scope: Scope) -> Tab:
    """The list to start with: an operator dispatches, an officer works, whoever leads or audits looks at it all."""
    if centres_of(scope):
        return Tab.DISPATCH
    return Tab.MINE if scope.has(*SEE_OWN) else Tab.UNIT


def _of(tab: Tab, scope: Scope, now: datetime) -> CaseQuerySet:
    visible = Case.objects.visible_to(scope)
    match tab:
        case Tab.ALL:
            return visible
        case Tab.CLOSED:
            return visible.filter(closed_at__isnull=False)
        case Tab.MINE:
            return _work(visible, scope).filter(handler=scope.person)
        case Tab.UNIT:
            return _work(visible, scope).filter(lead__in=scope.seen)
        case Tab.DISPATCH:
            return _work(visible, scope).filter(lead__in=centres_of(scope))
        case Tab.SUPPORTING:
            return _work(visible, scope).filter(supporting__overlap=sorted(scope.seen))
        case Tab.SOON:
            return _work(visible, scope).filter(due_at__gte=now, due_at__lt=now + SOON)
        case Tab.OVERDUE:
            return _work(visible, scope).filter(due_at__lt=now)


def _work(visible: CaseQuerySet, scope: Scope) -> CaseQuerySet:
    """The open cases of offices in force: what a predecessor left open when it ended is history, under "all"."""
    known, today = directory().by_key, timezone.localdate()
    gone = [key for key in sorted(scope.seen & known.keys()) if (known[key].valid_to or today) < today]
    return visible.open().exclude(lead__in=gone) if gone else visible.open()


def _narrowed(cases: CaseQuerySet, wanted: Wanted) -> CaseQuerySet:
    exact = {"type": wanted.type, "category": wanted.category, "stage": wanted.stage}
    cases = cases.filter(**{name: value for name, value in exact.items() if value})
    if wanted.unit:
        tops = set(wanted.unit.lineage)
        below = [it.pk for it in directory().by_key.values() if not tops.isdisjoint(it.path)]
        cases = cases.filter(lead__in=below)
    if wanted.since:
        cases = cases.filter(opened_at__gte=_midnight(wanted.since))
    if wanted.until:
        cases = cases.filter(opened_at__lt=_midnight(wanted.until + timedelta(days=1)))
    # Each word anywhere: the order in which people remember words is not the order in which they were written.
    for word in fold(wanted.words).split():
        cases = cases.filter(search__contains=word)
    return cases


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), timezone.get_current_timezone())


def _order(tab: Tab) -> tuple[str, bool]:
    """The column that a list is ordered by, and whether the latest comes first."""
    return {Tab.ALL: ("opened_at", True), Tab.CLOSED: ("closed_at", True)}.get(tab, ("due_at", False))


def _after(column: str, descending: bool, cursor: Cursor) -> Q:
    at, key = cursor
    beyond = "lt" if descending else "gt"
    if at is None:
        return Q(**{f"{column}__isnull": True, f"id__{beyond}": key})
    later = Q(**{f"{column}__{beyond}": at}) | Q(**{column: at, f"id__{beyond}": key})
    if descending:
        return Q(**{f"{column}__lte": at}) & later  # says the same again, in the form that an index understands
    return later | Q(**{f"{column}__isnull": True})


def cases_on(tab: Tab, scope: Scope, wanted: Wanted, *, after: Cursor | None = None, now: datetime) -> Page:
    """One page of a list, ordered by due date (paused cases last), or the latest first where closed ones are in it.

    One statement, whose cost does not grow with the page's distance from the start of a list by opening or closing.
    """
    column, descending = _order(tab)
    cases = _narrowed(_of(tab, scope, now), wanted)
    if after:
        cases = cases.filter(_after(column, descending, after))
    order = (f"-{column}", "-id") if descending else (column, "id")
    rows = list(
        cases.order_by(*order)
        .select_related("lead", "area", "handler")
        .annotate(words=Left("text", FIRST_WORDS))
        .only(
            *("number", "type", "type_version_id", "category", "stage", "stage_kind"),
            *("due_at", "first_due_at", "opened_at", "closed_at", "reopened", "merged_into_id"),
            *("lead__name", "lead__name_en", "area__name", "area__name_en", "handler__name", "handler__username"),
        )[: PAGE + 1]
    )
    more = len(rows) > PAGE
    last = rows[PAGE - 1] if more else None
    return Page(rows[:PAGE], Cursor((getattr(last, column), last.pk)) if last else None)


def standings(scope: Scope, now: datetime) -> Standings:
    """What the lists of *scope* hold, the open cases all counted, the lists with closed ones up to MOST_COUNTED.

    Two statements. The first reads every open case in the scope once; the second no more than twice MOST_COUNTED.
    """
    centres = set(centres_of(scope))
    groups = (
        _work(Case.objects.visible_to(scope), scope)
        .order_by()
        .values("lead")
        .annotate(
            open=Count("pk"),
            mine=Count("pk", filter=Q(handler=scope.person)),
            supporting=Count("pk", filter=Q(supporting__overlap=sorted(scope.seen))),
            soon=Count("pk", filter=Q(due_at__gte=now, due_at__lt=now + SOON)),
            overdue=Count("pk", filter=Q(due_at__lt=now)),
        )
    )
    rows = list(groups)
    led = [row for row in rows if row["lead"] in scope.seen]
    counts = {
        Tab.DISPATCH: sum(row["open"] for row in led if row["lead"] in centres),
        Tab.MINE: sum(row["mine"] for row in rows),
        Tab.UNIT: sum(row["open"] for row in led),
        Tab.SUPPORTING: sum(row["supporting"] for row in rows),
        Tab.SOON: sum(row["soon"] for row in rows),
        Tab.OVERDUE: sum(row["overdue"] for row in rows),
    } | _bounded_counts([Tab.ALL, Tab.CLOSED], scope, now)
    known = directory().by_key
    loads = [UnitLoad(known[row["lead"]], row["open"], row["overdue"]) for row in led if row["lead"] in known]
    loads.sort(key=lambda it: (-it.overdue, -it.open, it.unit.sort_key))
    return Standings({tab: counts[tab] for tab in tabs_of(scope)}, loads[:UNITS_IN_STRIP])


def _bounded_counts(tabs: Sequence[Tab], scope: Scope, now: datetime) -> dict[Tab, int]:
    parts: list[str] = []
    parameters: list[Any] = []
    for tab in tabs:
        bounded = _of(tab, scope, now).order_by().values("pk")[:MOST_COUNTED]
        sql, given = bounded.query.sql_with_params()
        parts.append(f"(SELECT count(*) FROM ({sql}) AS {tab}_cases)")  # noqa: S608  compiled by Django
        parameters += given
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {', '.join(parts)}", parameters)
        found = cursor.fetchone()
    return dict(zip(tabs, found or (), strict=True))


def offices_in(scope: Scope) -> list[Unit]:
    """The offices that *scope* looks into, in Vietnamese order; from memory."""
    known = directory().by_key
    return sorted((known[key] for key in scope.seen if key in known), key=lambda it: (it.sort_key, it.code))
