"""The tiles of the board: one figure each, with the numbers that it is made of and the way to its cases."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.formats import number_format
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from tinhso.kernel.measures.definitions import MEASURES
from tinhso.kernel.measures.queries import Row
from tinhso.kernel.measures.rules import MINIMUM_COUNT
from tinhso.systems.ioc.presenting.asking import Asked
from tinhso.systems.ioc.queries.cases import Side

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise

MINUTES = 60
HOURS_IN_TENTHS = 100
"""Below so many hours a tenth still matters."""


class Shown(StrEnum):
    """What of a measure is large on a tile."""

    SHARE = "share"
    COUNT = "count"
    TIME = "time"


@dataclass(frozen=True)
class Figure:
    """A tile before it is filled: a measure, which side of it is large, and its words."""

    name: str
    measure: str
    shown: Shown
    title: "Sentence"
    icon: str
    side: Side = Side.NUMERATOR
    hint: "Sentence" = ""


FIGURES: Sequence[Figure] = (
    Figure(
        "opened",
        "resolved",
        Shown.COUNT,
        pgettext_lazy("figure", "Opened"),
        "inbox",
        Side.DENOMINATOR,
        _("in the period"),
    ),
    Figure(
        "resolved",
        "resolved",
        Shown.SHARE,
        pgettext_lazy("figure", "Handled"),
        "checks",
        hint=_("of those opened, now closed"),
    ),
    Figure(
        "closed",
        "closed",
        Shown.SHARE,
        pgettext_lazy("figure", "Closed"),
        "circle-check",
        hint=_("closed against opened"),
    ),
    Figure(
        "on_time",
        "on_time",
        Shown.SHARE,
        pgettext_lazy("figure", "On time"),
        "clock-check",
        hint=_("of those closed"),
    ),
    Figure("open", "overdue_open", Shown.COUNT, pgettext_lazy("figure", "Open"), "folder-open", Side.DENOMINATOR),
    Figure(
        "overdue_open",
        "overdue_open",
        Shown.SHARE,
        pgettext_lazy("figure", "Overdue"),
        "alert-triangle",
        hint=_("of those open"),
    ),
    Figure(
        "satisfied",
        "satisfied",
        Shown.SHARE,
        pgettext_lazy("figure", "Satisfied"),
        "mood-smile",
        hint=_("of those who rated"),
    ),
    Figure(
        "rated",
        "satisfied",
        Shown.COUNT,
        pgettext_lazy("figure", "Ratings"),
        "star",
        Side.DENOMINATOR,
        _("in the period"),
    ),
    Figure(
        "reopened",
        "reopened",
        Shown.SHARE,
        pgettext_lazy("figure", "Reopened"),
        "rotate",
        hint=_("of those closed for the first time"),
    ),
    Figure(
        "electronic",
        "electronic",
        Shown.SHARE,
        pgettext_lazy("figure", "Electronic"),
        "device-mobile",
        hint=_("of those opened"),
    ),
    Figure(
        "first_answer", "first_answer", Shown.TIME, pgettext_lazy("figure", "To the first answer"), "message-reply"
    ),
    Figure("closing", "closing", Shown.TIME, pgettext_lazy("figure", "To closing"), "hourglass"),
)


@dataclass(frozen=True)
class Number:
    """A count that leads to its cases."""

    text: str
    url: str
    key: str


@dataclass(frozen=True)
class Duration:
    """A working time in the unit in which it reads best; `short` leaves out that it is working time."""

    text: str
    unit: str
    short: str


@dataclass(frozen=True)
class Tile:
    """One figure as the page shows it; `numerator` is empty where the figure is a count."""

    name: str
    shown: Shown
    title: "Sentence"
    hint: "Sentence"
    icon: str
    row: Row
    denominator: Number
    numerator: Number
    held_back: bool
    pressing: bool
    median: Duration | None = None
    p90: Duration | None = None

    @property
    def minimum(self) -> int:
        return MINIMUM_COUNT


def tiles(rows: Mapping[str, Row], asked: Asked) -> Sequence[Tile]:
    """Every tile in the order of the page."""
    link = linker(asked)
    return [_tile(figure, rows[figure.measure], link, asked) for figure in FIGURES]


Linker = Callable[[str, Side], str]


def linker(asked: Asked, **more: str) -> Linker:
    """Makes the address of the cases behind one side of a measure."""
    base, parts = reverse("ioc:cases"), asked.query(dated=True, **more)
    return lambda measure, side: f"{base}{parts}&figure={measure}&part={side}"


def _tile(figure: Figure, row: Row, link: Linker, asked: Asked) -> Tile:
    timed = row.numerator if figure.shown is Shown.TIME else row.denominator
    held_back = figure.shown is not Shown.COUNT and 0 < timed < MINIMUM_COUNT
    stated = figure.shown is Shown.TIME and timed >= MINIMUM_COUNT
    return Tile(
        name=figure.name,
        shown=figure.shown,
        title=figure.title,
        hint=_open_hint(asked) if figure.name == "open" else figure.hint,
        icon=figure.icon,
        row=row,
        numerator=Number(count(row.numerator), link(figure.measure, Side.NUMERATOR), f"{figure.name}-numerator"),
        denominator=Number(
            count(row.denominator), link(figure.measure, Side.DENOMINATOR), f"{figure.name}-denominator"
        ),
        held_back=held_back,
        pressing=figure.name == "overdue_open" and row.numerator > 0,
        median=duration(row.median) if stated else None,
        p90=duration(row.p90) if stated else None,
    )


def _open_hint(asked: Asked) -> "Sentence":
    return _("at the end of the period") if asked.is_past else _("now")


def count(value: int) -> str:
    """A whole number as the page's language groups it."""
    return number_format(value, 0, use_l10n=True, force_grouping=True)


def duration(minutes: float | None) -> Duration | None:
    """Working *minutes* as minutes, or as hours from one hour on."""
    if minutes is None:
        return None
    if minutes < MINUTES:
        whole = round(minutes)
        return Duration(
            str(whole),
            ngettext("working minute", "working minutes", whole),
            ngettext("minute", "minutes", whole),
        )
    hours = minutes / MINUTES
    tenths = round(hours, 1 if hours < HOURS_IN_TENTHS else 0)
    text = number_format(tenths, 0 if tenths == int(tenths) else 1, use_l10n=True)
    many = 1 if tenths == 1 else 2
    return Duration(text, ngettext("working hour", "working hours", many), ngettext("hour", "hours", many))


def title_of(measure: str) -> "Sentence":
    """What a measure is called over a list of its cases."""
    return MEASURES[measure].title


def print_of(rows: Mapping[str, Row]) -> str:
    """A short digest of figures, by which a page knows whether they changed."""
    stated = [(name, it.numerator, it.denominator, it.median, it.p90) for name, it in sorted(rows.items())]
    return hashlib.blake2s(repr(stated).encode(), digest_size=6).hexdigest()
