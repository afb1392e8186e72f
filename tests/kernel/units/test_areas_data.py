"""The areas and offices that the project ships: whole, consistent, and what their tool makes."""

import gzip
import json
import unicodedata
from collections import Counter
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from tinhso.kernel.catalogue import read_yaml
from tools import areas as tool

ROOT = Path(__file__).parents[3]
OFFICES = sorted((ROOT / "catalog/units").glob("*.yaml"))
BEFORE, TODAY = "2004-07-08", "2025-07-01"

#: Communes of the era before that nobody took over.
WITHOUT_SUCCESSOR: set[str] = set()

Row = dict[str, Any]


@pytest.fixture(scope="module")
def lines() -> list[Row]:
    with gzip.open(tool.TARGET, "rt", encoding="utf-8") as file:
        return [json.loads(line) for line in file]


@pytest.fixture(scope="module")
def areas(lines: list[Row]) -> dict[tuple[str, str], Row]:
    return {(line["code"], line["from"]): line for line in lines if "code" in line}


@pytest.fixture(scope="module")
def successions(lines: list[Row]) -> list[Row]:
    return [line for line in lines if "old" in line]


class TestAreas:
    def test_counts_are_the_official_ones(self, areas: dict[tuple[str, str], Row]) -> None:
        counts = Counter((since, area["kind"]) for (_, since), area in areas.items())
        assert counts == {
            (TODAY, "province"): 34,
            (TODAY, "commune"): 3321,
            (BEFORE, "province"): 63,
            (BEFORE, "district"): 696,
            (BEFORE, "commune"): 10035,
        }

    def test_an_identity_stands_once_and_eras_do_not_overlap(self, lines: list[Row]) -> None:
        identities = [(line["code"], line["from"]) for line in lines if "code" in line]
        assert len(identities) == len(set(identities))
        assert {line.get("to") for line in lines if line.get("from") == BEFORE} == {"2025-06-30"}
        assert {line.get("to") for line in lines if line.get("from") == TODAY} == {None}

    def test_each_area_has_a_parent_of_the_right_kind_in_its_era(self, areas: dict[tuple[str, str], Row]) -> None:
        above = {
            (BEFORE, "commune"): "district",
            (BEFORE, "district"): "province",
            (TODAY, "commune"): "province",
        }
        for (_, since), area in areas.items():
            if area["kind"] == "province":
                assert "parent" not in area
            else:
                assert areas[area["parent"], since]["kind"] == above[since, area["kind"]], area

    def test_parents_stand_before_their_children(self, lines: list[Row]) -> None:
        seen: set[tuple[str, str]] = set()
        for line in lines:
            if "code" in line:
                assert "parent" not in line or (line["parent"], line["from"]) in seen, line
                seen.add((line["code"], line["from"]))

    def test_every_point_lies_in_vietnam(self, areas: dict[tuple[str, str], Row]) -> None:
        for area in areas.values():
            east = 115 if "Trường Sa" in area["name"] or area.get("parent") == "576" else 112.5
            assert 8 < area["lat"] < 23.5 and 102 < area["lon"] < east, area

    def test_a_commune_lies_near_its_predecessors(
        self, areas: dict[tuple[str, str], Row], successions: list[Row]
    ) -> None:
        for line in successions:
            old, new = areas[line["old"], BEFORE], areas[line["new"], TODAY]
            if line["kind"] == "whole" and new["kind"] == "commune" and not new["name"].startswith("Đặc khu"):
                assert abs(new["lat"] - old["lat"]) + abs(new["lon"] - old["lon"]) < 0.4, line

    def test_names_are_clean_and_begin_with_their_type(self, areas: dict[tuple[str, str], Row]) -> None:
        types = {
            "province": ("Tỉnh ", "Thành phố "),
            "district": ("Quận ", "Huyện ", "Thị xã ", "Thành phố "),
            "commune": ("Xã ", "Phường ", "Thị trấn ", "Đặc khu "),
        }
        for area in areas.values():
            for name in [area["name"], *(was["name"] for was in area.get("was", ()))]:
                assert name.startswith(types[area["kind"]]), area
                assert name == unicodedata.normalize("NFC", " ".join(name.split())), area

    def test_names_given_since_2025_are_in_force_and_the_former_ones_kept(
        self, areas: dict[tuple[str, str], Row]
    ) -> None:
        renamed = {code: area for (code, _), area in areas.items() if "was" in area}
        assert {code: area["name"] for code, area in renamed.items() if area["kind"] == "province"} == {
            "22": "Thành phố Quảng Ninh",
            "24": "Thành phố Bắc Ninh",
            "75": "Thành phố Đồng Nai",
        }
        assert renamed["75"]["was"] == [{"name": "Tỉnh Đồng Nai", "to": "2026-04-29"}]
        wards = Counter(area["parent"] for area in renamed.values() if area["kind"] == "commune")
        assert wards == {"75": 10, "24": 12}

    def test_district_without_communes_is_there(self, areas: dict[tuple[str, str], Row]) -> None:
        districts = {code for (code, _), area in areas.items() if area["kind"] == "district"}
        empty = districts - {area.get("parent") for area in areas.values()}
        assert {areas[code, BEFORE]["name"] for code in empty} == {
            "Huyện Bạch Long Vĩ",
            "Huyện Cồn Cỏ",
            "Huyện Hoàng Sa",
            "Huyện Lý Sơn",
            "Huyện Côn Đảo",
        }


