"""Residents' pages without JavaScript: sending a report, following it, answering, rating, everything typed wrong."""

import io
import re
from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django import DjangoAssertNumQueries

from tests.kernel.measures.test_measures import settle
from tinhso.kernel.cases.actions import act, push_up, rate
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.files.models import Attachment
from tinhso.kernel.people.actions import appoint
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role
from tinhso.systems.reports.forms import ticket

pytestmark = pytest.mark.django_db

TYPED = {
    "category": "road",
    "text": "Ổ gà lớn giữa đường",
    "lat": "11.53",
    "lon": "106.88",
    "commune": "",
    "contact": "",
}


@pytest.fixture(autouse=True)
def fresh(catalogue: None) -> None:
    """No counts of earlier requests."""
    cache.clear()


def picture(name: str = "anh.jpg", size: tuple[int, int] = (60, 40), colour: str = "teal") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", size, colour).save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


def form_token(client: Client) -> str:
    match = re.search(r'name="token" value="([0-9a-f]{32})"', client.get("/reports/new").content.decode())
    assert match
    return match[1]


def send(client: Client, *, follow: bool = False, **changes: Any) -> Any:
    return client.post("/reports/new", {"token": form_token(client), **TYPED, **changes}, follow=follow)


@pytest.fixture
def case(client: Client) -> Case:
    """A report that was just sent."""
    assert send(client).status_code == 302
    return Case.objects.get()


@pytest.fixture
def office(case: Case) -> Actor:
    """An officer and leader of the office that has the report."""
    person = Person.objects.create(username="canbo", name="Trần Văn Cán")
    appoint(person, case.lead, Role.OFFICER)
    appoint(person, case.lead, Role.LEADER)
    return Actor(person.scope)


@pytest.fixture
def closed(case: Case, office: Actor) -> Case:
    act(case.pk, "accept", {}, actor=office)
    act(case.pk, "close", {"outcome": "solved", "answer": "Đã vá mặt đường."}, actor=office)
    return Case.objects.get()


@pytest.fixture
def asked(case: Case, office: Actor) -> Case:
    act(case.pk, "accept", {}, actor=office)
    act(case.pk, "ask", {"question": "Gần số nhà bao nhiêu?"}, actor=office)
    return Case.objects.get()


