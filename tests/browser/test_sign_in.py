"""Signing in through a real browser: by phone on a small screen without JavaScript, at the desk with two steps."""

import re
import shutil
import time
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people.actions import appoint
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role
from tinhso.kernel.units.models import Unit

CHROMIUM = shutil.which("chromium")
AXE = settings.PROJECT_FOLDER / "node_modules" / "axe-core" / "axe.min.js"
PASSWORD = "bốn từ không ai nghĩ"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not there"),
]


@pytest.fixture
def chromium(request: pytest.FixtureRequest) -> Any:
    """The browser of the whole run; playwright allows only one in a process."""
    return request.getfixturevalue("browser")


@pytest.fixture(params=[True, False], ids=["script", "no script"])
def phone(request: pytest.FixtureRequest, chromium: Any, live_server: Any) -> Iterator[Any]:
    """A page on a small phone, with JavaScript and without."""
    context = chromium.new_context(
        base_url=live_server.url, viewport={"width": 360, "height": 740}, java_script_enabled=request.param
    )
    yield context.new_page()
    context.close()


@pytest.fixture
def desktop(chromium: Any, live_server: Any) -> Iterator[Any]:
    context = chromium.new_context(base_url=live_server.url, viewport={"width": 1280, "height": 800})
    yield context.new_page()
    context.close()


@pytest.fixture
def officer() -> Person:
    cache.clear()
    unit = Unit.objects.create(
        code="T01", valid_from=date(2020, 1, 1), kind="desk", name="Sở Thử nghiệm", sort_key="T"
    )
    unit.path = unit.lineage = [unit.pk]
    unit.save()
    person = Person.objects.create_user("canbo", password=PASSWORD, name="Trần Văn Cán")
    appoint(person, unit, Role.OFFICER)
    return person


def faults(page: Any) -> list[str]:
    """What axe-core finds serious or worse on this page."""
    page.evaluate(AXE.read_text())
    found = page.evaluate("axe.run()")["violations"]
    return [f"{it['id']}: {it['nodes'][0]['html']}" for it in found if it["impact"] in {"serious", "critical"}]


def test_a_resident_signs_in_by_phone(phone: Any) -> None:
    cache.clear()
    home = reverse("account_home")
    phone.goto(home)
    assert reverse("account_login") in phone.url
    phone.locator("input[name=phone]").fill("12")
    phone.locator("form:has(input[name=phone]) button").click()
    assert phone.locator("#id_phone_error").is_visible()
    assert phone.locator("input[name=phone]").input_value() == "12"
    phone.locator("input[name=phone]").fill("0912 345 678")
    phone.locator("form:has(input[name=phone]) button").click()
    phone.wait_for_url(f"**{reverse('account_code')}*")
    sent = re.search(r"\d{6}", Notice.objects.get(address="+84912345678").text)
    assert sent
    phone.locator("input[name=code]").fill("000000" if sent[0] != "000000" else "111111")
    phone.locator("form:has(input[name=code]) button").click()
    assert phone.locator("#id_code_error").is_visible()
    phone.locator("input[name=code]").fill(sent[0])
    phone.locator("form:has(input[name=code]) button").click()
    phone.wait_for_url(f"**{home}")
    assert phone.get_by_text("+84912345678").is_visible()
    assert phone.locator("html").bounding_box()["width"] <= 360


def test_staff_set_up_two_steps_and_sign_in_with_them(desktop: Any, officer: Person) -> None:
    def password_step() -> None:
        desktop.goto(reverse("account_login"))
        desktop.locator("input[name=login]").fill("canbo")
        desktop.locator("input[name=password]").fill(PASSWORD)
        desktop.locator("form:has(input[name=password]) button").click()

    password_step()
    desktop.wait_for_url(f"**{reverse('mfa_activate_totp')}")
    assert faults(desktop) == []
    assert desktop.locator("svg.segno").is_visible()
    secret = desktop.locator("code").first.inner_text()
    counter = int(time.time()) // 30
    desktop.locator("input[name=code]").fill(totp.format_hotp_value(totp.hotp_value(secret, counter)))
    desktop.locator("form:has(input[name=code]) button").click()
    desktop.wait_for_url(f"**{reverse('mfa_view_recovery_codes')}")
    assert desktop.locator("li code").count() == 10
    assert faults(desktop) == []
    recovery = desktop.locator("li code").first.inner_text()

    desktop.goto(reverse("account_home"))
    assert faults(desktop) == []
    desktop.locator(f"main form[action='{reverse('account_logout')}'] button").click()
    password_step()
    desktop.wait_for_url(f"**{reverse('mfa_authenticate')}")
    assert faults(desktop) == []
    desktop.locator("input[name=code]").fill(recovery)
    desktop.locator("form:has(input[name=code]) button").click()
    desktop.wait_for_url(f"**{settings.LOGIN_REDIRECT_URL}")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_sign_in_page_is_open_to_everybody(desktop: Any, live_server: Any, language: str) -> None:
    cache.clear()
    desktop.context.add_cookies([{"name": settings.LANGUAGE_COOKIE_NAME, "value": language, "url": live_server.url}])
    for width in (360, 1280):
        desktop.set_viewport_size({"width": width, "height": 800})
        desktop.goto(reverse("account_login"))
        assert desktop.locator("html").get_attribute("lang") == language
        assert desktop.evaluate("document.documentElement.scrollWidth") <= width
        assert faults(desktop) == []
