"""Where the cases are: cells and points of the map, and communes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import h3
from django.db.models import Avg, Count, F, Q

from tinhso.kernel.cases.models import Case, CaseQuerySet
from tinhso.kernel.units.models import Unit
from tinhso.systems.ioc.rules import parent_masks

MOST_FEATURES = 2_000


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
        .values(cell_of=F("cell").bitand(mask).bitor(fill))
        .annotate(latitude_of=Avg("latitude"), longitude_of=Avg("longitude"), **_states(now))
        .order_by("-cases_of", "cell_of")[:MOST_FEATURES]
    )
    return [
        Crowd(
            h3.int_to_str(row["cell_of"]),
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
