"""Writers of units: areas from the data file, offices from the catalogue."""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from django.db import connection, transaction

from tinhso.kernel.catalogue import CatalogueError, Finding, Words
from tinhso.kernel.units import queries
from tinhso.kernel.units.catalogue import OfficeEntry, UnitsEntry, area_rows, read_offices
from tinhso.kernel.units.models import Alias, Kind, Succession, Unit
from tinhso.kernel.units.rules import fold, sort_key
from tinhso.kernel.worktime.rules import FIRST_DAY

REFORM = date(2025, 7, 1)
"""The day of the reform of provinces and communes: Resolution 202/2025/QH15."""
_LEVELS = (Kind.PROVINCE, Kind.DISTRICT, Kind.COMMUNE)

_PATHS = """
UPDATE units_unit u
SET path = coalesce((SELECT p.path FROM units_unit p WHERE p.id = u.parent_id), '{}') || u.id, lineage = ARRAY[u.id]
WHERE u.id = ANY(%s)
"""
_LINEAGE = """
WITH RECURSIVE line(unit, ancestor) AS (
    SELECT id, id FROM units_unit
    UNION
    SELECT line.unit, s.old_id FROM line JOIN units_succession s ON s.new_id = line.ancestor AND s.way = 'whole'
)
UPDATE units_unit u SET lineage = known.lineage
FROM (SELECT unit, array_agg(ancestor ORDER BY ancestor) AS lineage FROM line GROUP BY unit) known
WHERE u.id = known.unit AND u.lineage <> known.lineage
"""


@dataclass(frozen=True)
class Loaded:
    """How many units and successions were new."""

    units: int
    successions: int


def add_log_units(code: str, name: Words, parts: Iterable[str]) -> tuple[Unit, dict[str, Unit]]:
    """The unit of an imported log and the units right under it that the log names; what is missing is added.

    A unit of a log is in force from the first day that calendars cover. Its code is the log's with its own name, as
    far as that fits.
    """
    with transaction.atomic():
        top = Unit.objects.filter(code=code, valid_from=FIRST_DAY).first()
        if top is None:
            top = Unit(
                code=code,
                valid_from=FIRST_DAY,
                kind=Kind.LOG,
                name=name.vi,
                name_en=name.en,
                sort_key=sort_key(name.vi),
            )
            _add([top])
        known = {it.name: it for it in Unit.objects.filter(parent=top, kind=Kind.LOG)}
        codes = {it.code for it in known.values()}
        fresh = []
        for part in sorted(set(parts) - known.keys()):
            it = Unit(
                code=_log_code(code, part, codes),
                valid_from=FIRST_DAY,
                kind=Kind.LOG,
                name=part,
                parent=top,
                sort_key=sort_key(part),
            )
            codes.add(it.code)
            fresh.append(it)
        _add(fresh)
        transaction.on_commit(queries.forget)
    return top, known | {it.name: it for it in fresh}


def _log_code(code: str, name: str, taken: set[str]) -> str:
    longest = Unit._meta.get_field("code").max_length or 0
    plain = f"{code}.{re.sub(r'[^A-Za-z0-9]+', '-', name if name.isascii() else fold(name)).strip('-')}"
    if len(plain) <= longest and plain not in taken and not plain.endswith("."):
        return plain
    return f"{code}.{hashlib.sha256(name.encode()).hexdigest()[:10].upper()}"


def load(catalogue: Path) -> Loaded:
    """Bring units up to the data file of areas and the catalogue's offices.

    An office that is there already gets the names, the last day and the aliases that the catalogue states now; what
    else it is, and to whom it belongs, stays: cases, roles and figures of the past refer to it. Raises CatalogueError
    when an office refers to a unit that does not exist, or differs from what it was.
    """
    with transaction.atomic():
        before = Unit.objects.count(), Succession.objects.count()
        _load_areas()
        _load_offices(read_offices(catalogue))
        with connection.cursor() as cursor:
            cursor.execute(_LINEAGE)
        after = Unit.objects.count(), Succession.objects.count()
    queries.forget()
    return Loaded(after[0] - before[0], after[1] - before[1])


def _load_areas() -> None:
    rows = list(area_rows())
    known = {(it.code, it.valid_from): it for it in Unit.objects.areas()}
    for level in _LEVELS:
        fresh = []
        for row in (row for row in rows if row.get("kind") == level):
            since = date.fromisoformat(row["from"])
            if (row["code"], since) in known:
                continue
            parent = known[row["parent"], since] if row.get("parent") else None
            fresh.append(
                Unit(
                    code=row["code"],
                    valid_from=since,
                    valid_to=date.fromisoformat(row["to"]) if row.get("to") else None,
                    kind=level,
                    name=row["name"],
                    parent=parent,
                    latitude=row.get("lat"),
                    longitude=row.get("lon"),
                    sort_key=sort_key(row["name"]),
                )
            )
        _add(fresh)
        known |= {(it.code, it.valid_from): it for it in fresh}
    links = [row for row in rows if "old" in row]
    old = {code: it for (code, since), it in known.items() if since < REFORM}
    new = {code: it for (code, since), it in known.items() if since >= REFORM}
    Succession.objects.bulk_create(
        (
            Succession(
                old=old[row["old"]],
                new=new[row["new"]],
                day=REFORM,
                way=Succession.Way.WHOLE if row["kind"] == "whole" else Succession.Way.PARTIAL,
                share=row.get("share"),
            )
            for row in links
        ),
        ignore_conflicts=True,
    )


