"""Regenerates ``src/tinhso/kernel/units/data/areas.jsonl.gz``, the areas of Vietnam and their successions.

Run ``python tools/areas.py``. The same input gives the same bytes: rows are sorted, the archive holds no
time and no file name.

Source: the PyPI package ``vietnamadminunits`` (MIT), its tables ``admin_units`` (after 1 July 2025) and
``admin_units_legacy`` (before) and its converter from old communes to new ones.

One JSON object a line. A line with ``code`` is an area:

==========  =====================================================================================
``code``    official code: 2 digits for a province, 3 for a district, 5 for a commune
``from``    first day in force; the identity is (``code``, ``from``), since codes were used again
``to``      last day in force (inclusive); absent while in force
``kind``    ``province``, ``district`` or ``commune`` (a special zone, *đặc khu*, is a commune)
``name``    full Vietnamese name with its type; of an area in force, the name of today
``was``     former names of the same area, ``[{"name", "to"}]``, ``to`` the last day; mostly absent
``parent``  code of the parent in force in the same era; absent for a province
``lat``     point of the area, WGS 84 degrees, 5 decimals
``lon``     the same
==========  =====================================================================================

A line with ``old`` is a succession of 1 July 2025 (Resolution 202/2025/QH15 for provinces, the 34
resolutions of the Standing Committee of 16 June 2025 for communes):

==========  =====================================================================================
``old``     code of the era before, which went to
``new``     code of the era since
``kind``    ``whole``: all of the old area went to this new one; ``partial``: it was divided among
            several, each of which has its line
``share``   part of the old area, 0 to 1; absent where it is not known, as for every partial one
==========  =====================================================================================

The era before runs from 8 July 2004 (Decision 124/2004/QĐ-TTg, the first list of these codes) to
30 June 2025 and holds the areas as they stood on its last day: reforms between 2004 and 2025 inside the old
provinces are not modelled. Districts ended without successor, but for the five island districts that had no
communes and became special zones.

The three reforms since 1 July 2025 changed names only, never a code or a border; they are in ``RENAMED``.

What the source has wrong is put right here, and counted on the way out: see ``_trusted_points``,
``_legacy_points`` and ``_district_points``. The source's geocoded bounding boxes are not used.
"""

import gzip
import json
import math
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

TARGET = Path(__file__).parent.parent / "src/tinhso/kernel/units/data/areas.jsonl.gz"

LEGACY_FROM, LEGACY_TO, TODAY_FROM = "2004-07-08", "2025-06-30", "2025-07-01"

#: Decision 19/2025/QĐ-TTg for today; Resolution 202/2025/QH15 counts 63 provinces before.
EXPECTED = {(TODAY_FROM, "province"): 34, (TODAY_FROM, "commune"): 3321, (LEGACY_FROM, "province"): 63}

#: Names given since 1 July 2025: last day of the old name, source, code of each area, new type of area.
RENAMED: list[tuple[str, str, str, str]] = [
    ("2026-04-29", "Resolution 30/2026/QH16", "75", "Thành phố"),
    (
        "2026-04-29",
        "Resolution 237/NQ-UBTVQH16",
        "25270 25357 25363 26116 26170 26248 26326 26368 26425 26485",
        "Phường",
    ),
    ("2026-08-31", "Resolution 36/2026/QH16", "22", "Thành phố"),
    ("2026-09-19", "Resolution 39/2026/QH16", "24", "Thành phố"),
    (
        "2026-09-19",
        "Resolution 388/NQ-UBTVQH16",
        "07294 07375 07399 07444 07840 09193 09292 09313 09319 09454 09475 09496",
        "Phường",
    ),
]

#: Beyond this distance from where it must lie a point is taken to be wrong. The largest communes reach
#: about 20 km from their middle; special zones are island groups and may reach further.
FAR_KM = 20.0

#: Communes with a single predecessor whose own point is the wrong one of the two (it lies in the provincial
#: capital, the island of Cái Chiên 84 km from there).
MISPLACED = {"06967"}

Row = dict[str, Any]
Point = tuple[float, float]


def _require(holds: bool, message: str) -> None:
    """Stops the tool where the source is not what this page says of it."""
    if not holds:
        raise SystemExit(message)


def _km(a: Point, b: Point) -> float:
    """Distance in km on a plane, exact enough for a few hundred km."""
    return math.hypot(a[0] - b[0], (a[1] - b[1]) * math.cos(math.radians((a[0] + b[0]) / 2))) * 111.2


def _mean(points: Iterable[Point]) -> Point:
    lats, lons = zip(*points, strict=True)
    return sum(lats) / len(lats), sum(lons) / len(lons)


