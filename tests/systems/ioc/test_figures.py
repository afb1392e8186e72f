"""Every figure of the board leads to exactly the cases that it counts."""

import re
from collections.abc import Callable
from datetime import date
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.kernel.cases.desks import browser, numbers, statements_of
from tests.province import Staff, actor
from tests.systems.ioc.mixed import MARCH, mixed
from tinhso.kernel.cases.models import Case
from tinhso.kernel.measures.definitions import MEASURES
from tinhso.kernel.measures.queries import Selection, total
from tinhso.kernel.people.rules import Role, Scope
from tinhso.kernel.units.queries import unit
from tinhso.systems.ioc.queries import figures as counted
from tinhso.systems.ioc.queries.cases import Behind, Side, listing
from tinhso.systems.ioc.rules import Period

Report = Callable[..., Case]
pytestmark = pytest.mark.django_db
BOARD = "/ioc/"
FIGURES = [(name, side) for name in MEASURES for side in Side]


@pytest.fixture
def month(staff: Staff, report: Report) -> list[Case]:
    return mixed(staff, report)


def everything(behind: Behind, scope: Scope) -> list[int]:
    """Keys of all cases behind a figure, page by page."""
    page = listing(behind, scope)
    found = [case.pk for case in page.rows]
    while page.following:
        page = listing(behind, scope, page.following)
        found += [case.pk for case in page.rows]
    return found


SELECTIONS: dict[str, dict[str, Any]] = {
    "a month": MARCH,
    "up to now": {"start": date(2026, 3, 1)},
    "one day": {"start": date(2026, 3, 4), "end": date(2026, 3, 4)},
    "with predecessors": {"start": date(2020, 1, 1), "end": date(2026, 12, 31)},
    "without predecessors": {"start": date(2020, 1, 1), "lineage": False},
    "a category": MARCH | {"category": "rubbish", "type": "report"},
    "a channel": MARCH | {"channel": "call"},
    "another type": MARCH | {"type": "permit"},
}


@pytest.mark.parametrize("which", SELECTIONS)
@pytest.mark.parametrize("code", ["H19", "H19.09", "H19.101", "H10"])
def test_a_figure_and_its_list_are_the_same_cases(
    staff: Staff, month: list[Case], monkeypatch: pytest.MonkeyPatch, which: str, code: str
) -> None:
    monkeypatch.setattr("tinhso.systems.ioc.queries.cases.PAGE", 3)
    assert staff.operator.scope
    for name, side in FIGURES:
        selection = Selection(unit=unit(code), **SELECTIONS[which])
        row = total(name, selection)
        wanted = row.numerator if side is Side.NUMERATOR else row.denominator
        found = everything(Behind(MEASURES[name], side, selection), staff.operator.scope)
        assert (name, side, len(found)) == (name, side, wanted)
        assert len(set(found)) == len(found)


def test_the_mixed_month_has_something_of_everything(staff: Staff, month: list[Case]) -> None:
    for name in MEASURES:
        row = total(name, Selection(unit=unit("H19"), **MARCH))
        assert row.numerator > 0, name
        if name not in {"closing"}:
            assert row.denominator > row.numerator, name


@pytest.mark.parametrize("which", ["a month", "up to now", "with predecessors"])
def test_the_parts_of_a_breakdown_add_up_and_lead_to_their_cases(staff: Staff, month: list[Case], which: str) -> None:
    selection = Selection(unit=unit("H19"), **SELECTIONS[which])
    whole = counted.live(selection)
    by_unit, by_category = counted.by_unit(selection), counted.by_category(selection)
    for name, row in whole.items():
        for parts in (by_unit, by_category):
            if parts[0].rows.get(name):
                assert sum(it.rows[name].numerator for it in parts) == row.numerator, name
                assert sum(it.rows[name].denominator for it in parts) == row.denominator, name
    assert any(part.before for part in by_unit) == (which == "with predecessors")
    for part in by_unit:
        its = Selection(unit=part.unit, **SELECTIONS[which] | {"lineage": False})
        for name, row in part.rows.items():
            if not row.denominator:
                continue  # nothing is shown, and nothing linked
            found = listing(Behind(MEASURES[name], Side.NUMERATOR, its, own=part.own), staff.operator.scope)
            assert (part.unit, name, found.seen) == (part.unit, name, row.numerator)
            assert found.outside == 0


