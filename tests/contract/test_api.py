"""The machine interface against generated requests, and the contracts that other programs rely on."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import schemathesis
from django.conf import settings as django_settings
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck
from hypothesis import settings as examples
from PIL import Image
from pytest_django import Settings
from schemathesis.checks import not_a_server_error

from tests.province import Staff
from tinhso.kernel.cases.models import Case
from tinhso.kernel.people.actions import issue_token
from tinhso.kernel.people.models import Person

pytestmark = pytest.mark.django_db
schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", get_wsgi_application())
BODY = {"category": "road", "text": "Ổ gà", "lat": 11.53, "lon": 106.88}


@pytest.fixture(autouse=True)
def _no_limits(settings: Settings) -> None:
    settings.TINHSO_API_RATE = settings.TINHSO_REPORT_RATE = "900000/s"


@pytest.fixture
def one_connection() -> Iterator[None]:
    """A WSGI client ends each request by closing connections; here they hold the test's transaction."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def token(staff: Staff) -> str:
    return issue_token(Person.objects.get(pk=staff.operator.person), "test")


def post(path: str, body: Any, **headers: str) -> Any:
    return Client().post(f"/api/v1{path}", json.dumps(body), "application/json", headers=headers)


@schema.parametrize()
@examples(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_ends_in_a_server_error(
    case: schemathesis.Case, one_connection: None, token: str, report: Callable[..., Case]
) -> None:
    if "number" in case.path_parameters and hash(str(case.body)) % 2:
        case.path_parameters["number"] = report().number  # half of the requests meet a case that exists
    response = case.call(headers={"Authorization": f"Bearer {token}", "Accept-Encoding": "identity"})
    case.validate_response(response, checks=[not_a_server_error])
    if response.status_code >= 400:
        assert response.headers["content-type"] == ["application/problem+json"]
        problem = json.loads(response.content)
        assert problem["status"] == response.status_code
        assert problem["type"].startswith(django_settings.TINHSO_PUBLIC_URL)


def test_the_description_is_openapi_3_1() -> None:
    assert Client().get("/api/v1/openapi.json").json()["openapi"].startswith("3.1")


def test_a_report_answers_with_code_link_office_and_due_date(staff: Staff) -> None:
    with CaptureQueriesContext(connection) as context:
        response = post("/reports", BODY)
    made = response.json()
    assert response.status_code == 201
    assert made["unit"]["code"] == "H19.101"
    case = Case.objects.get(number=made["code"])
    assert made["tracking_url"].endswith(f"/t/{case.secret}")
    assert made["due_at"]
    assert sum(not it["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for it in context) <= 5
    shown = Client().get(f"/api/v1/reports/{made['code']}")
    assert shown.json()["status"] == "open"
    assert "Ổ gà" not in shown.content.decode()
    assert case.secret not in shown.content.decode()


def test_the_same_key_gives_the_same_answer_and_another_body_is_refused(staff: Staff) -> None:
    first = post("/reports", BODY, idempotency_key="one")
    again = post("/reports", BODY, idempotency_key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.content == again.content
    other = post("/reports", BODY | {"text": "Khác"}, idempotency_key="one")
    assert other.status_code == 422
    assert other.json()["type"].endswith("/idempotency-key-reused")
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"category": "dragon"}, "category"),
        ({"text": ""}, "text"),
        ({"text": None}, "text"),
        ({"lat": "north"}, "lat"),
        ({"lat": 91}, "lat"),
        ({"lat": None}, "place"),
        ({"contact": "x"}, "contact"),
        ({"commune": "1"}, "place"),
        ({"photo": ["x"]}, "photo.0"),
        ({"more": 1}, "more"),
    ],
)
def test_bad_input_names_its_field(staff: Staff, change: dict[str, Any], field: str) -> None:
    response = post("/reports", BODY | change)
    assert response.status_code == 422
    assert [it["field"] for it in response.json()["errors"]] == [field]


def test_a_photo_goes_with_its_report_once(staff: Staff) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (64, 48), "green").save(picture, "JPEG")
    picture.seek(0)
    picture.name = "x.jpg"
    kept = Client().post("/api/v1/photos", {"file": picture})
    assert kept.status_code == 201
    photo = kept.json()["id"]
    assert post("/reports", BODY | {"photo": [photo]}).status_code == 201
    assert post("/reports", BODY | {"photo": [photo]}).json()["type"].endswith("/upload-refused")


def test_too_many_requests_are_told_when_to_come_back(staff: Staff, settings: Settings) -> None:
    settings.TINHSO_REPORT_RATE = "2/h"
    codes = [post("/reports", BODY).status_code for _ in range(3)]
    assert codes == [201, 201, 429]
    assert int(post("/reports", BODY)["Retry-After"]) > 0


def test_cases_need_a_token_and_show_only_its_scope(staff: Staff, token: str, report: Callable[..., Case]) -> None:
    case = report()
    assert Client().get("/api/v1/cases").status_code == 401
    stranger = issue_token(Person.objects.get(pk=staff.stranger.person), "test")
    for bearer, seen in ((token, [case.number]), (stranger, [])):
        headers = {"Authorization": f"Bearer {bearer}"}
        with CaptureQueriesContext(connection) as context:
            response = Client().get("/api/v1/cases", headers=headers)
        assert [it["number"] for it in response.json()["cases"]] == seen
        assert len(context) <= 3
        assert Client().get(f"/api/v1/cases/{case.number}", headers=headers).status_code == (200 if seen else 404)


def test_pages_of_cases_follow_each_other_without_gap(token: str, report: Callable[..., Case]) -> None:
    made = [report().number for _ in range(5)]
    seen: list[str] = []
    after = ""
    while True:
        page = (
            Client()
            .get(
                f"/api/v1/cases?limit=2&after={after}" if after else "/api/v1/cases?limit=2",
                headers={"Authorization": f"Bearer {token}"},
            )
            .json()
        )
        seen += [it["number"] for it in page["cases"]]
        after = (page["next"] or "").replace("+", "%2B")
        if not after:
            break
    assert seen == made[::-1]


def test_an_action_is_carried_out_once_and_a_stale_version_is_a_conflict(
    token: str, report: Callable[..., Case]
) -> None:
    case = report()
    headers = {"Authorization": f"Bearer {token}"}
    path = f"/cases/{case.number}/actions/accept"
    first = post(path, {"version": 1}, idempotency_key="k", **headers)
    again = post(path, {"version": 1}, idempotency_key="k", **headers)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json()["version"] == again.json()["version"] == 2
    stale = post(f"/cases/{case.number}/take", {"version": 1}, **headers)
    assert stale.status_code == 409
    assert stale.json()["type"].endswith("/conflict")
    wrong = post(path, {}, **headers)
    assert wrong.json()["type"].endswith("/refused/wrong-stage")


def test_measures_are_public_and_say_numerator_and_denominator(report: Callable[..., Case]) -> None:
    response = Client().get(
        "/api/v1/measures?name=resolved&unit=H19&type=report&from=2026-01-01&to=9999-12-31&by=month"
    )
    assert response.status_code == 200
    assert response.json()["rows"] == []  # the follower has not come by in this test's transaction
    assert Client().get("/api/v1/measures?name=nothing").status_code == 422
    assert Client().get("/api/v1/measures?name=resolved&unit=XX").status_code == 422


def test_a_body_beyond_the_limit_is_refused_before_it_is_read() -> None:
    response = Client().post("/api/v1/reports", b"x", "application/json", headers={"Content-Length": str(10**9)})
    assert response.status_code == 413
    assert response["Content-Type"] == "application/problem+json"
