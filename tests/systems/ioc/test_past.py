"""The past that the demo plays: offered, explained, and found again under the successor."""

from collections.abc import Callable, Iterator

import pytest
from pytest_django import Settings

from tests.kernel.cases.desks import browser
from tests.province import Staff
from tests.systems.ioc.mixed import mixed
from tinhso.kernel.cases.models import Case
from tinhso.systems.ioc import catalogue

pytestmark = pytest.mark.django_db
PAST = "binh-phuoc-2020"
NOTE = "BP20B-08"  # a fact of the source that the note names


@pytest.fixture
def demo(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A demo as far as this process takes it; the addresses that only a demo has were settled at its start."""
    settings.TINHSO_DEMO = True
    monkeypatch.setattr("tinhso.shell.web.context.Page.nav", [])
    catalogue.pasts.cache_clear()
    yield
    catalogue.pasts.cache_clear()


@pytest.fixture
def month(staff: Staff, report: Callable[..., Case]) -> list[Case]:
    return mixed(staff, report)


def test_a_past_is_offered_only_where_it_was_played(demo: None, staff: Staff, report: Callable[..., Case]) -> None:
    client = browser(staff.operator)
    assert PAST not in client.get("/ioc/").content.decode()
    mixed(staff, report)
    assert PAST in client.get("/ioc/").content.decode()


def test_a_past_lies_in_its_successor_and_says_what_it_is(demo: None, staff: Staff, month: list[Case]) -> None:
    page = browser(staff.operator).get("/ioc/", {"period": PAST}).content.decode()
    assert NOTE in page
    assert "UBND tỉnh Bình Phước" in page
    assert 'id="opened-denominator"' in page
    assert '">6</a>' in page
    assert "lineage=0" in page


def test_without_predecessors_the_past_is_gone(demo: None, staff: Staff, month: list[Case]) -> None:
    client = browser(staff.operator)
    page = client.get("/ioc/", {"period": PAST, "lineage": "0"}).content.decode()
    assert NOTE not in page
    assert "lineage=1" in page
    assert NOTE in client.get("/ioc/", {"period": PAST, "unit": "H10"}).content.decode()
    assert NOTE not in client.get("/ioc/", {"period": "30-days"}).content.decode()


def test_outside_a_demo_there_is_no_past(settings: Settings, staff: Staff, month: list[Case]) -> None:
    settings.TINHSO_DEMO = False
    catalogue.pasts.cache_clear()
    page = browser(staff.operator).get("/ioc/", {"from": "2020-10-01", "to": "2020-10-31"}).content.decode()
    assert NOTE not in page
    assert "UBND tỉnh Bình Phước" in page  # predecessors are named all the same
