"""The officer's desk in a real browser: by keyboard on a desktop, by thumb at 360 px, with JavaScript and without."""

import shutil
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from tests.kernel.cases.desks import browser, page_of
from tests.province import Staff
from tinhso.kernel.cases import actions
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.parties import Actor

CHROMIUM = shutil.which("chromium")
AXE = settings.PROJECT_FOLDER / "node_modules" / "axe-core" / "axe.min.js"
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1366, "height": 850}

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not there"),
]
Open = Callable[..., Any]
Report = Callable[..., Case]


@pytest.fixture
def chromium(request: pytest.FixtureRequest) -> Any:
    """The browser of the whole run; playwright allows only one in a process."""
    return request.getfixturevalue("browser")


@pytest.fixture
def desk_of(chromium: Any, live_server: Any) -> Iterator[Open]:
    """Opens the desk of somebody who has signed in; every page must be free of complaints of its scripts."""
    contexts, complaints = [], []

    def opened(actor: Actor, viewport: dict[str, int], *, script: bool = True) -> Any:
        cookies = browser(actor).cookies
        context = chromium.new_context(base_url=live_server.url, viewport=viewport, java_script_enabled=script)
        context.add_cookies(
            [{"name": it.key, "value": it.value, "url": live_server.url} for it in cookies.values() if it.value]
        )
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda it: complaints.append(it.text) if "Content Security Policy" in it.text else None)
        page.goto(reverse("desk:inbox"))
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def faults(page: Any) -> list[str]:
    """What axe-core finds serious or worse on this page."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [f"{it['id']}: {it['nodes'][0]['html']}" for it in found if it["impact"] in {"serious", "critical"}]


def fits(page: Any) -> bool:
    """Whether nothing hangs over the right edge."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"))


def test_an_officer_works_by_keyboard(staff: Staff, report: Report, desk_of: Open) -> None:
    first, second = report(), report(category="rubbish", text="Rác đổ trộm")
    page = desk_of(staff.officer, DESKTOP)
    page.keyboard.press("2")
    page.wait_for_url("**tab=unit")
    assert faults(page) == []
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate("document.activeElement.textContent") == first.number  # due later than the rubbish
    page.keyboard.press("k")
    assert page.evaluate("document.activeElement.textContent") == second.number
    page.keyboard.press("?")
    page.locator("#keys[open]").wait_for()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("O GA")
    page.wait_for_url("**q=O%20GA**")
    page.locator(".desk-row").nth(1).wait_for(state="detached")
    page.locator("#q").blur()
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**{page_of(first)}")
    assert faults(page) == []
    letter = page.locator("a[href$='/comment/']").get_attribute("data-letter")
    page.keyboard.press(letter)
    page.locator("#act[open] textarea").fill("Đã gọi đội duy tu")
    assert faults(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press(letter)
    assert page.locator("#act[open] textarea").input_value() == "Đã gọi đội duy tu"  # closed, and not lost
    page.locator("#act[open] .btn-primary").click()
    page.locator(".desk-history", has_text="Đã gọi đội duy tu").wait_for()
    page.keyboard.press(page.locator("[data-letter]", has_text="Nhận xử lý").get_attribute("data-letter"))
    page.keyboard.press("Enter")
    page.locator(".desk-case-state", has_text="Đang xử lý").wait_for()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_case_is_answered_on_a_phone(staff: Staff, report: Report, desk_of: Open, script: bool) -> None:
    case = report(contact="0912345678")
    page = desk_of(staff.leader, PHONE, script=script)
    page.goto(f"{reverse('desk:inbox')}?tab=unit&category=road&since=x")
    assert page.locator(".invalid-feedback").is_visible()
    if script:
        assert fits(page)
        assert faults(page) == []
    page.locator(".desk-open").click()
    page.locator(".desk-doing-main").click()
    page.locator(".desk-case-state", has_text="Đang xử lý").wait_for()
    if script:
        assert fits(page)
        assert faults(page) == []
    page.locator("a.desk-doing-main").click()
    page.locator("select[name=outcome]").select_option("solved")
    page.locator("textarea[name=answer]").fill("Đã vá xong.")
    if script:
        assert fits(page)
    page.locator(".desk-form .btn-primary").click()
    page.locator(".desk-history", has_text="Đã vá xong.").wait_for()
    case.refresh_from_db()
    assert case.stage == "closed"


def test_a_conflict_shows_in_the_dialog_and_the_words_stay(staff: Staff, report: Report, desk_of: Open) -> None:
    case = report()
    actions.act(case.pk, "accept", {}, actor=staff.officer)
    page = desk_of(staff.officer, DESKTOP)
    page.goto(page_of(case))
    page.locator("a.desk-doing-main").click()
    page.locator("#act select[name=outcome]").select_option("solved")
    page.locator("#act textarea[name=answer]").fill("Đã vá xong.")
    actions.comment(case.pk, "Nhà thầu hẹn thứ Sáu.", actor=staff.leader)
    page.locator("#act .btn-primary").click()
    page.locator("#act [role=alert]", has_text="Nhà thầu hẹn thứ Sáu.").wait_for()
    assert page.locator("#act textarea[name=answer]").input_value() == "Đã vá xong."
    assert faults(page) == []
    page.locator("#act .btn-primary").click()
    page.locator(".desk-history", has_text="Đã vá xong.").wait_for()


def test_an_office_is_found_by_a_part_of_its_name(staff: Staff, report: Report, desk_of: Open) -> None:
    case = report()
    page = desk_of(staff.operator, DESKTOP)
    page.goto(page_of(case))
    page.locator("a[href$='/assign/']").click()
    page.locator("#act .desk-narrow").first.fill("so xay dung")
    page.locator("#act .desk-narrow").first.press("Enter")
    assert page.locator("#act select[name=lead]").input_value() == "H19.09"
    page.locator("#act .btn-primary").click()
    page.locator(".desk-side", has_text="Sở Xây dựng").wait_for()
    case.refresh_from_db()
    assert case.lead.code == "H19.09"


def test_pages_turn_without_loading_anew(staff: Staff, report: Report, desk_of: Open) -> None:
    for minutes in range(25):
        report(at=timezone.now() - timedelta(days=3, minutes=minutes))
    page = desk_of(staff.officer, DESKTOP)
    page.goto(f"{reverse('desk:inbox')}?tab=unit")
    page.evaluate("window.stays = true")
    page.locator("a[rel=next]").click()
    page.wait_for_url("**after=**")
    page.locator(".desk-row").nth(5).wait_for(state="detached")
    assert page.locator(".desk-row").count() == 5
    assert page.evaluate("window.stays") is True
    page.go_back()
    page.locator(".desk-row").nth(19).wait_for()