def text_of(response: Any) -> str:
    """What a person reads."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_a_report_is_sent_and_the_answer_names_code_office_and_due_date(client: Client) -> None:
    response = send(client, follow=True)
    case = Case.objects.get()
    page = text_of(response)
    assert response.redirect_chain[0][0] == reverse("reports:sent", args=[case.secret])
    assert case.number in page
    assert case.lead.name in page
    assert "ngày làm việc" in page
    assert f"/t/{case.secret}" in page
    assert "<svg" in response.content.decode()
    assert case.channel == "web"


def test_photos_are_with_the_report_and_only_its_link_shows_them(client: Client) -> None:
    send(client, photos=[picture("a.jpg"), picture("b.jpg", colour="red")])
    case = Case.objects.get()
    photos = list(Attachment.objects.filter(subject_id=case.pk))
    assert len(photos) == 2
    address = reverse("reports:photo", args=[case.secret, photos[0].pk])
    assert address in client.get(f"/t/{case.secret}").content.decode()
    assert client.get(address).headers["Content-Type"] == "image/jpeg"
    assert client.get(f"{address}?small").status_code == 200
    other = send(client, text="Việc khác", follow=True).redirect_chain[0][0].split("/")[2]
    assert client.get(reverse("reports:photo", args=[other, photos[0].pk])).status_code == 404


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"category": ""}, "category", "Hãy chọn"),
        ({"category": "dragons"}, "category", "không có trong danh sách"),
        ({"text": "   "}, "text", "Hãy điền"),
        ({"text": "a" * 4_001}, "text", "4001 ký tự"),
        ({"lat": "x"}, "place", "vĩ độ và kinh độ"),
        ({"lat": "", "lon": "106.88"}, "place", "cả vĩ độ và kinh độ"),
        ({"lat": "91"}, "place", "không hợp lệ"),
        ({"lat": "nan"}, "place", "không hợp lệ"),
        ({"lat": "21.03", "lon": "105.85"}, "place", "nằm ngoài"),
        ({"lat": "", "lon": "", "commune": "99999"}, "place", "không thuộc tỉnh"),
        ({"contact": "gọi tôi"}, "contact", "không phải số điện thoại"),
        ({"contact": "a" * 300}, "contact", "300 ký tự"),
    ],
)
def test_a_wrong_field_is_explained_beside_it_and_in_the_summary(
    client: Client, changes: dict[str, str], field: str, words: str
) -> None:
    response = send(client, **changes)
    page = response.content.decode()
    assert response.status_code == 422
    assert not Case.objects.exists()
    assert f'<a href="#{field}">' in page
    assert f'id="{field}-fault"' in page
    assert words in page


def test_nothing_typed_is_lost_when_a_field_is_wrong_and_photos_neither(client: Client) -> None:
    response = send(client, contact="gọi tôi", commune="25195", photos=[picture()])
    page = response.content.decode()
    assert "Ổ gà lớn giữa đường</textarea>" in page
    assert re.search(r'value="road" checked', page)
    assert 'value="11.53"' in page
    assert '<option value="25195" selected>' in page
    assert 'value="gọi tôi"' in page
    [kept] = re.findall(r'name="kept" value="([^"]+)"', page)
    assert client.get(reverse("reports:upload", args=[kept])).status_code == 200
    assert client.post("/reports/new", {**TYPED, "kept": kept}).status_code == 302
    assert Attachment.objects.get().subject_id == Case.objects.get().pk


def test_a_kept_photo_can_be_left_out(client: Client) -> None:
    page = send(client, contact="gọi tôi", photos=[picture()]).content.decode()
    [kept] = re.findall(r'name="kept" value="([^"]+)"', page)
    client.post("/reports/new", {**TYPED, "kept": kept, "drop": kept})
    assert Attachment.objects.get().subject_id is None


def test_a_photo_of_somebody_else_cannot_be_claimed(client: Client, case: Case) -> None:
    stranger = Attachment.objects.create(medium="image/jpeg", digest="0" * 64, size=1)
    client.post("/reports/new", {**TYPED, "text": "Việc khác", "kept": [str(stranger.pk), "x:y:z"]})
    stranger.refresh_from_db()
    assert stranger.subject_id is None
    assert client.get(reverse("reports:upload", args=[str(stranger.pk)])).status_code == 404


def test_a_photo_that_another_report_took_is_asked_for_again(client: Client) -> None:
    send(client, photos=[picture()])
    taken = Attachment.objects.get()
    response = client.post("/reports/new", {**TYPED, "text": "Việc khác", "kept": ticket(taken.pk)})
    assert response.status_code == 422
    assert "Hãy thêm lại" in response.content.decode()
    assert Case.objects.count() == 1


@pytest.mark.parametrize(
    ("upload", "words"),
    [
        (SimpleUploadedFile("a.jpg", b"", "image/jpeg"), "trống"),
        (SimpleUploadedFile("a.svg", b"<svg onload='alert(1)'/>", "image/svg+xml"), "không phải ảnh"),
        (SimpleUploadedFile("a.jpg", b"GIF89a" + b"\0" * 50, "image/jpeg"), "không phải ảnh"),
        (SimpleUploadedFile("<b>.jpg", b"\0" * (16 * 1024 * 1024), "image/jpeg"), "lớn hơn 15"),
    ],
)
def test_a_file_that_is_no_photo_is_refused_and_the_good_ones_are_kept(
    client: Client, upload: SimpleUploadedFile, words: str
) -> None:
    upload.seek(0)
    response = send(client, photos=[picture(), upload])
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert "<b>.jpg" not in page
    assert len(re.findall(r'name="kept"', page)) == 1


def test_more_photos_than_fit_are_left_out_and_said_so(client: Client) -> None:
    response = send(client, photos=[picture(f"{n}.jpg") for n in range(7)], text="")
    page = response.content.decode()
    assert "Tối đa 5 ảnh" in page
    assert "Hãy điền" in page
    assert len(re.findall(r'name="kept"', page)) == 5


def test_the_same_form_sent_twice_is_one_report(client: Client) -> None:
    token = form_token(client)
    first = client.post("/reports/new", {**TYPED, "token": token, "photos": [picture()]})
    second = client.post("/reports/new", {**TYPED, "token": token, "photos": [picture()]})
    assert first.headers["Location"] == second.headers["Location"]
    assert Case.objects.count() == 1
    assert Attachment.objects.count() == 1


def test_going_back_and_writing_another_report_opens_another_one(client: Client) -> None:
    token = form_token(client)
    first = client.post("/reports/new", {**TYPED, "token": token})
    second = client.post("/reports/new", {**TYPED, "token": token, "text": "Đèn đường hỏng", "category": "light"})
    assert first.headers["Location"] != second.headers["Location"]
    assert Case.objects.count() == 2


def test_too_many_reports_of_one_address_wait_with_what_was_typed(client: Client, settings: Any) -> None:
    settings.TINHSO_REPORT_RATE = "1/m"
    send(client)
    response = send(client, text="Cái thứ hai")
    assert response.status_code == 429
    assert 0 < int(response.headers["Retry-After"]) <= 61
    assert "Cái thứ hai</textarea>" in response.content.decode()
    assert Case.objects.count() == 1


def test_a_form_without_a_csrf_token_is_refused_with_advice() -> None:
    response = Client(enforce_csrf_checks=True).post("/reports/new", TYPED)
    assert response.status_code == 403
    assert not Case.objects.exists()


def test_a_signed_in_resident_finds_the_report_again_and_a_helper_files_for_others(client: Client) -> None:
    resident = Person.objects.create(username="dan", phone="+84912345678")
    helper = Person.objects.create(username="ctv")
    client.force_login(resident)
    send(client)
    case = Case.objects.get()
    assert case.raiser == resident
    assert case.number in client.get("/reports/mine").content.decode()
    appoint(helper, case.lead, Role.HELPER)
    client.force_login(Person.objects.get(pk=helper.pk))
    send(client, text="Thay bà Tư")
    filed = Case.objects.latest("pk")
    assert (filed.raiser, filed.filed_by) == (None, helper)
    page = client.get("/reports/mine").content.decode()
    assert filed.number in page
    assert case.number not in page


def test_the_tracking_page_takes_four_statements(
    client: Client, closed: Case, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    client.get(f"/t/{closed.secret}")
    with django_assert_max_num_queries(4):
        assert client.get(f"/t/{closed.secret}").status_code == 200


def test_the_tracking_page_tells_what_happened_without_names(client: Client, case: Case, office: Actor) -> None:
    push_up(case.pk, "Đường do tỉnh quản lý.", actor=office)
    page = text_of(client.get(f"/t/{case.secret}"))
    assert "chuyển lên Sở Xây dựng Đồng Nai" in page
    assert "Đường do tỉnh quản lý." in page
    assert "Ổ gà lớn giữa đường" in page
    assert "Trần Văn Cán" not in page


def test_an_overdue_report_is_called_overdue(client: Client, case: Case) -> None:
    Case.objects.update(due_at="2026-01-05T10:00:00Z")
    for address in (f"/t/{case.secret}", f"/reports/{case.number}"):
        assert "Quá hạn" in text_of(client.get(address))


def test_the_page_of_a_code_shows_neither_words_nor_photos_nor_place(client: Client, office: Actor) -> None:
    send(client, text="Nhà ông Bảy", photos=[picture()], contact="0912345678")
    case = Case.objects.get(text="Nhà ông Bảy")
    act(case.pk, "accept", {}, actor=office)
    act(case.pk, "ask", {"question": "Ở đoạn nào?"}, actor=office)
    act(case.pk, "reply", {"reply": "Trước nhà số 5"}, actor=Actor(holds_secret=True))
    response = client.get(f"/reports/{case.number}")
    page = response.content.decode()
    assert case.lead.name in page
    assert "Ở đoạn nào?" in page
    for hidden in ("Nhà ông Bảy", "Trước nhà số 5", case.secret, "/photos/", "11.53", "0912345678", "912345678"):
        assert hidden not in page
    assert response.headers["X-Robots-Tag"] == "noindex"


def test_a_question_is_answered_with_a_photo(client: Client, asked: Case) -> None:
    assert "Gần số nhà bao nhiêu?" in text_of(client.get(f"/t/{asked.secret}"))
    response = client.post(f"/t/{asked.secret}/reply", {"reply": "Số 12", "photos": [picture()]}, follow=True)
    assert "Cảm ơn" in text_of(response)
    assert "Số 12" in text_of(response)
    asked.refresh_from_db()
    assert asked.stage == "handling"
    assert Attachment.objects.get().subject_id == asked.pk


@pytest.mark.parametrize(("reply", "words"), [("", "Hãy điền"), ("a" * 4_001, "4001 ký tự")])
def test_a_wrong_answer_is_explained(client: Client, asked: Case, reply: str, words: str) -> None:
    response = client.post(f"/t/{asked.secret}/reply", {"reply": reply})
    assert response.status_code == 422
    assert words in response.content.decode()


def test_an_answer_with_a_bad_photo_keeps_its_words(client: Client, asked: Case) -> None:
    bad = SimpleUploadedFile("a.txt", b"text", "text/plain")
    response = client.post(f"/t/{asked.secret}/reply", {"reply": "Số 12", "photos": [bad]})
    assert response.status_code == 422
    assert "Số 12</textarea>" in response.content.decode()


def test_yes_closes_the_matter(client: Client, closed: Case) -> None:
    page = text_of(client.post(f"/t/{closed.secret}/rate", {"solved": "yes", "satisfaction": "5"}, follow=True))
    assert "Cảm ơn" in page
    closed.refresh_from_db()
    assert (closed.solved, closed.satisfaction, closed.stage) == ("yes", 5, "closed")
    assert "Gửi đánh giá" not in page


def test_no_opens_it_again_once(client: Client, closed: Case, office: Actor) -> None:
    client.post(f"/t/{closed.secret}/rate", {"solved": "no", "comment": "Vẫn còn ổ gà"})
    closed.refresh_from_db()
    assert (closed.stage, closed.reopened) == ("handling", 1)
    act(closed.pk, "close", {"outcome": "solved", "answer": "Đã vá lại."}, actor=office)
    assert "được mở lại, một lần" not in text_of(client.get(f"/t/{closed.secret}"))
    client.post(f"/t/{closed.secret}/rate", {"solved": "no", "comment": "Vẫn chưa"})
    closed.refresh_from_db()
    assert (closed.stage, closed.reopened) == ("closed", 1)


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({}, "giải quyết chưa"),
        ({"solved": "maybe"}, "giải quyết chưa"),
        ({"solved": "no"}, "việc gì còn chưa xong"),
        ({"solved": "partly", "comment": "a" * 1_001}, "Tối đa 1"),
        ({"solved": "yes", "satisfaction": "6"}, "từ 1 đến 5"),
        ({"solved": "yes", "satisfaction": "five"}, "từ 1 đến 5"),
        ({"solved": "yes", "satisfaction": "９"}, "từ 1 đến 5"),
    ],
)
def test_a_wrong_rating_is_explained_and_kept(
    client: Client, closed: Case, typed: dict[str, str], words: str
) -> None:
    response = client.post(f"/t/{closed.secret}/rate", typed)
    page = response.content.decode()
    assert response.status_code == 422
    assert words in page
    assert typed.get("comment", "") in page
    closed.refresh_from_db()
    assert closed.rated_at is None


def test_a_rating_that_comes_too_late_is_answered_by_how_it_stands(client: Client, closed: Case) -> None:
    rate(closed.pk, actor=Actor(holds_secret=True), solved="yes")
    response = client.post(f"/t/{closed.secret}/rate", {"solved": "yes"}, follow=True)
    assert response.status_code == 200
    assert "vừa có thay đổi" in text_of(response)


def test_photos_are_added_until_it_is_closed(client: Client, case: Case, office: Actor) -> None:
    client.post(f"/t/{case.secret}/photos", {"photos": [picture()]})
    assert Attachment.objects.get().subject_id == case.pk
    assert client.post(f"/t/{case.secret}/photos").status_code == 422
    act(case.pk, "accept", {}, actor=office)
    act(case.pk, "close", {"outcome": "solved", "answer": "Xong."}, actor=office)
    client.post(f"/t/{case.secret}/photos", {"photos": [picture()]})
    assert Attachment.objects.count() == 1


@pytest.mark.parametrize("change", [lambda number: number, str.lower, lambda number: number.replace("-", " ")])
def test_a_report_is_found_by_its_code_however_it_is_typed(
    client: Client, case: Case, change: Callable[[str], str]
) -> None:
    response = client.get("/reports/find", {"code": f" {change(case.number)} "})
    assert response.headers["Location"] == reverse("reports:public", args=[case.number])


def test_a_whole_link_in_the_search_leads_to_the_tracking_page(client: Client, case: Case) -> None:
    response = client.get("/reports/find", {"code": f"https://dongnai.example/t/{case.secret}"})
    assert response.headers["Location"] == reverse("reports:track", args=[case.secret])


def test_a_mistyped_code_is_told_from_an_unknown_one(client: Client, case: Case) -> None:
    wrong = case.number[:-1] + str((int(case.number[-1]) + 1) % 10)
    assert "chữ số sai" in text_of(client.get("/reports/find", {"code": wrong}))
    for unknown in ("xyz", "\0", "PA-200101-00018", "a" * 5_000):
        response = client.get("/reports/find", {"code": unknown})
        assert response.status_code == 404
    assert client.get("/reports/find").status_code == 422


@pytest.mark.parametrize(
    "address",
    [
        "/t/khongcosecretnay",
        "/t/khongcosecretnay/sent",
        "/t/khongcosecretnay/photos/00000000-0000-0000-0000-000000000000",
        "/reports/PA-000000-00000",
        "/reports/%00",
        "/reports/uploads/khong-phai-ve",
        "/khong/co",
    ],
)
def test_what_is_not_there_is_said_with_advice(client: Client, address: str) -> None:
    response = client.get(address)
    assert response.status_code == 404
    assert "Không có gì ở đây" in response.content.decode()


def test_communes_are_offered_in_vietnamese_order(client: Client) -> None:
    page = client.get("/reports/new").content.decode()
    letters = re.findall(r'<optgroup label="(.)"', page)
    assert letters == sorted(letters, key="AĂÂBCDĐEÊGHIKLMNOÔƠPQRSTUƯVXY".index)
    assert len(re.findall(r'<option value="\d+"', page)) == 95


def test_the_map_gives_every_commune_an_area(client: Client) -> None:
    found = client.get("/reports/places.json").json()["features"]
    assert len(found) == 95
    assert {it["geometry"]["type"] for it in found} <= {"Polygon", "MultiPolygon"}


def test_the_home_page_shows_the_figures_once_there_are_reports(client: Client, settings: Any) -> None:
    settings.TINHSO_REPORT_RATE = "100/m"
    assert "30 ngày qua" not in text_of(client.get("/"))
    for number in range(6):
        send(client, text=f"Việc {number}")
    settle()
    cache.clear()
    assert "0 trên 6" in text_of(client.get("/"))
