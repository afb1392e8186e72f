"""The map shows the cases of its figure, where they are, to whoever may see them."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.kernel.cases.desks import browser, numbers
from tests.province import Staff
from tests.systems.ioc.mixed import mixed
from tests.systems.ioc.test_figures import count_of
from tinhso.kernel.cases.models import Case
from tinhso.systems.ioc.queries import places

pytestmark = pytest.mark.django_db
MARCH = "from=2026-03-01&to=2026-03-31"
EVERYWHERE = "bbox=100,8,110,24"


@pytest.fixture
def month(staff: Staff, report: Callable[..., Case]) -> list[Case]:
    return mixed(staff, report)


def features(client: Client, query: str) -> list[dict[str, Any]]:
    answer = client.get(f"/ioc/map/cells?{query}")
    assert answer.headers["Content-Type"] == "application/geo+json"
    found = answer.json()
    assert found["type"] == "FeatureCollection"
    return [it["properties"] for it in found["features"]]


@pytest.mark.parametrize("zoom", [5, 8, 9.5, 11, 13])
@pytest.mark.parametrize("show", ["open", "opened"])
def test_cells_hold_every_case_with_a_point_and_lead_to_their_list(
    staff: Staff, month: list[Case], zoom: float, show: str
) -> None:
    client = browser(staff.operator)
    cells = features(client, f"{MARCH}&{EVERYWHERE}&zoom={zoom}&show={show}")
    single = features(client, f"{MARCH}&{EVERYWHERE}&zoom=16&show={show}")
    assert sum(it["cases"] for it in cells) == len(single) > 5
    for state in ("overdue", "open", "closed"):
        assert any(it["state"] == state for it in single) == any(_has(it, state) for it in cells)
    for it in cells:
        assert count_of(client.get(it["url"]).content.decode()) == it["cases"]


def _has(cell: dict[str, Any], state: str) -> bool:
    counts = {
        "overdue": cell["overdue"],
        "open": cell["open"] - cell["overdue"],
        "closed": cell["cases"] - cell["open"],
    }
    return counts[state] > 0


def test_near_cases_stand_by_themselves_and_lead_to_their_pages(staff: Staff, month: list[Case]) -> None:
    client = browser(staff.operator)
    for it in features(client, f"{MARCH}&{EVERYWHERE}&zoom=15"):
        assert client.get(it["url"]).status_code == 200
        assert it["number"] in it["url"]


def test_too_many_single_cases_are_gathered(staff: Staff, month: list[Case], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "MOST_FEATURES", 4)
    found = features(browser(staff.operator), f"{MARCH}&{EVERYWHERE}&zoom=16&show=opened")
    assert 0 < len(found) <= 4
    assert all("cases" in it for it in found)


def test_the_map_shows_nobody_more_than_the_lists(staff: Staff, month: list[Case]) -> None:
    client = browser(staff.officer)
    found = features(client, f"{MARCH}&{EVERYWHERE}&zoom=16&show=opened&unit=H19")
    seen = set(Case.objects.visible_to(staff.officer.scope).values_list("number", flat=True))
    assert 0 < len(found) < len(month)
    assert {it["number"] for it in found} <= seen
    gathered = features(client, f"{MARCH}&{EVERYWHERE}&zoom=5&show=opened&unit=H19")
    assert sum(it["cases"] for it in gathered) == len(found)


def test_only_the_part_that_is_looked_at_is_sent(staff: Staff, month: list[Case]) -> None:
    assert features(browser(staff.operator), f"{MARCH}&bbox=100,8,101,9&zoom=16") == []


@pytest.mark.parametrize(
    "query", ["", "zoom=8", "bbox=1,2,3&zoom=8", "bbox=nan,8,110,24&zoom=8", "bbox=9,9,1,1&zoom=8"]
)
def test_what_is_no_part_of_the_map_is_not_there(staff: Staff, query: str) -> None:
    assert browser(staff.operator).get(f"/ioc/map/cells?{query}").status_code == 404


@pytest.mark.parametrize("show", ["open", "opened"])
def test_the_table_holds_every_case_also_those_without_a_point(staff: Staff, month: list[Case], show: str) -> None:
    client = browser(staff.operator)
    Case.objects.filter(pk=month[9].pk).update(
        area=None, latitude=None, longitude=None, cell=None
    )  # as imported ones
    page = client.get(f"/ioc/map/?{MARCH}&show={show}").content.decode()
    rows = re.findall(r'<a href="(/ioc/cases/[^"]+)">(\d+)<', page.split('id="communes"')[1])
    assert sum(int(count) for _, count in rows) == count_of(page)
    assert any("placeless" in parse_qs(urlsplit(unescape(address)).query) for address, _ in rows)
    for address, count in rows:
        assert len(numbers(client.get(unescape(address)).content.decode())) == int(count)
