"""Signing in: staff by password and second factor, residents by a code on their phone."""

import re
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import allauth
import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from django.utils import timezone

from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people import middleware
from tinhso.kernel.people.actions import appoint, issue_token
from tinhso.kernel.people.codes import LIFETIME, MOST_TRIES, WAIT
from tinhso.kernel.people.models import Person, Token
from tinhso.kernel.people.queries import person_of_token
from tinhso.kernel.people.rules import Role
from tinhso.kernel.people.views import RESIDENT_SESSION
from tinhso.kernel.units.models import Unit

pytestmark = pytest.mark.django_db

PASSWORD = "bốn từ không ai nghĩ"
PHONE = "0912 345 678"
E164 = "+84912345678"


@pytest.fixture(autouse=True)
def no_limits_from_before() -> Iterator[None]:
    """Rate limits are counted in the cache of this process."""
    cache.clear()
    yield
    cache.clear()


@pytest.fixture
def office() -> Unit:
    unit = Unit.objects.create(
        code="T01", valid_from=date(2020, 1, 1), kind="department", name="Sở Thử nghiệm", sort_key="T"
    )
    unit.path = unit.lineage = [unit.pk]
    unit.save()
    return unit


@pytest.fixture
def officer(office: Unit) -> Person:
    person = Person.objects.create_user("canbo", password=PASSWORD, name="Trần Văn Cán")
    appoint(person, office, Role.OFFICER)
    return person


@pytest.fixture
def in_demo(monkeypatch: pytest.MonkeyPatch) -> None:
    """As in the demo, no second factor is asked for; the demo's own pages are no part of these tests."""

    class DemoSettings:
        def __getattr__(self, name: str) -> Any:
            return True if name == "TINHSO_DEMO" else getattr(settings, name)

    monkeypatch.setattr(middleware, "settings", DemoSettings())