def test_the_trend_adds_up_to_the_period(staff: Staff, month: list[Case]) -> None:
    period = Period(MARCH["start"], MARCH["end"])
    steps = counted.trend(Selection(unit=unit("H19"), **MARCH), period)
    whole = total("closed", Selection(unit=unit("H19"), **MARCH))
    assert len(steps) == 31
    assert sum(it.opened for it in steps) == whole.denominator
    assert sum(it.closed for it in steps) == whole.numerator


@pytest.mark.parametrize(("name", "side"), FIGURES)
def test_whoever_sees_less_is_told_how_many_more_there_are(
    staff: Staff, month: list[Case], name: str, side: Side
) -> None:
    behind = Behind(MEASURES[name], side, Selection(unit=unit("H19"), **MARCH))
    whole = listing(behind, staff.operator.scope)
    part = listing(behind, staff.officer.scope)
    visible = set(Case.objects.visible_to(staff.officer.scope).values_list("pk", flat=True))
    assert {case.pk for case in part.rows} == visible & {case.pk for case in whole.rows}
    assert part.total == whole.total
    assert part.outside == whole.total - len(part.rows)


def links(html: str) -> dict[str, str]:
    """The numbers of the tiles by their ids, with their addresses."""
    found = re.findall(r'<a id="([\w-]+)" href="([^"]+)">([^<]+)<', html)
    return {f"{key}={text}": unescape(address) for key, address, text in found if key.endswith("ator")}


def count_of(html: str) -> int:
    found = re.search(r'class="ioc-total">(\d+)<', html)
    assert found
    return int(found[1])


def test_every_number_of_the_page_is_the_length_of_the_list_it_leads_to(staff: Staff, month: list[Case]) -> None:
    client = browser(staff.operator)
    board = client.get(BOARD, {"from": "2026-03-01", "to": "2026-03-31"}).content.decode()
    found = links(board)
    assert len(found) == 12 + 9  # every tile has a denominator, all but three a numerator beside it
    for key, address in found.items():
        listed = client.get(address).content.decode()
        assert (key, count_of(listed)) == (key, int(key.partition("=")[2]))
        assert len(numbers(listed)) == count_of(listed)


def test_numbers_of_the_tables_lead_to_their_cases_too(staff: Staff, month: list[Case]) -> None:
    client = browser(staff.operator)
    board = client.get(BOARD, {"from": "2020-01-01", "to": "2026-12-31"}).content.decode()
    tables = board.split('id="tables"')[1].split("ioc-map-card")[0]
    found = re.findall(r'<a href="(/ioc/cases/[^"]+)">(\d+)<', tables)
    assert len(found) > 60
    for address, text in dict(found).items():
        assert (address, count_of(client.get(unescape(address)).content.decode())) == (address, int(text))


def test_shares_of_few_cases_are_held_back(staff: Staff, report: Report) -> None:
    from tests.kernel.measures.test_measures import handle, settle
    from tests.province import MONDAY

    for _ in range(4):
        handle(report(), staff, MONDAY)
    settle()
    client, march = browser(staff.operator), {"from": "2026-03-01", "to": "2026-03-31"}
    tiles = client.get("/ioc/figures/", march).content.decode()
    assert "%" not in re.sub(r"%[0-9A-F]{2}", "", tiles)
    assert "under 5" in tiles or "dưới 5" in tiles
    assert ">4</a>" in tiles  # the numbers themselves stay
    report()
    settle()
    assert "80\N{NO-BREAK SPACE}%" in client.get("/ioc/figures/", march).content.decode()


def test_figures_that_did_not_change_are_not_sent_again(staff: Staff, report: Report) -> None:
    from tests.kernel.measures.test_measures import settle

    client = browser(staff.operator)
    address = unescape(re.findall(r'hx-get="(/ioc/figures/[^"]+)"', client.get(BOARD).content.decode())[0])
    assert client.get(address).status_code == 204
    assert "ioc:counted" in client.get(address).headers["HX-Trigger"]
    report(at=None)
    settle()
    fresh = client.get(address)
    assert fresh.status_code == 200
    assert 'id="opened-denominator"' in fresh.content.decode()
    assert client.get(unescape(re.findall(r'hx-get="([^"]+)"', fresh.content.decode())[0])).status_code == 204


