"""What every page has: safety headers, the language, a limit on bodies, words for errors, readiness, icons."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings as configured
from django.db import OperationalError, connection
from django.http import HttpResponse
from django.template import Context, Template
from django.test import Client, RequestFactory

from tinhso.kernel.journal import followers
from tinhso.shell.web import views
from tinhso.shell.web.middleware import ClientAddress, CompressText, content_policy
from tinhso.shell.web.templatetags.tinhso import _icons, day, icon, moment, share

SOURCE = configured.PROJECT_FOLDER / "src" / "tinhso"


def rendered(text: str, **context: Any) -> str:
    return Template(text).render(Context(context))


@pytest.mark.parametrize("address", ["/", "/reports/new", "/nothing", "/healthz", "/api/v1/categories"])
def test_every_answer_forbids_what_no_page_of_ours_needs(client: Client, catalogue: None, address: str) -> None:
    headers = client.get(address).headers
    policy = headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "geolocation=(self)" in headers["Permissions-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_no_template_has_what_the_policy_forbids() -> None:
    inline = re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")|<style|\sstyle=|\son[a-z]+=\"")
    for template in SOURCE.rglob("*.html"):
        assert not inline.search(template.read_text()), template


def test_the_policy_opens_to_the_host_of_the_tiles_alone() -> None:
    policy = content_policy("https://tiles.example.vn/{z}/{x}/{y}.png")
    assert "img-src 'self' data: blob: https://tiles.example.vn;" in policy
    assert policy.count("tiles.example.vn") == 2


def test_pages_are_vietnamese_whatever_the_browser_asks_for(client: Client, catalogue: None) -> None:
    page = client.get("/", headers={"accept-language": "en-US,en"})
    assert '<html lang="vi">' in page.content.decode()
    assert page.headers["Content-Language"] == "vi"


def test_the_switch_keeps_the_page_and_its_query(client: Client, catalogue: None) -> None:
    response = client.post("/language", {"language": "en", "next": "/reports/new?category=road"})
    assert response.headers["Location"] == "/reports/new?category=road"
    assert '<html lang="en">' in client.get("/reports/new").content.decode()
    assert client.post("/language", {"language": "vi", "next": "https://evil.example/"}).headers["Location"] == "/"


def test_a_language_that_is_not_ours_is_vietnamese(client: Client, catalogue: None) -> None:
    client.cookies[configured.LANGUAGE_COOKIE_NAME] = "xx\x00"
    assert client.get("/").headers["Content-Language"] == "vi"


def test_pages_and_json_are_sent_compressed_and_pictures_are_not(client: Client, catalogue: None) -> None:
    asked = {"accept-encoding": "gzip"}
    for address in ("/", "/api/v1/categories"):
        assert client.get(address, headers=asked).headers["Content-Encoding"] == "gzip"
    picture = CompressText(lambda _: HttpResponse(b"\xff" * 1_000, content_type="image/jpeg"))
    request = RequestFactory().get("/", headers=asked)
    assert "Content-Encoding" not in picture(request).headers


def test_a_body_beyond_the_limit_is_refused_as_a_page_and_as_a_problem(
    client: Client, catalogue: None, settings: Any
) -> None:
    settings.BODY_LIMIT = 1_000
    page = client.post("/reports/new", {"text": "a" * 2_000})
    assert page.status_code == 413
    assert "Gửi quá nhiều một lúc" in page.content.decode()
    problem = client.post("/api/v1/reports", json.dumps({"text": "a" * 2_000}), content_type="application/json")
    assert problem.status_code == 413
    assert problem.headers["Content-Type"] == "application/problem+json"
    assert problem.json()["status"] == 413


@pytest.mark.parametrize(
    ("proxies", "forwarded", "address"),
    [
        (0, "203.0.113.7", "127.0.0.1"),
        (1, "203.0.113.7", "203.0.113.7"),
        (1, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (2, "198.51.100.1, 203.0.113.7, 10.0.0.1", "203.0.113.7"),
        (2, "203.0.113.7", "127.0.0.1"),
        (1, "", "127.0.0.1"),
    ],
)
def test_behind_proxies_the_address_is_what_the_outermost_one_saw(
    rf: RequestFactory, settings: Any, proxies: int, forwarded: str, address: str
) -> None:
    settings.ALLAUTH_TRUSTED_PROXY_COUNT = proxies
    request = rf.get("/", headers={"x-forwarded-for": forwarded})
    seen = []
    ClientAddress(lambda it: seen.append(it.META["REMOTE_ADDR"]) or HttpResponse())(request)
    assert seen == [address]


@pytest.mark.parametrize(
    ("address", "kind"), [("/api/v1/nothing", "application/problem+json"), ("/nothing", "text/html")]
)
def test_what_is_not_there_is_a_problem_for_machines_and_a_page_for_people(
    client: Client, catalogue: None, address: str, kind: str
) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert response.headers["Content-Type"].startswith(kind)


def test_the_page_of_our_own_fault_needs_no_database(rf: RequestFactory) -> None:
    response = views.server_error(rf.get("/reports/new"))  # without the mark `django_db` any statement would fail
    assert response.status_code == 500
    assert "Hệ thống gặp lỗi" in response.content.decode()
    assert views.server_error(rf.get("/api/v1/reports")).headers["Content-Type"] == "application/problem+json"


def beat() -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO procrastinate_workers (last_heartbeat) VALUES (now())")


@pytest.mark.django_db
def test_readiness_names_what_is_missing(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    names = {it.name for it in followers.all_followers()}
    response = client.get("/readyz")
    assert response.status_code == 503
    assert response.json()["missing"] == [*(f"follower {name}" for name in sorted(names)), "worker"]
    monkeypatch.setattr(followers, "alive", lambda: names)
    beat()
    assert client.get("/readyz").json() == {"ready": True, "missing": []}
    with connection.cursor() as cursor:
        cursor.execute("UPDATE procrastinate_workers SET last_heartbeat = now() - interval '31 s'")
    assert client.get("/readyz").json()["missing"] == ["worker"]


@pytest.mark.django_db
def test_readiness_names_migrations_and_the_database(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_migrated", False)
    monkeypatch.setattr(views.MigrationExecutor, "migration_plan", lambda *_: ["one more"])
    assert client.get("/readyz").json()["missing"] == ["migrations"]

    def refuse() -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "ensure_connection", refuse)
    assert client.get("/readyz").json()["missing"] == ["database"]
    assert client.get("/healthz").status_code == 200


def test_icons_are_drawn_inline_and_an_unknown_one_is_a_point() -> None:
    assert rendered('{% icon "road" "icon-lg" %}').startswith('<svg class="icon icon-lg" viewBox="0 0 24 24"')
    assert icon("nothing-of-this-name") == icon("point")


def test_every_icon_that_is_named_exists() -> None:
    named = {name for it in SOURCE.rglob("*.html") for name in re.findall(r'{% icon "([^"]+)"', it.read_text())}
    for file in Path(configured.TINHSO_CATALOG, "choices").glob("*.yaml"):
        named |= {item["icon"] for item in yaml.safe_load(file.read_text())["items"] if "icon" in item}
    assert named
    assert named <= set(_icons())


def test_times_and_shares_are_written_as_people_write_them() -> None:
    at = datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
    assert moment(at) == "16:05 ngày 23/11/2026"
    assert day(at) == "23/11/2026"
    assert moment(None) == day(None) == share(1, 0) == share(None, 4) == "–"
    assert [share(264, 400), share(1, 8), share(3, 8)] == ["66\xa0%", "13\xa0%", "38\xa0%"]


def test_a_query_keeps_its_other_parts(rf: RequestFactory) -> None:
    request = rf.get("/", {"q": "đèn", "page": "2"})
    assert rendered('{% query page=3 sort="due" %}', request=request) == "?q=%C4%91%C3%A8n&amp;page=3&amp;sort=due"
    assert rendered('{% query page="" %}', request=request) == "?q=%C4%91%C3%A8n"