def _read() -> tuple[list[Row], list[Row], Row]:
    """The rows of today, the rows before, and the converter."""
    data = files("vietnamadminunits") / "data"
    with as_file(data / "dataset.db") as path:
        base = sqlite3.connect(path)
        base.row_factory = sqlite3.Row
        today, legacy = (
            [dict(row) for row in base.execute(query)]
            for query in ("SELECT * FROM admin_units", "SELECT * FROM admin_units_legacy")
        )
        base.close()
    for row in legacy:
        row |= {level: _with_plain_type(row[level]) for level in ("province", "district", "ward") if row[level]}
    return today, legacy, json.loads((data / "converter_2025.json").read_text(encoding="utf-8"))


def _with_plain_type(name: str) -> str:
    """*name* with its type written as in other rows: a few have "Thị Trấn Prao" or "Thành Phố Bắc Kạn"."""
    for kind in ("Thị trấn", "Thị xã", "Thành phố"):
        if name.lower().startswith(kind.lower() + " "):
            return kind + name[len(kind) :]
    return name


def _old_code(row: Row) -> str:
    """The code that a row of the era before stands for: its commune, or the district without communes."""
    return str(row["wardCode"] or row["districtCode"])


def _commune_successors(today: list[Row], legacy: list[Row], converter: Row) -> dict[str, list[str]]:
    """New communes of each old one, by code. Raises KeyError for a name that the tables do not hold."""
    new = {(row["provinceKey"], row["wardKey"]): row["wardCode"] for row in today}
    old = {f"{row['provinceKey']}_{row['districtKey']}_{row['wardKey'] or ''}": row for row in legacy}
    _require(len(new) == len(today) and len(old) == len(legacy), "a name stands for two communes")
    found: dict[str, list[str]] = defaultdict(list)
    for province, communes in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for key, sources in communes.items():
            for source in sources:
                found[_old_code(old[source])].append(new[province, key])
    for province, sources in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for source, parts in sources.items():
            _require(_old_code(old[source]) not in found, f"{source} is both whole and divided")
            found[_old_code(old[source])] += [new[province, part["newWardKey"]] for part in parts]
    _require(len(found) == len(legacy), "an old commune has no successor")
    return found


def _province_successors(today: list[Row], legacy: list[Row], converter: Row) -> dict[str, list[str]]:
    new = {row["provinceKey"]: row["provinceCode"] for row in today}
    old = {row["provinceKey"]: row["provinceCode"] for row in legacy}
    pairs = [(old[o], new[n]) for n, sources in converter["DICT_PROVINCE"].items() for o in sources]
    _require(len(pairs) == len(dict(pairs)) == len(old), "an old province has not exactly one successor")
    return {o: [n] for o, n in pairs}


def _trusted_points(today: list[Row], legacy: list[Row], successors: dict[str, list[str]]) -> dict[str, Point]:
    """Points of today's communes by code.

    Of two communes of one province with the same or a similar name the source sometimes has the point of
    the other: where two or more predecessors agree with each other and lie far away, their mean is taken.
    """
    unfound = _unfound(legacy)
    predecessors: dict[str, list[Point]] = defaultdict(list)
    for row in legacy:
        point = (row["wardLat"], row["wardLon"])
        if row["wardCode"] and point not in unfound and len(successors[row["wardCode"]]) == 1:
            predecessors[successors[row["wardCode"]][0]].append(point)
    points: dict[str, Point] = {}
    for row in today:
        code, point, own = row["wardCode"], (row["wardLat"], row["wardLon"]), predecessors[row["wardCode"]]
        agree = len(own) > 1 and max(_km(a, b) for a in own for b in own) < FAR_KM
        away = agree and min(_km(point, other) for other in own) > FAR_KM
        points[code] = _mean(own) if code in MISPLACED or (away and row["wardType"] != "Đặc khu") else point
        if points[code] != point:
            print(f"  {code} {row['ward']}, {row['province']}: point of its predecessors")
    return points


def _unfound(legacy: list[Row]) -> set[Point]:
    """Points that the source gave to communes that its geocoder did not find: shared, or the district's."""
    uses = Counter((row["wardLat"], row["wardLon"]) for row in legacy if row["wardCode"])
    return {point for point, number in uses.items() if number > 1} | {
        (row["districtLat"], row["districtLon"]) for row in legacy
    }


def _legacy_points(
    legacy: list[Row], successors: dict[str, list[str]], points: dict[str, Point], zones: set[str]
) -> dict[str, Point]:
    """Points of the communes before (and of districts without communes) by code.

    A commune that the source's geocoder did not find, or found far from all of its successors, gets the
    point of the nearest successor. Islands may lie far from the middle of their special zone.
    """
    unfound, chosen, replaced = _unfound(legacy), dict[str, Point](), 0
    for row in legacy:
        code = _old_code(row)
        # A district without communes has no point of its own commune: its district's may be the mainland's.
        point = (row["wardLat"] or row["districtLat"], row["wardLon"] or row["districtLon"])
        nearest = min(successors[code], key=lambda new: _km(points[new], point))
        away = nearest not in zones and _km(points[nearest], point) > FAR_KM
        chosen[code] = points[nearest] if away or point in unfound else point
        replaced += chosen[code] != point
    print(f"  {replaced} communes before 2025: point of the nearest successor")
    return chosen


