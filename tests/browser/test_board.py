"""The board in a real browser: it lives, it leads to its cases, it fits a phone, and it asks nobody outside."""

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from django.core.cache import cache
from django.utils import timezone
from PIL import Image

from tests.browser.conftest import Visit, faults, overflows
from tests.kernel.cases.desks import browser as signed_in
from tests.province import PLACE, actor
from tinhso.kernel.cases import actions
from tinhso.kernel.cases.actions import Opening, open_case
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.journal.followers import catch_up_all
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WAIT = 20_000  # milliseconds: figures are looked at every five seconds, and the machine may be slow
PHONE, DESKTOP = 360, 1440
OPERATOR = "board-operator"
OVERDUE = (176, 35, 28)
"""The colour of the marker of an overdue case."""
Come = Callable[..., "Page"]


def cookies_of(who: Actor, base: str) -> list[Any]:
    """A session of *who*, as a browser keeps it."""
    kept = signed_in(who).cookies.values()
    return [{"name": it.key, "value": it.value, "url": base} for it in kept if it.value]


@pytest.fixture
def come(visit: Visit, live_server: Any) -> Iterator[Come]:
    """Opens a page as one of the staff; nothing on it may come from outside the installation."""
    outside: list[str] = []

    def opened(who: Actor, address: str, **more: Any) -> "Page":
        page = visit(**more)
        inside = (live_server.url, "data:", "blob:")
        page.on("request", lambda it: None if it.url.startswith(inside) else outside.append(it.url))
        page.context.add_cookies(cookies_of(who, live_server.url))
        page.goto(address)
        return page

    yield opened
    assert outside == []


@pytest.fixture
def operator(visit: Visit) -> Actor:
    """The operator of the province; one for all tests of this module, which share their database."""
    known = Person.objects.filter(username=OPERATOR).first()
    return Actor(known.scope) if known else actor(OPERATOR, "H19", Role.OPERATOR)


@pytest.fixture
def lately(operator: Actor) -> Case:
    """Eight reports of the last days or more, some handled, and one overdue, which is returned."""
    if not Case.objects.exists():
        now = timezone.now()
        cases = [reported(now - timedelta(days=1, minutes=number)) for number in range(6)]
        reported(now - timedelta(days=20), place={"lat": 11.75, "lon": 106.95})
        reported(now - timedelta(hours=5), category="rubbish", place={"lat": 10.95, "lon": 106.85})
        for case in cases[:4]:
            actions.act(case.pk, "accept", {}, actor=operator)
            actions.act(case.pk, "close", {"outcome": "solved", "answer": "Xong"}, actor=operator)
        catch_up_all()
    return Case.objects.order_by("opened_at")[0]


def reported(at: datetime, **typed: Any) -> Case:
    values = {"category": "road", "text": "Ổ gà lớn giữa đường", "place": PLACE} | typed
    return open_case(Opening("report", values, "web", at=at))


def number(page: "Page", key: str) -> int:
    return int(page.locator(f"#{key}").inner_text())


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_board_fits_and_everybody_can_use_it(
    operator: Actor, lately: Case, come: Come, width: int, language: str
) -> None:
    page = come(operator, "/ioc/", width=width, language=language)
    page.locator("[data-map][data-shown]").wait_for(timeout=WAIT)
    assert not overflows(page)
    assert faults(page) == []
    page.locator(".ioc-behind summary").click()
    for menu in (".ioc-chooser", ".ioc-days"):
        page.locator(f"{menu} summary").click()
        assert not overflows(page)
        assert faults(page) == []
        page.keyboard.press("Escape")


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
def test_the_lists_and_the_map_fit_too(operator: Actor, lately: Case, come: Come, width: int) -> None:
    page = come(operator, "/ioc/map/?show=opened", width=width)
    page.locator("[data-map][data-shown]").wait_for(timeout=WAIT)
    assert not overflows(page)
    assert faults(page) == []
    page.goto("/ioc/")
    page.locator("#opened-denominator").click()
    page.locator(".ioc-cases").wait_for()
    assert not overflows(page)
    assert faults(page) == []


def test_a_figure_is_one_click_from_its_cases(operator: Actor, lately: Case, come: Come) -> None:
    page = come(operator, "/ioc/")
    for key in ("resolved-numerator", "resolved-denominator", "overdue_open-numerator", "closing-numerator"):
        wanted = number(page, key)
        page.locator(f"#{key}").click()
        assert page.locator(".ioc-total").inner_text() == str(wanted)
        assert page.locator(".desk-row").count() == wanted > 0
        page.locator(".ioc-over a").click()
        page.locator("#figures").wait_for()