class TestSuccessions:
    def test_they_lead_from_the_era_before_to_today_each_once(
        self, areas: dict[tuple[str, str], Row], successions: list[Row]
    ) -> None:
        for line in successions:
            assert (line["old"], BEFORE) in areas and (line["new"], TODAY) in areas, line
        assert len({(line["old"], line["new"]) for line in successions}) == len(successions)

    def test_whole_means_one_successor_and_partial_several(self, successions: list[Row]) -> None:
        parts = Counter(line["old"] for line in successions)
        for line in successions:
            assert line["kind"] == ("whole" if parts[line["old"]] == 1 else "partial"), line

    def test_every_old_area_but_the_districts_has_a_successor(
        self, areas: dict[tuple[str, str], Row], successions: list[Row]
    ) -> None:
        told = {line["old"] for line in successions}
        old = {code for (code, since), area in areas.items() if since == BEFORE and area["kind"] != "district"}
        assert old - told == WITHOUT_SUCCESSOR
        assert len(told - old) == 5, "the island districts that became special zones"

    def test_every_area_of_today_has_a_past(self, areas: dict[tuple[str, str], Row], successions: list[Row]) -> None:
        assert {line["new"] for line in successions} == {code for code, since in areas if since == TODAY}

    def test_each_old_province_went_whole_to_one(self, successions: list[Row]) -> None:
        provinces = [line for line in successions if len(line["old"]) == 2]
        assert len(provinces) == 63 and {line["kind"] for line in provinces} == {"whole"}

    def test_a_commune_goes_where_its_province_went(
        self, areas: dict[tuple[str, str], Row], successions: list[Row]
    ) -> None:
        became = {line["old"]: line["new"] for line in successions if len(line["old"]) == 2}
        assert became["70"] == "75" and became["74"] == "79" and became["93"] == "92"
        for line in successions:
            old, new = areas[line["old"], BEFORE], areas[line["new"], TODAY]
            if old["kind"] == "commune":
                assert became[areas[old["parent"], BEFORE]["parent"]] == new["parent"], line


def test_file_is_what_the_tool_makes(lines: list[Row], capsys: pytest.CaptureFixture[str]) -> None:
    assert tool.build() == lines


def test_file_is_small() -> None:
    assert tool.TARGET.stat().st_size < 1_000_000


Office = dict[str, Any]


def _all(part: str) -> list[Office]:
    return [entry | {"file": path.name} for path in OFFICES for entry in read_yaml(path).value.get(part, [])]


