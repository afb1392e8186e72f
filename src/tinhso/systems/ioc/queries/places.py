"""Where the cases are: cells and points of the map, communes, and the ground under them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

import h3
from django.db.models import Avg, Count, F, Q
from shapely import MultiPoint, Point, concave_hull, coverage_simplify, voronoi_polygons
from shapely.geometry import mapping

from tinhso.kernel.cases.models import Case, CaseQuerySet
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import KM_OF_A_DEGREE, Territory, directory, territory
from tinhso.systems.ioc.rules import parent_masks

MOST_FEATURES = 2_000
MARGIN_KM = 7
"""How far the illustrative ground reaches beyond the outermost centroids."""
_HULL_RATIO = 0.35
_COORDINATE_DIGITS = 4
"""Of degrees: some 11 m."""


@dataclass(frozen=True)
class Box:
    """A part of the map, in degrees. Raises ValueError where it is none."""

    west: float
    south: float
    east: float
    north: float

    def __post_init__(self) -> None:
        if not (-180 <= self.west <= self.east <= 180 and -90 <= self.south <= self.north <= 90):
            raise ValueError("not a part of the map")

    @classmethod
    def read(cls, text: str) -> "Box":
        """From `west,south,east,north`. Raises ValueError."""
        west, south, east, north = (float(part) for part in text.split(","))
        return cls(west, south, east, north)

    def cut(self, cases: CaseQuerySet) -> CaseQuerySet:
        return cases.filter(latitude__range=(self.south, self.north), longitude__range=(self.west, self.east))


@dataclass(frozen=True)
class Crowd:
    """Cases of one cell of the map: how many, how many of them open, and how many of those overdue."""

    cell: str
    latitude: float
    longitude: float
    cases: int
    open: int
    overdue: int


def crowds(cases: CaseQuerySet, box: Box, resolution: int, now: datetime) -> Sequence[Crowd]:
    """*cases* inside *box* by H3 cell, the fullest MOST_FEATURES cells; one statement."""
    mask, fill = parent_masks(resolution)
    found = (
        box.cut(cases)
        .filter(cell__isnull=False)
        .order_by()
        .values(parent=F("cell").bitand(mask).bitor(fill))
        .annotate(latitude_of=Avg("latitude"), longitude_of=Avg("longitude"), **_states(now))
        .order_by("-cases_of", "parent")[:MOST_FEATURES]
    )
    return [
        Crowd(
            h3.int_to_str(row["parent"]),
            row["latitude_of"],
            row["longitude_of"],
            row["cases_of"],
            row["open_of"],
            row["overdue_of"],
        )
        for row in found
    ]


def points(cases: CaseQuerySet, box: Box) -> Sequence[Case] | None:
    """The single *cases* inside *box*, or nothing where they are more than MOST_FEATURES; one statement."""
    found = list(
        box.cut(cases).only(
            *("number", "type", "type_version_id", "category", "stage", "stage_kind"),
            *("due_at", "opened_at", "closed_at", "latitude", "longitude"),
        )[: MOST_FEATURES + 1]
    )
    return found if len(found) <= MOST_FEATURES else None


def _states(now: datetime) -> dict[str, Count]:
    return {
        "cases_of": Count("pk"),
        "open_of": Count("pk", filter=Q(closed_at=None)),
        "overdue_of": Count("pk", filter=Q(closed_at=None, due_at__lt=now)),
    }


@dataclass(frozen=True)
class Commune:
    """Cases of one area; without an area those that name no place. `pointless` ones have no point on the map."""

    area: Unit | None
    cases: int
    open: int
    overdue: int
    pointless: int


def by_commune(cases: CaseQuerySet, now: datetime) -> Sequence[Commune]:
    """*cases* by area, in Vietnamese order, those without one last; two statements."""
    found = list(
        cases.order_by()
        .values("area")
        .annotate(**_states(now), pointless_of=Count("pk", filter=Q(latitude=None) | Q(longitude=None)))
    )
    areas = Unit.objects.in_bulk([row["area"] for row in found if row["area"]])
    communes = [
        Commune(areas.get(row["area"]), row["cases_of"], row["open_of"], row["overdue_of"], row["pointless_of"])
        for row in found
    ]
    return sorted(communes, key=lambda it: (it.area is None, it.area.sort_key if it.area else ""))


def land_of(unit: Unit) -> int | None:
    """The key of the area that *unit* works in: its own, else that of the nearest unit above it; from memory."""
    known = directory().by_key
    areas = (known[key].area_id for key in reversed(unit.path) if key in known)
    return next((area for area in areas if area), None)


def province_of(unit: Unit) -> int | None:
    """The key of the area of the office on top of *unit*; from memory."""
    top = directory().by_key.get(unit.path[0]) if unit.path else None
    return top.area_id if top else None


@lru_cache(maxsize=8)
def ground(province: int) -> dict[str, Any]:
    """The communes of a province as GeoJSON areas: whatever is nearest to a commune's centroid.

    These are not the boundaries in force, which no open data gives: the map says so. One statement, once per process.
    """
    land = territory(province)
    points = [Point((it.longitude or 0) * land.stretch, it.latitude or 0) for it in land.communes]
    if not points:
        return {"type": "FeatureCollection", "features": []}
    margin = MARGIN_KM / KM_OF_A_DEGREE
    outline = concave_hull(MultiPoint(points), ratio=_HULL_RATIO).buffer(margin)
    cells = voronoi_polygons(MultiPoint(points), extend_to=outline, ordered=True) if len(points) > 1 else outline
    shapes = [cell.intersection(outline) for cell in getattr(cells, "geoms", [cells])]
    features = [
        _feature(mapping(shape), land, name=it.name, code=it.code)
        for it, shape in zip(land.communes, coverage_simplify(shapes, margin / 50), strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def _feature(shape: dict[str, Any], land: Territory, **properties: str) -> dict[str, Any]:
    def placed(part: Any) -> Any:
        if isinstance(part[0], float):
            return [round(part[0] / land.stretch, _COORDINATE_DIGITS), round(part[1], _COORDINATE_DIGITS)]
        return [placed(it) for it in part]

    return {
        "type": "Feature",
        "geometry": {"type": shape["type"], "coordinates": placed(shape["coordinates"])},
        "properties": properties,
    }


def extent(shapes: dict[str, Any]) -> tuple[float, float, float, float] | None:
    """West, south, east and north of a ground, in degrees; nothing of an empty one."""
    flat: list[tuple[float, float]] = []

    def walk(part: Any) -> None:
        if isinstance(part[0], float):
            flat.append((part[0], part[1]))
        else:
            for it in part:
                walk(it)

    for feature in shapes["features"]:
        walk(feature["geometry"]["coordinates"])
    if not flat:
        return None
    return min(x for x, _ in flat), min(y for _, y in flat), max(x for x, _ in flat), max(y for _, y in flat)
