"""Where things are: the province's communes for lists and for the map."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.conf import settings
from django.utils import timezone
from shapely import MultiPoint, Point, Polygon, concave_hull, voronoi_polygons
from shapely.geometry import mapping

from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import Territory, directory, territory
from tinhso.kernel.units.rules import sort_key

_EDGE = 0.05
"""How far, in degrees, the drawn province reaches beyond its outermost centroids."""
_PREFIXES = ("Phường ", "Xã ", "Thị trấn ", "Đặc khu ")


@dataclass(frozen=True)
class CommuneGroup:
    """The communes whose names begin with one letter."""

    letter: str
    communes: list[Unit]


def _land() -> Territory | None:
    top = directory().unit(settings.TINHSO_ROOT_UNIT, timezone.localdate())
    return territory(top.area_id) if top.area_id else None


def bare_name(name: str) -> str:
    """*name* without what kind of commune it is: `Biên Hòa` of `Phường Biên Hòa`."""
    return next((name.removeprefix(prefix) for prefix in _PREFIXES if name.startswith(prefix)), name)


def commune_groups() -> list[CommuneGroup]:
    """The communes in Vietnamese order, by first letter; no statement when warm."""
    land = _land()
    groups: dict[str, list[Unit]] = {}
    for commune in sorted(land.communes if land else [], key=lambda it: sort_key(bare_name(it.name))):
        groups.setdefault(bare_name(commune.name)[:1].upper(), []).append(commune)
    return [CommuneGroup(letter, communes) for letter, communes in groups.items()]


@lru_cache(maxsize=2)
def drawn_communes(land_key: int) -> list[dict[str, Any]]:
    """An illustrative area around each commune's centroid: the points that are nearest to it. Not its border."""
    land = territory(land_key)
    points = [Point(it.longitude or 0, it.latitude or 0) for it in land.communes]
    whole = MultiPoint(points)
    outline = concave_hull(whole, ratio=0.35).buffer(_EDGE)
    features = []
    cells = [cell for cell in voronoi_polygons(whole, extend_to=outline).geoms if isinstance(cell, Polygon)]
    for commune, point in zip(land.communes, points, strict=True):
        cell = next((it for it in cells if it.contains(point)), None)
        if cell is None:
            continue
        features.append(
            {
                "type": "Feature",
                "id": commune.pk,
                "properties": {"code": commune.code, "name": commune.name, "at": [point.x, point.y]},
                "geometry": mapping(cell.intersection(outline).simplify(0.001)),
            }
        )
    return features


def collection() -> dict[str, Any]:
    """The communes as GeoJSON."""
    land = _land()
    return {"type": "FeatureCollection", "features": drawn_communes(land.province.pk) if land else []}