class Clock:
    """The time that allauth and our views read."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.ahead = 0.0
        real = time.time
        monkeypatch.setattr(time, "time", lambda: real() + self.ahead)

    def forward(self, by: timedelta) -> None:
        self.ahead += by.total_seconds()

    def to_next_step(self) -> None:
        """To the beginning of the next step of 30 seconds of authenticator apps."""
        self.ahead += 30 - time.time() % 30


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


def sign_in(client: Client, username: str = "canbo", password: str = PASSWORD, **more: str) -> Any:
    return client.post(reverse("account_login"), {"login": username, "password": password, **more})


def ask_code(client: Client, phone: str = PHONE, **more: str) -> Any:
    return client.post(reverse("account_login"), {"phone": phone, **more})


def type_code(client: Client, code: str, **more: str) -> Any:
    return client.post(reverse("account_code"), {"code": code, **more})


def last_code(address: str = E164) -> str:
    notice = Notice.objects.filter(template="sign-in-code", address=address).latest("pk")
    found = re.search(r"\b\d{6}\b", notice.text)
    assert found
    return str(found[0])


def wrong(code: str) -> str:
    return f"{(int(code) + 1) % 10**6:06}"


def signed_in(client: Client) -> str | None:
    """The key of whoever the session belongs to."""
    return client.session.get("_auth_user_id")


def shown_secret(response: Any) -> str:
    secret: str = response.context["form"].secret
    assert f">{secret}<" in response.content.decode()
    return secret


def app_code(secret: str, steps: int = 0) -> str:
    """What an authenticator app shows, *steps* of 30 seconds from now."""
    code: str = totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30 + steps))
    return code


def set_up(client: Client) -> str:
    """Set up an authenticator app on the page for it; its secret."""
    secret = shown_secret(client.get(reverse("mfa_activate_totp")))
    response = client.post(reverse("mfa_activate_totp"), {"code": app_code(secret)})
    assert response["Location"] == reverse("mfa_view_recovery_codes")
    return secret


class TestStaff:
    def test_wrong_password_and_unknown_name_are_answered_alike(self, client: Client, officer: Person) -> None:
        answers = [sign_in(client, password="sai mật khẩu rồi"), sign_in(client, "aikhac")]
        known, unknown = (it.context["form"].non_field_errors() for it in answers)
        assert known
        assert list(known) == list(unknown)
        assert signed_in(client) is None

    def test_in_the_demo_the_password_alone_leads_to_the_desk(
        self, client: Client, officer: Person, in_demo: None
    ) -> None:
        assert sign_in(client)["Location"] == settings.LOGIN_REDIRECT_URL
        assert client.get(reverse("account_home")).status_code == 200

    def test_elsewhere_nothing_opens_before_the_second_factor_is_set_up(
        self, client: Client, officer: Person
    ) -> None:
        sign_in(client)
        for path in (settings.LOGIN_REDIRECT_URL, "/", "/ioc/", "/no-such-page"):
            assert client.get(path)["Location"] == reverse("mfa_activate_totp"), path
        assert client.post(settings.LOGIN_REDIRECT_URL)["Location"] == reverse("mfa_activate_totp")
        page = client.get(reverse("mfa_activate_totp"))
        assert "<svg" in page.content.decode()
        codes = client.get(client.post(page.request["PATH_INFO"], {"code": app_code(shown_secret(page))})["Location"])
        assert len(codes.context["unused_codes"]) == 10
        assert client.get("/no-such-page").status_code == 404

    def test_a_wrong_first_code_leaves_the_second_factor_off(self, client: Client, officer: Person) -> None:
        sign_in(client)
        secret = shown_secret(client.get(reverse("mfa_activate_totp")))
        again = client.post(reverse("mfa_activate_totp"), {"code": wrong(app_code(secret))})
        assert again.context["form"].errors["code"]
        assert shown_secret(again) == secret
        assert not Authenticator.objects.exists()

    def test_with_a_second_factor_the_password_alone_does_not_sign_in(self, client: Client, officer: Person) -> None:
        sign_in(client)
        secret = set_up(client)
        client.post(reverse("account_logout"))
        assert sign_in(client, next="/desk/?mine=1")["Location"] == reverse("mfa_authenticate")
        assert signed_in(client) is None
        failed = client.post(reverse("mfa_authenticate"), {"code": wrong(app_code(secret, 1))})
        assert failed.context["form"].errors["code"]
        assert client.post(reverse("mfa_authenticate"), {"code": app_code(secret, 1)})["Location"] == "/desk/?mine=1"
        assert signed_in(client) == str(officer.pk)

    def test_a_code_of_the_app_signs_in_once(self, client: Client, officer: Person, clock: Clock) -> None:
        sign_in(client)
        secret = set_up(client)
        other = Client()
        clock.to_next_step()
        clock.forward(timedelta(seconds=30))
        code = app_code(secret)
        for browser, is_first in ((client, True), (other, False)):
            browser.post(reverse("account_logout"))
            sign_in(browser)
            browser.post(reverse("mfa_authenticate"), {"code": code})
            assert (signed_in(browser) is not None) is is_first
            clock.forward(timedelta(seconds=31))  # allauth alone would forget the code here

    def test_a_recovery_code_stands_in_once(self, client: Client, officer: Person) -> None:
        sign_in(client)
        set_up(client)
        code = client.get(reverse("mfa_view_recovery_codes")).context["unused_codes"][0]
        for attempt in range(2):
            client.post(reverse("account_logout"))
            sign_in(client)
            client.post(reverse("mfa_authenticate"), {"code": code})
            assert (signed_in(client) is not None) is (attempt == 0)

    def test_secrets_lie_encrypted(self, client: Client, officer: Person) -> None:
        sign_in(client)
        secret = set_up(client)
        assert secret not in str(list(Authenticator.objects.values_list("data", flat=True)))

    def test_a_secret_of_another_key_fits_no_code(self, client: Client, officer: Person, settings: Any) -> None:
        sign_in(client)
        secret = set_up(client)
        settings.SECRET_KEY = "another installation"
        other = Client()
        sign_in(other)
        assert other.post(reverse("mfa_authenticate"), {"code": app_code(secret, 1)}).status_code == 200
        assert signed_in(other) is None

    def test_turning_it_off_leads_back_to_setting_it_up(self, client: Client, officer: Person) -> None:
        sign_in(client)
        set_up(client)
        assert client.get("/no-such-page").status_code == 404
        assert client.post(reverse("mfa_deactivate_totp"))["Location"] == reverse("mfa_index")
        assert client.get("/no-such-page")["Location"] == reverse("mfa_activate_totp")

    def test_an_old_session_types_the_password_again_before_it_changes_the_second_factor(
        self, client: Client, officer: Person, in_demo: None, clock: Clock
    ) -> None:
        sign_in(client)
        assert client.get(reverse("mfa_activate_totp")).status_code == 200
        clock.forward(timedelta(minutes=10))
        asked = client.get(reverse("mfa_activate_totp"))["Location"]
        assert asked.startswith(reverse("account_reauthenticate"))
        assert client.post(asked, {"password": "không phải nó"}).context["form"].errors["password"]
        assert client.post(asked, {"password": PASSWORD})["Location"] == reverse("mfa_activate_totp")
        assert client.get(reverse("mfa_activate_totp")).status_code == 200

    def test_many_wrong_passwords_close_the_account_for_a_while(
        self, client: Client, officer: Person, clock: Clock
    ) -> None:
        for _ in range(5):
            assert sign_in(client, password="sai").status_code == 200
        refused = sign_in(client)
        assert refused.status_code == 429
        assert refused.context["form"].non_field_errors()
        assert signed_in(client) is None
        clock.forward(timedelta(minutes=5, seconds=1))
        sign_in(client)
        assert signed_in(client) == str(officer.pk)

    def test_a_flood_from_one_address_gets_a_clear_page(self, client: Client) -> None:
        answers = [sign_in(client, f"ai-{n}", "sai") for n in range(61)]
        assert answers[-1].status_code == 429
        assert "429.html" in [it.name for it in answers[-1].templates]

    def test_a_closed_account_stays_out(self, client: Client, officer: Person) -> None:
        officer.is_active = False
        officer.save()
        assert sign_in(client)["Location"] == reverse("account_inactive")
        assert signed_in(client) is None

    def test_the_session_is_a_new_one_and_lasts_a_working_day(
        self, client: Client, officer: Person, in_demo: None
    ) -> None:
        ask_code(client)  # an anonymous session
        before = client.session.session_key
        response = sign_in(client)
        assert client.session.session_key != before
        assert client.session.get_expiry_age() == 12 * 3600
        cookie = response.cookies[settings.SESSION_COOKIE_NAME]
        assert (cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (True, "Lax", 12 * 3600)

    @pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example/", "javascript:alert(1)"])
    def test_nobody_is_sent_elsewhere(self, client: Client, officer: Person, in_demo: None, target: str) -> None:
        assert sign_in(client, next=target)["Location"] == settings.LOGIN_REDIRECT_URL

    def test_the_password_is_changed_and_other_sessions_end(
        self, client: Client, officer: Person, in_demo: None
    ) -> None:
        other = Client()
        sign_in(client)
        sign_in(other)
        new = "năm từ khác hẳn trước"
        form = {"oldpassword": PASSWORD, "password1": new, "password2": new}
        assert client.post(reverse("account_change_password"), form | {"password2": "lệch"}).context["form"].errors
        assert client.post(reverse("account_change_password"), form | {"oldpassword": "sai"}).context["form"].errors
        assert client.post(reverse("account_change_password"), form).status_code == 302
        assert client.get(reverse("account_home")).status_code == 200
        assert other.get(reverse("account_home"))["Location"].startswith(reverse("account_login"))
        officer.refresh_from_db()
        assert officer.check_password(new)

    def test_signing_out_needs_a_post(self, client: Client, officer: Person, in_demo: None) -> None:
        sign_in(client)
        assert client.get(reverse("account_logout")).status_code == 200
        assert signed_in(client)
        assert client.post(reverse("account_logout"))["Location"] == "/"
        assert signed_in(client) is None


class TestResidents:
    def test_an_unknown_phone_gets_an_account_with_the_right_code(self, client: Client) -> None:
        assert ask_code(client)["Location"] == reverse("account_code")
        assert not Person.objects.exists()
        assert type_code(client, last_code())["Location"] == "/"
        person = Person.objects.get()
        assert (person.phone, person.phone_verified, person.has_usable_password()) == (E164, True, False)
        assert signed_in(client) == str(person.pk)
        assert client.session.get_expiry_age() == RESIDENT_SESSION.total_seconds()

    def test_the_same_phone_comes_back_to_the_same_account(self, client: Client, clock: Clock) -> None:
        for typed in ("0912345678", "+84 912 345 678"):
            browser = Client()
            ask_code(browser, typed)
            type_code(browser, last_code())
            assert signed_in(browser) == str(Person.objects.get().pk)

    def test_known_and_unknown_phones_are_answered_alike(self, client: Client) -> None:
        Person.objects.create(username="cu", phone=E164, phone_verified=True)
        answers = []
        for phone in (PHONE, "0987654321"):
            browser = Client()
            asked = ask_code(browser, phone)
            page = browser.get(asked["Location"]).content.decode()
            answers.append((asked.status_code, asked["Location"], re.sub(r"\+84\d+|value=\"[^\"]{64}\"", "", page)))
        assert answers[0] == answers[1]
        assert Notice.objects.filter(template="sign-in-code").count() == 2

    def test_people_come_back_to_where_they_were(self, client: Client) -> None:
        asked = ask_code(client, next="/t/abc")
        assert client.post(asked["Location"], {"code": last_code(), "next": "/t/abc"})["Location"] == "/t/abc"

    def test_the_message_is_in_the_language_of_the_page(self, client: Client) -> None:
        ask_code(client)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        ask_code(client, "0987654321")
        texts = list(Notice.objects.order_by("pk").values_list("text", flat=True))
        assert "mã đăng nhập" in texts[0]
        assert "sign-in code" in texts[1]
        assert len(texts[0]) <= 70  # one SMS

    def test_a_wrong_code_can_be_mended_but_not_for_ever(self, client: Client) -> None:
        ask_code(client)
        code = last_code()
        for _ in range(MOST_TRIES):
            assert type_code(client, wrong(code)).context["form"].errors["code"]
        assert type_code(client, code).context["form"].errors["code"]
        assert signed_in(client) is None
        assert not Person.objects.exists()

    def test_a_code_ends(self, client: Client, clock: Clock) -> None:
        ask_code(client)
        clock.forward(LIFETIME + timedelta(seconds=2))
        assert type_code(client, last_code()).context["form"].errors["code"]
        assert signed_in(client) is None

    def test_another_code_comes_after_a_wait_and_ends_the_first(self, client: Client, clock: Clock) -> None:
        ask_code(client)
        first = last_code()
        client.post(reverse("account_code"), {"again": "1"})
        assert Notice.objects.count() == 1
        clock.forward(WAIT)
        client.post(reverse("account_code"), {"again": "1"})
        assert Notice.objects.count() == 2
        if first != last_code():
            assert type_code(client, first).context["form"].errors["code"]
        assert type_code(client, last_code()).status_code == 302

    def test_a_phone_is_not_flooded_whoever_asks(self, clock: Clock) -> None:
        codes = 0
        for _ in range(12):
            codes += ask_code(Client()).status_code == 302
            clock.forward(timedelta(minutes=1))
        assert codes == 5
        assert Notice.objects.count() == 5
        assert ask_code(Client()).status_code == 429

    def test_guessing_over_many_sessions_is_stopped(self, clock: Clock) -> None:
        answers = []
        for _ in range(4):
            client = Client()
            ask_code(client)
            code = last_code()
            # Ten requests that were all sent before the first was answered see the same number of tries.
            kept = client.session["sign_in_code"]
            for _ in range(10):
                session = client.session
                session["sign_in_code"] = kept
                session.save()
                answers.append(type_code(client, wrong(code)).status_code)
            clock.forward(timedelta(minutes=1))
        assert answers == [200] * 30 + [429] * 10

    @pytest.mark.parametrize("typed", ["", "abc", "0271 3879 999", "+1 212 555 0123", "x" * 500])
    def test_what_is_no_mobile_number_is_said_and_kept(self, client: Client, typed: str) -> None:
        response = ask_code(client, typed)
        assert response.status_code == 200
        assert response.context["phone_form"].errors["phone"]
        assert response.context["phone_form"]["phone"].value() == typed
        assert not response.context["form"].is_bound
        assert not Notice.objects.exists()

    def test_an_sms_does_not_open_a_staff_account(self, client: Client, officer: Person) -> None:
        officer.phone = E164
        officer.save()
        ask_code(client)
        assert type_code(client, last_code())["Location"] == reverse("account_login")
        assert signed_in(client) is None

    def test_a_closed_account_stays_out(self, client: Client) -> None:
        Person.objects.create(username="cu", phone=E164, is_active=False)
        ask_code(client)
        assert type_code(client, last_code())["Location"] == reverse("account_inactive")
        assert signed_in(client) is None

    def test_residents_have_no_pages_of_passwords_and_keys(self, client: Client) -> None:
        ask_code(client)
        type_code(client, last_code())
        for name in ("account_change_password", "mfa_activate_totp", "account_tokens", "account_reauthenticate"):
            assert client.get(reverse(name)).status_code == 404, name


class TestAccount:
    def test_name_and_language_are_kept(self, client: Client) -> None:
        ask_code(client)
        type_code(client, last_code())
        response = client.post(reverse("account_home"), {"name": "Lê Thị Hoa", "language": "en"})
        person = Person.objects.get()
        assert (person.name, person.language) == ("Lê Thị Hoa", "en")
        assert response.cookies[settings.LANGUAGE_COOKIE_NAME].value == "en"

    def test_staff_do_not_name_themselves(self, client: Client, officer: Person, in_demo: None) -> None:
        sign_in(client)
        client.post(reverse("account_home"), {"name": "Chủ tịch tỉnh", "language": "vi"})
        officer.refresh_from_db()
        assert officer.name == "Trần Văn Cán"

    def test_a_key_is_shown_once_and_works_until_it_is_ended(
        self, client: Client, officer: Person, office: Unit, in_demo: None
    ) -> None:
        appoint(officer, office, Role.INTEGRATOR)
        sign_in(client)
        made = client.post(reverse("account_tokens"), {"name": "Cổng tỉnh", "days": "30"})
        key = made.context["fresh"]
        assert key in made.content.decode()
        assert made["Cache-Control"].find("no-store") >= 0
        assert key not in client.get(reverse("account_tokens")).content.decode()
        assert person_of_token(key) == officer
        kept = Token.objects.get()
        assert kept.expires_at is not None
        assert timedelta(days=29) < kept.expires_at - timezone.now() <= timedelta(days=30)
        client.post(reverse("account_revoke_token", args=[kept.pk]))
        assert person_of_token(key) is None

    def test_keys_of_others_are_out_of_reach(
        self, client: Client, officer: Person, office: Unit, in_demo: None
    ) -> None:
        appoint(officer, office, Role.INTEGRATOR)
        other = Person.objects.create_user("khac")
        key = issue_token(other, "của người khác")
        sign_in(client)
        assert "của người khác" not in client.get(reverse("account_tokens")).content.decode()
        assert client.post(reverse("account_revoke_token", args=[Token.objects.get().pk])).status_code == 404
        assert person_of_token(key) == other

    def test_an_officer_without_the_role_has_no_keys(self, client: Client, officer: Person, in_demo: None) -> None:
        sign_in(client)
        assert client.post(reverse("account_tokens"), {"name": "x", "days": "30"}).status_code == 404
        assert not Token.objects.exists()


def _addresses(patterns: list[URLPattern | URLResolver], prefix: str = "") -> Iterator[str]:
    """Every address of allauth, with something in place of its variable parts."""
    for it in patterns:
        route = prefix + re.sub(r"\^|\$", "", str(it.pattern))
        if isinstance(it, URLResolver):
            yield from _addresses(it.url_patterns, route)
        else:
            yield re.sub(r"<int:\w+>", "1", re.sub(r"\(\?P<\w+>[^)]*\)", "abc", route))


@pytest.mark.parametrize("who", ["nobody", "resident", "officer", "officer with second factor"])
def test_no_page_of_allauth_itself_can_be_reached(client: Client, officer: Person, in_demo: None, who: str) -> None:
    if who == "resident":
        ask_code(client)
        type_code(client, last_code())
    elif who.startswith("officer"):
        sign_in(client)
        if who == "officer with second factor":
            set_up(client)
    inside = str(Path(allauth.__file__).parent)
    addresses = {f"/accounts/{it}" for it in _addresses(get_resolver("allauth.urls").url_patterns)}
    addresses |= {f"/accounts/{it}" for it in _addresses(get_resolver("tinhso.kernel.people.urls").url_patterns)}
    assert len(addresses) > 25
    addresses.remove("/accounts/logout/")  # last, or nobody is signed in for the others
    for address in [*sorted(addresses), "/accounts/logout/"]:
        for response in (client.get(address), client.post(address)):
            assert response.status_code in {200, 302, 404, 405}, address
            origins = [str(it.origin.name) for it in response.templates if it.origin]
            assert not [it for it in origins if it.startswith(inside)], address
        cache.clear()