def test_figures_change_by_themselves_and_keep_the_place_of_the_reader(
    operator: Actor, lately: Case, come: Come
) -> None:
    page = come(operator, "/ioc/")
    before = number(page, "opened-denominator")
    place = page.locator("#opened-denominator")
    place.focus()
    heights = page.evaluate("document.querySelector('.ioc-grid').getBoundingClientRect().top")
    case = reported(timezone.now())
    catch_up_all()
    page.locator("#opened-denominator", has_text=re.compile(f"^{before + 1}$")).wait_for(timeout=WAIT)
    assert page.evaluate("document.activeElement.id") == "opened-denominator"
    assert page.evaluate("document.querySelector('.ioc-grid').getBoundingClientRect().top") == heights
    assert str(before + 1) in page.locator("#said").inner_text()
    page.locator(".ioc-trend strong", has_text=re.compile(f"^{before + 1}$")).wait_for(timeout=WAIT)
    page.locator("#opened-denominator").click()
    page.get_by_text(case.number).wait_for()


def test_a_lost_connection_is_said_and_heals(
    operator: Actor, lately: Case, browser: "Browser", live_server: Any
) -> None:
    cache.clear()
    context = browser.new_context(base_url=live_server.url)
    context.add_cookies(cookies_of(operator, live_server.url))
    page = context.new_page()
    page.goto("/ioc/")
    counted = page.locator("#stamp time").inner_text()
    page.locator("#stamp time", has_not_text=counted).wait_for(timeout=WAIT)
    context.set_offline(True)
    page.locator("#stamp.ioc-lost").wait_for(timeout=WAIT)
    assert page.locator("#stamp time").inner_text() in page.locator("#said").inner_text()
    context.set_offline(False)
    page.locator("#stamp:not(.ioc-lost)").wait_for(timeout=WAIT)
    context.close()


def test_a_hidden_board_asks_for_nothing(operator: Actor, lately: Case, come: Come) -> None:
    page = come(operator, "/ioc/")
    asked: list[str] = []
    page.on("request", lambda it: asked.append(it.url) if "/figures/" in it.url else None)
    page.evaluate("Object.defineProperty(document, 'hidden', { configurable: true, get: () => true })")
    page.wait_for_timeout(6_500)
    assert asked == []
    page.evaluate("delete document.hidden; document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_timeout(1_000)
    assert len(asked) == 1


def test_a_unit_is_found_without_diacritics(operator: Actor, lately: Case, come: Come) -> None:
    page = come(operator, "/ioc/?period=7-days")
    page.locator(".ioc-chooser summary").click()
    page.locator("#unit-words").fill("so xay dung")
    page.locator("#unit-list a[href*='unit=H19.09&']").click()
    page.locator("h1", has_text="Sở Xây dựng").wait_for()
    assert "period=7-days" in page.url


def test_a_category_is_chosen_at_once_and_left_again(operator: Actor, lately: Case, come: Come) -> None:
    page = come(operator, "/ioc/?type=report")
    page.locator("#category").select_option("rubbish")
    page.wait_for_url("**category=rubbish**")
    assert number(page, "opened-denominator") == 1 < Case.objects.count()
    page.locator("#category").select_option("")
    page.wait_for_url(lambda url: "category" not in url)
    assert number(page, "opened-denominator") == Case.objects.count()


def middle_of(page: "Page", colour: tuple[int, int, int]) -> tuple[float, float]:
    """Where on the map something of *colour* is drawn, in pixels of its element."""
    picture = Image.open(BytesIO(page.locator("[data-map]").screenshot())).convert("RGB")
    spots = [
        (x, y)
        for x in range(picture.width)
        for y in range(picture.height)
        if all(abs(a - b) < 12 for a, b in zip(picture.getpixel((x, y)), colour, strict=True))  # type: ignore[arg-type]
    ]
    assert spots, f"nothing of {colour} is on the map"
    return sum(x for x, _ in spots) / len(spots), sum(y for _, y in spots) / len(spots)


def test_a_marker_leads_to_its_cases(operator: Actor, lately: Case, come: Come) -> None:
    page = come(operator, "/ioc/map/?show=opened", width=DESKTOP)
    page.locator("[data-map][data-shown='3']").wait_for(timeout=WAIT)
    page.wait_for_timeout(1_500)  # markers are drawn in the frames that follow
    x, y = middle_of(page, OVERDUE)
    page.locator("[data-map]").click(position={"x": x, "y": y})
    page.locator(".ioc-balloon a").click()
    page.locator(".desk-row", has_text=lately.number).wait_for()
    assert page.locator(".desk-row").count() == 1


def test_without_a_script_the_board_and_the_table_by_commune_stay(operator: Actor, lately: Case, come: Come) -> None:
    page = come(operator, "/ioc/", script=False)
    assert number(page, "opened-denominator") == Case.objects.count()
    page.locator(".ioc-map-wait a").click()
    rows = page.locator("#communes tbody tr")
    assert rows.count() == 3
    rows.first.locator("a").click()
    assert page.locator(".desk-row").count() == int(page.locator(".ioc-total").inner_text())