def _district_points(legacy: list[Row], points: dict[str, Point]) -> dict[str, Point]:
    """Points of the districts by code; far from all of its communes, a district gets their mean."""
    own: dict[str, list[Point]] = defaultdict(list)
    for row in legacy:
        own[row["districtCode"]].append(points[_old_code(row)])
    chosen: dict[str, Point] = {}
    for row in legacy:
        code, point = row["districtCode"], (row["districtLat"], row["districtLon"])
        away = min(_km(point, other) for other in own[code]) > FAR_KM
        if away and code not in chosen:
            print(f"  {code} {row['district']}, {row['province']}: point of its communes")
        chosen[code] = _mean(own[code]) if away else point
    return chosen


def _area(code: str, kind: str, name: str, parent: str | None, point: Point, *, legacy: bool = False) -> Row:
    area: Row = {"code": code, "from": LEGACY_FROM if legacy else TODAY_FROM}
    if legacy:
        area["to"] = LEGACY_TO
    area |= {"kind": kind, "name": name}
    if parent is not None:
        area["parent"] = parent
    return area | {"lat": round(point[0], 5), "lon": round(point[1], 5)}


def _rename(areas: list[Row]) -> None:
    """Gives the areas in force the names that they got since 1 July 2025, and keeps the former ones."""
    current = {area["code"]: area for area in areas if area["from"] == TODAY_FROM}
    for last_day, source, codes, new_type in RENAMED:
        for code in codes.split():
            area, old_type = current[code], {"Thành phố": "Tỉnh", "Phường": "Xã"}[new_type]
            bare = area["name"].removeprefix(old_type + " ").removeprefix(new_type + " ")
            _require(bare != area["name"], f"{source}: {area['name']} is neither {old_type} nor {new_type}")
            area["name"] = f"{new_type} {bare}"
            area["was"] = [{"name": f"{old_type} {bare}", "to": last_day}]


def _areas(today: list[Row], legacy: list[Row], successors: dict[str, list[str]]) -> list[Row]:
    """Every area, parents before children, the era before first."""
    points = _trusted_points(today, legacy, successors)
    zones = {row["wardCode"] for row in today if row["wardType"] == "Đặc khu"}
    before = _legacy_points(legacy, successors, points, zones)
    districts = _district_points(legacy, before)
    found: dict[tuple[str, str], Row] = {}

    def add(area: Row) -> None:
        same = found.setdefault((area["code"], area["from"]), area)
        _require(same == area, f"two areas under one code: {same} and {area}")

    for row in legacy:
        place = (row["provinceLat"], row["provinceLon"])
        province, district = row["provinceCode"], row["districtCode"]
        add(_area(province, "province", row["province"], None, place, legacy=True))
        add(_area(district, "district", row["district"], province, districts[district], legacy=True))
        if code := row["wardCode"]:
            add(_area(code, "commune", row["ward"], district, before[code], legacy=True))
    for row in today:
        place, code = (row["provinceLat"], row["provinceLon"]), row["wardCode"]
        add(_area(row["provinceCode"], "province", row["province"], None, place))
        add(_area(code, "commune", row["ward"], row["provinceCode"], points[code]))
    _rename(list(found.values()))
    return sorted(found.values(), key=lambda area: (area["from"], len(area["code"]), area["code"]))


def _successions(successors: dict[str, list[str]]) -> Iterator[Row]:
    """Successions of one kind of area, one line for each pair."""
    for old, new in sorted(successors.items()):
        for code in sorted(new):
            yield {"old": old, "new": code, "kind": "whole" if len(new) == 1 else "partial"}


def build() -> list[Row]:
    """All lines of the file, areas first."""
    today, legacy, converter = _read()
    communes = _commune_successors(today, legacy, converter)
    provinces = _province_successors(today, legacy, converter)
    return [*_areas(today, legacy, communes), *_successions(provinces), *_successions(communes)]


def encode(rows: Iterable[Row]) -> bytes:
    """The text of the file before compression."""
    return "".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows).encode()


def main() -> None:
    rows = build()
    counts = Counter((row["from"], row["kind"]) for row in rows if "code" in row)
    found = [counts[era] for era in EXPECTED]
    _require(found == list(EXPECTED.values()), f"expected {EXPECTED}, found {counts}")
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    with TARGET.open("wb") as raw, gzip.GzipFile("", "wb", 9, raw, mtime=0) as archive:
        archive.write(encode(rows))
    for (since, kind), number in sorted(counts.items()):
        print(f"{number:6} {kind} from {since}")
    kinds = dict(sorted((row["old"], row["kind"]) for row in rows if "old" in row))
    ways = Counter(kinds.values())
    print(f"{ways['whole']:6} old areas that went whole, {ways['partial']} divided")
    print(f"{TARGET.stat().st_size:6} bytes")


if __name__ == "__main__":
    main()