def _in_force(offices: list[Office], code: str, day: date) -> Office | None:
    found = [o for o in offices if o["code"] == code and o["from"] <= day <= o.get("to", date.max)]
    assert len(found) < 2, f"{code} stands for two offices on {day}"
    return found[0] if found else None


class TestOffices:
    def test_there_are_offices_of_every_province_of_the_sources(self) -> None:
        codes = {office["code"] for office in _all("units")}
        assert {"G14", "G06", "H09", "H10", "H13", "H19", "H29", "H30"} <= codes

    def test_an_identity_stands_once(self) -> None:
        assert max(Counter((office["code"], office["from"]) for office in _all("units")).values()) == 1

    def test_fields_are_those_of_the_format(self) -> None:
        needed = {"code", "name", "kind", "from"}
        kinds = {"ministry", "committee", "department", "desk", "centre", "operator", "agency"}
        for office in _all("units"):
            assert needed <= set(office) <= needed | {"to", "parent", "area", "aliases", "file"}, office
            assert set(office["name"]) == {"vi", "en"} and office["kind"] in kinds
            assert office["from"] <= office.get("to", date.max)

    def test_a_parent_is_in_force_as_long_as_its_children(self) -> None:
        offices = _all("units")
        for office in offices:
            if "parent" in office:
                parent = _in_force(offices, office["parent"], office["from"])
                assert parent, f"{office['code']}: {office['parent']} is not in force on {office['from']}"
                assert parent.get("to", date.max) >= office.get("to", date.max), office

    def test_an_area_is_in_force_as_long_as_its_offices(self, areas: dict[tuple[str, str], Row]) -> None:
        for office in _all("units"):
            if "area" in office:
                era = TODAY if office["from"].isoformat() >= TODAY else BEFORE
                area = areas[office["area"], era]
                assert office["from"].isoformat() >= area["from"]
                assert office.get("to", date.max).isoformat() <= area.get("to", "9999-12-31"), office

    def test_an_alias_names_one_office(self) -> None:
        aliases = Counter(alias for office in _all("units") for alias in office.get("aliases", []))
        assert max(aliases.values()) == 1

    def test_successions_join_offices_in_force(self) -> None:
        offices = _all("units")
        for line in _all("successions"):
            assert line["kind"] in {"whole", "partial"} and line["source"]
            old = _in_force(offices, line["old"], line["on"] - timedelta(days=1))
            new = _in_force(offices, line["new"], line["on"])
            assert old and new, line
            assert old is not new and old["to"] == line["on"] - timedelta(days=1), line

    def test_the_committees_of_the_four_provinces_live_on(self) -> None:
        on = date(2025, 7, 1)
        whole = {(s["old"], s["new"]) for s in _all("successions") if s["on"] == on and s["kind"] == "whole"}
        assert {("H10", "H19"), ("H19", "H19"), ("H09", "H29"), ("H30", "H13")} <= whole

    def test_rule_for_communes_makes_95_offices_of_dong_nai(self, areas: dict[tuple[str, str], Row]) -> None:
        offices = _all("units")
        (rule,) = _all("communes")
        assert _in_force(offices, rule["under"], rule["from"])
        assert areas[rule["area"], rule["from"].isoformat()]["name"] == "Thành phố Đồng Nai"
        communes = [a for (_, since), a in areas.items() if since == TODAY and a.get("parent") == rule["area"]]
        codes = {rule["code"].format(n=number) for number, _ in enumerate(communes, rule["start"])}
        assert len(codes) == 95
        assert not codes & {office["code"] for office in offices}
        assert "{name}" in rule["name"]["vi"] and "{name}" in rule["name"]["en"]

    def test_every_district_of_binh_phuoc_has_a_committee(self, areas: dict[tuple[str, str], Row]) -> None:
        districts = {code for (code, _), area in areas.items() if area.get("parent") == "70"}
        of_2020 = [
            office["area"]
            for office in _all("units")
            if len(office.get("area", "")) == 3 and office["from"] <= date(2020, 9, 1) <= office["to"]
        ]
        assert len(districts) == 11 and sorted(of_2020) == sorted(districts)