def _add(fresh: list[Unit]) -> None:
    """Insert units whose parents have their paths, then write their own."""
    Unit.objects.bulk_create(fresh, batch_size=2_000)
    for it in fresh:
        it.path = [*(it.parent.path if it.parent else []), it.pk]
    with connection.cursor() as cursor:
        cursor.execute(_PATHS, [[it.pk for it in fresh]])


def _load_offices(entries: Iterable[UnitsEntry]) -> None:
    entries = list(entries)
    known = {(it.code, it.valid_from): it for it in Unit.objects.offices().select_related("parent", "area")}
    waiting = [office for entry in entries for office in entry.units]
    offices = list(waiting)
    _bring_up(waiting, known)  # before any is added: a last day decides which identity a parent is
    while waiting:
        left = [office for office in waiting if not _add_office(office, known)]
        if len(left) == len(waiting):
            raise CatalogueError(
                [Finding("units", 1, f"{it.code}: there is no office {it.parent} on {it.from_}") for it in left]
            )
        waiting = left
    for entry in entries:
        for rule in entry.communes:
            made = list(rule.offices(_communes_of(rule.area, rule.from_)))
            _bring_up(made, known)
            for office in made:
                _add_office(office, known)
            offices += made
    Alias.objects.bulk_create(
        [Alias(unit=known[it.code, it.from_], code=code) for it in offices for code in it.aliases],
        ignore_conflicts=True,
    )
    for entry in entries:
        for link in entry.successions:
            Succession.objects.get_or_create(
                old=_before(known, link.old, link.on),
                new=_on(known, link.new, link.on),
                day=link.on,
                defaults={"way": link.kind, "share": link.share, "source": link.source},
            )


def _bring_up(offices: Iterable[OfficeEntry], known: dict[tuple[str, date], Unit]) -> None:
    """Names and last days as the catalogue states them now. Raises CatalogueError for any other difference."""
    changed, findings = [], []
    for office in offices:
        it = known.get((office.code, office.from_))
        if it is None:
            continue
        findings += [
            Finding(
                "units",
                1,
                f"{office.code} from {office.from_}: its {what} was {was or 'none'}; give the office "
                "that it becomes an identity of its own, with a new `from`, and this one a `to`",
            )
            for what, was, now in (
                ("kind", it.kind, office.kind),
                ("parent", it.parent.code if it.parent else None, office.parent),
                ("area", it.area.code if it.area else None, office.area),
            )
            if was != now
        ]
        if (it.name, it.name_en, it.valid_to) != (office.name.vi, office.name.en, office.to):
            it.name, it.name_en, it.valid_to = office.name.vi, office.name.en, office.to
            it.sort_key = sort_key(it.name)
            changed.append(it)
    if findings:
        raise CatalogueError(findings)
    Unit.objects.bulk_update(changed, ["name", "name_en", "valid_to", "sort_key"], batch_size=1_000)


def _communes_of(code: str, day: date) -> list[Unit]:
    province = queries.unit(code, day)
    return list(Unit.objects.below(province).filter(kind=Kind.COMMUNE).as_of(day).order_by("code"))


def _on(known: dict[tuple[str, date], Unit], code: str, day: date) -> Unit:
    for (other, since), it in known.items():
        if other == code and since <= day and (it.valid_to is None or it.valid_to >= day):
            return it
    raise CatalogueError([Finding("units", 1, f"there is no office {code} on {day}")])


def _before(known: dict[tuple[str, date], Unit], code: str, day: date) -> Unit:
    earlier = [it for (other, since), it in known.items() if other == code and since < day]
    if not earlier:
        raise CatalogueError([Finding("units", 1, f"there is no office {code} before {day}")])
    return max(earlier, key=lambda it: it.valid_from)


def _add_office(office: OfficeEntry, known: dict[tuple[str, date], Unit]) -> bool:
    """Add one office unless it is there; False while its parent is not."""
    if (office.code, office.from_) in known:
        return True
    parent = None
    if office.parent:
        try:
            parent = _on(known, office.parent, office.from_)
        except CatalogueError:
            return False
    area = queries.unit(office.area, office.from_) if office.area else None
    it = Unit(
        code=office.code,
        valid_from=office.from_,
        valid_to=office.to,
        kind=office.kind,
        name=office.name.vi,
        name_en=office.name.en,
        parent=parent,
        area=area,
        latitude=area.latitude if area else None,
        longitude=area.longitude if area else None,
        sort_key=sort_key(office.name.vi),
    )
    _add([it])
    known[office.code, office.from_] = it
    return True
