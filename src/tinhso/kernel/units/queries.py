"""Reads of units. What changes only with a reform is kept in memory, per process."""

import math
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from shapely import Point, STRtree

from tinhso.kernel.units.models import Kind, Succession, Unit

KM_OF_A_DEGREE = 111.195
"""Length of a degree of latitude on a sphere of 6,371 km, in km."""


class UnknownUnitError(LookupError):
    """No unit has this code (on this day)."""

    def __init__(self, code: str, day: date | None = None) -> None:
        super().__init__(f"no unit has the code {code}" + (f" on {day}" if day else ""))
        self.code = code


def unit(code: str, day: date | None = None) -> Unit:
    """The unit with *code* in force on *day*; without a day its latest identity. Aliases count.

    Raises UnknownUnitError.
    """
    found = Unit.objects.filter(code=code)
    if not found.exists():
        found = Unit.objects.filter(aliases__code=code)
    if day:
        found = found.as_of(day)
    latest = found.order_by("-valid_from").first()
    if latest is None:
        raise UnknownUnitError(code, day)
    return latest


class _Known(dict[int, Unit]):
    """Units by key; one that another process added since is read when it is first asked for."""

    def __missing__(self, key: int) -> Unit:
        self[key] = Unit.objects.get(pk=key)
        return self[key]


class Directory:
    """The offices and their areas, by code and day, in memory."""

    def __init__(self, units: Iterable[Unit]) -> None:
        self._by_code: dict[str, list[Unit]] = defaultdict(list)
        self.by_key = _Known()
        self._of_area: dict[int, list[Unit]] = defaultdict(list)
        for it in units:
            self._by_code[it.code].append(it)
            self.by_key[it.pk] = it
            if it.area_id and it.kind == Kind.COMMITTEE:
                self._of_area[it.area_id].append(it)

    def unit(self, code: str, day: date) -> Unit:
        """The office with *code* in force on *day*. Raises UnknownUnitError."""
        for it in self._by_code.get(code, ()):
            if it.valid_from <= day and (it.valid_to is None or it.valid_to >= day):
                return it
        raise UnknownUnitError(code, day)

    def in_force(self, unit: Unit, day: date) -> Unit | None:
        """*unit* itself if it is in force on *day*, else the office that wholly took over from it."""
        if unit.valid_from <= day <= (unit.valid_to or day):
            return unit
        for it in list(self.by_key.values()):
            if unit.pk in it.lineage and it.valid_from <= day <= (it.valid_to or day):
                return it
        return None

    def office_of(self, area: Unit, day: date) -> Unit | None:
        """The People's Committee of *area*, or of the nearest area above it that has one."""
        for key in reversed(area.path):
            for it in self._of_area.get(key, ()):
                if it.valid_from <= day and (it.valid_to is None or it.valid_to >= day):
                    return it
        return None


@dataclass(frozen=True)
class Territory:
    """The communes of one province, to find the nearest to a point."""

    province: Unit
    communes: list[Unit]
    tree: STRtree
    stretch: float

    def nearest(self, latitude: float, longitude: float) -> tuple[Unit, float]:
        """The commune whose centroid is nearest, and how far that is in km."""
        index = int(self.tree.nearest(Point(longitude * self.stretch, latitude)))
        found = self.communes[index]
        east = ((found.longitude or 0) - longitude) * self.stretch
        north = (found.latitude or 0) - latitude
        return found, math.hypot(east, north) * KM_OF_A_DEGREE

    def commune(self, code: str) -> Unit:
        """The commune with *code*. Raises UnknownUnitError."""
        for it in self.communes:
            if it.code == code:
                return it
        raise UnknownUnitError(code)


@lru_cache(maxsize=1)
def directory() -> Directory:
    """All offices; read once per process."""
    return Directory(Unit.objects.offices())


@lru_cache(maxsize=8)
def territory(province: int) -> Territory:
    """The territory of the province (an area) with this key; read once per process."""
    area = Unit.objects.get(pk=province)
    communes = [
        it
        for it in Unit.objects.below(area).filter(kind=Kind.COMMUNE)
        if it.latitude is not None and it.longitude is not None
    ]
    middle = sum(it.latitude or 0 for it in communes) / max(1, len(communes))
    stretch = math.cos(math.radians(middle))
    points = [Point((it.longitude or 0) * stretch, it.latitude or 0) for it in communes]
    return Territory(area, communes, STRtree(points), stretch)


def forget() -> None:
    """Read everything anew; called after units were loaded."""
    directory.cache_clear()
    territory.cache_clear()


def keys_below(top: Unit, *, lineage: bool = False) -> list[int]:
    """Keys of *top* and of all under it; with *lineage* also of its whole predecessors and all under them."""
    return list(Unit.objects.below(top, lineage=lineage).order_by("pk").values_list("pk", flat=True))


def predecessors(top: Unit) -> list[Succession]:
    """The units that passed into *top*, wholly or in part."""
    return list(Succession.objects.filter(new=top).select_related("old").order_by("old__sort_key"))
