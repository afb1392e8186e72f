"""Periods, steps of time, ranks and map cells of the board. Pure: no database, no clock."""

from calendar import monthrange
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from typing import TypeVar

from tinhso.kernel.measures.definitions import By

MOST_DAYS_BY_DAY = 45
MOST_DAYS_BY_WEEK = 400
FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
"""No period reaches further."""


class Preset(StrEnum):
    """Periods that move with the day on which they are looked at."""

    TODAY = "today"
    SEVEN_DAYS = "7-days"
    THIRTY_DAYS = "30-days"
    MONTH = "month"
    YEAR = "year"

    def period(self, today: date) -> "Period":
        """The days that it means on *today*; it ends with them."""
        match self:
            case Preset.TODAY:
                return Period(today, today)
            case Preset.SEVEN_DAYS:
                return Period(today - timedelta(days=6), today)
            case Preset.THIRTY_DAYS:
                return Period(today - timedelta(days=29), today)
            case Preset.MONTH:
                return Period(today.replace(day=1), today)
            case Preset.YEAR:
                return Period(today.replace(month=1, day=1), today)


@dataclass(frozen=True)
class Period:
    """From one day to another, both included. Raises ValueError where they are out of order or out of bounds."""

    start: date
    end: date

    def __post_init__(self) -> None:
        if not FIRST_DAY <= self.start <= self.end <= LAST_DAY:
            raise ValueError(f"{self.start} to {self.end} is no period")

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1

    @property
    def step(self) -> By:
        """How long one step of its trend is: fine enough to see, coarse enough to read."""
        if self.days <= MOST_DAYS_BY_DAY:
            return By.DAY
        return By.WEEK if self.days <= MOST_DAYS_BY_WEEK else By.MONTH

    def overlaps(self, other: "Period") -> bool:
        return self.start <= other.end and other.start <= self.end

    def ends_before(self, today: date) -> bool:
        """Whether it is over on *today*, so that "open" means open at its end and not now."""
        return self.end < today

    def steps(self) -> Iterator["Period"]:
        """The periods of its trend, cut to its own days, without a gap."""
        start = self.start
        while start <= self.end:
            end = min(_last_day(start, self.step), self.end)
            yield Period(start, end)
            start = end + timedelta(days=1)


def _last_day(start: date, step: By) -> date:
    if step is By.WEEK:
        return start + timedelta(days=6 - start.weekday())
    if step is By.MONTH:
        return start.replace(day=monthrange(start.year, start.month)[1])
    return start


R = TypeVar("R")


def ranked(rows: Iterable[R], share: Callable[[R], float | None]) -> list[tuple[int | None, R]]:
    """*rows* by share, the highest first, with their places; the same share has the same place.

    Rows without a share (too few cases to state one) come after them in the order given, and have no place.
    """
    rows = list(rows)
    stated = sorted(((value, row) for row in rows if (value := share(row)) is not None), key=lambda it: -it[0])
    places: list[tuple[int | None, R]] = []
    for index, (value, row) in enumerate(stated):
        same = index > 0 and stated[index - 1][0] == value
        places.append((places[-1][0] if same else index + 1, row))
    return places + [(None, row) for row in rows if share(row) is None]


CELL_RESOLUTION = 8
"""The H3 resolution in which the cell of a case is stored (see `cases.actions.opening`)."""
_RESOLUTION_BITS = 52
_FINEST = 15
_RESOLUTION_OF_ZOOM: Sequence[tuple[float, int]] = ((7.5, 4), (9, 5), (10.5, 6), (12, 7), (13.5, 8))
"""Up to which zoom of the map points are gathered into cells of which resolution: some 50 px across."""


def resolution_for(zoom: float) -> int | None:
    """The H3 resolution in which the map gathers cases at *zoom*; nothing where it shows each by itself."""
    return next((resolution for most, resolution in _RESOLUTION_OF_ZOOM if zoom < most), None)


def parent_masks(resolution: int) -> tuple[int, int]:
    """(mask, fill) so that `cell & mask | fill` is the parent of a stored cell at a coarser *resolution*.

    The H3 index holds its resolution in bits 52–55 and below them three bits for each digit, all set where unused:
    https://h3geo.org/docs/core-library/h3Indexing.
    """
    fill = (resolution << _RESOLUTION_BITS) | ((1 << 3 * (_FINEST - resolution)) - 1)
    return ~(0xF << _RESOLUTION_BITS), fill


def stored_cells(cell: int) -> tuple[int, int]:
    """The least and greatest stored cell inside *cell*, which is of CELL_RESOLUTION or coarser.

    Raises ValueError for anything else.
    """
    resolution = cell >> _RESOLUTION_BITS & 0xF
    if cell >> 56 != 0x08 or resolution > CELL_RESOLUTION:  # mode 1, a cell, with no reserved bit set
        raise ValueError("not a cell of the map")
    inner = ((1 << 3 * (CELL_RESOLUTION - resolution)) - 1) << 3 * (_FINEST - CELL_RESOLUTION)
    most = cell & ~(0xF << _RESOLUTION_BITS) | CELL_RESOLUTION << _RESOLUTION_BITS
    return most & ~inner, most