def statements(client: Client, address: str) -> int:
    client.get(address)  # what is kept in memory is read once
    return statements_of(client, address)


def test_pages_take_few_statements_however_many_cases(staff: Staff, month: list[Case]) -> None:
    client = browser(staff.operator)
    march = "?from=2026-03-01&to=2026-03-31"
    assert statements(client, f"/ioc/figures/{march}") == 4
    assert statements(client, f"/ioc/tables/{march}") == 4
    assert statements(client, f"{BOARD}{march}") == 8
    for name, side in FIGURES:
        assert statements(client, f"/ioc/cases/{march}&figure={name}&part={side}") <= 3
    small = browser(staff.officer)
    assert statements(small, f"/ioc/cases/{march}&unit=H19&figure=resolved&part=denominator") == 3
    assert statements(client, f"/ioc/map/{march}") == 2
    assert statements(client, f"/ioc/map/cells{march}&bbox=100,8,110,24&zoom=8") == 1


def test_the_board_is_for_staff_and_their_units(staff: Staff, month: list[Case]) -> None:
    resident = actor("resident", "H19")
    for address in (BOARD, "/ioc/figures/", "/ioc/tables/", "/ioc/units/", "/ioc/map/", "/ioc/cases/"):
        assert Client().get(address).status_code == 302
        assert browser(resident).get(address).status_code == 403
    officer = browser(staff.officer)
    assert "H19.101" in unescape(officer.get(BOARD).content.decode())
    assert officer.get(BOARD, {"unit": "H19"}).status_code == 200
    assert officer.get(BOARD, {"unit": "H19.102"}).status_code == 403
    assert officer.get(BOARD, {"unit": "H19.999"}).status_code == 404


def test_the_board_starts_where_the_person_looks_from_the_highest(staff: Staff, month: list[Case]) -> None:
    leader = actor("director", "H19.09", Role.LEADER)
    for who, title in ((staff.operator, "H19"), (leader, "H19.09"), (staff.officer, "H19.101")):
        assert f"<h1>{unit(title).title}</h1>" in browser(who).get(BOARD).content.decode()


def test_units_are_found_without_diacritics_and_only_those_of_the_scope(staff: Staff) -> None:
    client = browser(staff.operator)
    words = unit("H19.101").search.split()[-2:]
    found = client.get("/ioc/units/", {"words": " ".join(words)}, headers={"HX-Request": "true"}).content.decode()
    assert unit("H19.101").title in found
    assert "<html" not in found
    assert "unit=H19.102" not in browser(staff.officer).get("/ioc/units/", {"words": "ubnd"}).content.decode()
    assert "<h1>" in client.get("/ioc/units/", {"words": "x" * 500}).content.decode()


@pytest.mark.parametrize(
    "query",
    [
        "period=nonsense",
        "from=2026-03-31&to=2026-03-01",
        "from=x",
        "to=9999-12-31",
        "type=x&category=%00",
        "lineage=2&sort=x",
        "unit=H19@2025-07-01",
    ],
)
def test_an_address_that_cannot_be_read_shows_the_usual_board(staff: Staff, query: str) -> None:
    assert browser(staff.operator).get(f"{BOARD}?{query}").status_code == 200


@pytest.mark.parametrize(
    "query",
    [
        "",
        "figure=resolved",
        "figure=x&part=numerator",
        "figure=resolved&part=x",
        "figure=resolved&part=numerator&cell=xyz",
        "figure=resolved&part=numerator&cell=ffffffffffffffffffffff",
        "figure=resolved&part=numerator&area=999999999999",
        "figure=resolved&part=numerator&area=\N{SUPERSCRIPT TWO}",
    ],
)
def test_a_list_of_no_figure_is_not_there(staff: Staff, query: str) -> None:
    assert browser(staff.operator).get(f"/ioc/cases/?{query}").status_code == 404


def test_a_link_to_a_page_that_was_cut_off_shows_the_start(staff: Staff, month: list[Case]) -> None:
    address = reverse("ioc:cases") + "?figure=resolved&part=denominator&from=2026-03-01&to=2026-03-31&after=2026-0"
    assert len(numbers(browser(staff.operator).get(address).content.decode())) > 10
