"""A resident's report from the phone to the last word, through a real browser: small and large, with script and
without, in both languages."""

import gzip
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.browser.conftest import Visit, faults, overflows
from tinhso.kernel.cases.actions import act
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.files.models import Attachment
from tinhso.kernel.people.actions import appoint
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role

if TYPE_CHECKING:
    from playwright.sync_api import Page

expect = pytest.importorskip("playwright.sync_api").expect
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SENT = re.compile(r"/t/([\w-]+)/sent(#.*)?$")


def choose(page: "Page", name: str, value: str) -> None:
    """Tap a tile, as a thumb does: once it stands still, which it may not while a photo is being shown."""
    tile = page.locator("label", has=page.locator(f"input[name={name}][value='{value}']"))
    tile.click()
    tile.locator("input:checked").wait_for(state="attached")


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    """A picture as large as a phone takes it."""
    path = tmp_path / "IMG_0001.jpg"
    Image.effect_noise((3000, 2250), 60).convert("RGB").save(path, "JPEG")
    return path


def report_on(page: "Page") -> Case:
    """The report whose page after sending this is."""
    page.wait_for_url(SENT)
    match = SENT.search(page.url)
    assert match
    return Case.objects.get(secret=match[1])


def photos_of(case: Case) -> list[Attachment]:
    return list(Attachment.objects.filter(subject_kind="case", subject_id=case.pk))


def office_of(case: Case) -> Actor:
    person, _ = Person.objects.get_or_create(username="canbo", name="Trần Văn Cán")
    appoint(person, case.lead, Role.OFFICER)
    return Actor(person.scope)


def good(page: "Page", *, script: bool = True) -> None:
    """Nothing sticks out, and nobody is shut out; axe needs scripts, and the markup is the same without them."""
    page.wait_for_load_state("load")
    assert not overflows(page)
    if script:
        assert faults(page) == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_report_goes_all_the_way(visit: Visit, photo: Path, width: int, language: str, script: bool) -> None:  # noqa: PLR0915  one way, told in one piece
    page = visit(width=width, language=language, script=script)
    page.goto("/")
    assert page.locator("html").get_attribute("lang") == language
    good(page, script=script)
    page.locator(".hero-action a").click()
    page.wait_for_url("**/reports/new")
    good(page, script=script)

    page.locator("input[name=photos]").set_input_files(photo)
    choose(page, "category", "road")
    page.locator("select[name=commune]").select_option("25195")
    page.locator("textarea[name=text]").fill("Ổ gà lớn giữa đường")
    page.locator("input[name=contact]").fill("không phải số")
    page.locator("[data-send]").click()
    page.wait_for_selector("#summary")
    good(page, script=script)
    assert page.locator("textarea[name=text]").input_value() == "Ổ gà lớn giữa đường"
    page.locator("#summary a").click()
    page.locator("input[name=contact]").fill("0912 345 678")
    page.locator("[data-send]").click()
    case = report_on(page)
    good(page, script=script)
    assert case.number in page.locator("main").inner_text()
    assert len(photos_of(case)) == 1

    office = office_of(case)
    act(case.pk, "accept", {}, actor=office)
    act(case.pk, "ask", {"question": "Gần số nhà bao nhiêu?"}, actor=office)
    page.goto(f"/t/{case.secret}")
    good(page, script=script)
    page.locator("textarea[name=reply]").fill("Số 12")
    page.locator("#reply [data-send]").click()
    page.wait_for_selector(".alert-success")
    good(page, script=script)

    act(case.pk, "close", {"outcome": "solved", "answer": "Đã vá mặt đường."}, actor=office)
    page.goto(f"/t/{case.secret}")
    good(page, script=script)
    choose(page, "solved", "no")
    choose(page, "satisfaction", "2")
    page.locator("textarea[name=comment]").fill("Vẫn còn một nửa")
    page.locator("#rate [data-send]").click()
    page.wait_for_selector(".alert-success")
    good(page, script=script)
    case.refresh_from_db()
    assert (case.stage, case.reopened, case.satisfaction) == ("handling", 1, 2)

    page.goto("/")
    page.locator("#code").fill(case.number)
    page.locator("#code").press("Enter")
    page.wait_for_url(f"**/reports/{case.number}")
    good(page, script=script)
    words = page.locator("main").inner_text()
    assert "Đã vá mặt đường." in words
    for hidden in ("Ổ gà", "Số 12", "Vẫn còn một nửa", "Trần Văn Cán"):
        assert hidden not in words


def test_photos_are_made_smaller_shown_and_can_be_taken_out(visit: Visit, photo: Path) -> None:
    page = visit(width=360)
    page.goto("/reports/new")
    files = page.locator("input[name=photos]")
    files.set_input_files(photo)
    page.wait_for_selector("[data-preview]")
    files.set_input_files(photo)
    expect(page.locator("[data-preview]")).to_have_count(2)
    good(page)
    page.locator(".photo-remove").first.click()
    expect(page.locator("[data-preview]")).to_have_count(1)
    choose(page, "category", "light")
    page.locator("select[name=commune]").select_option("25195")
    page.locator("textarea[name=text]").fill("Đèn đường hỏng")
    page.locator("[data-send]").click()
    [kept] = photos_of(report_on(page))
    assert max(kept.width or 0, kept.height or 0) == 1600


def test_the_place_is_taken_from_the_phone(visit: Visit) -> None:
    page = visit(
        width=360, geolocation={"latitude": 11.53, "longitude": 106.88, "accuracy": 12}, permissions=["geolocation"]
    )
    page.goto("/reports/new")
    page.locator("[data-locate]").click()
    expect(page.locator("[data-lat]")).not_to_have_value("")
    assert "12 m" in page.locator("[data-place-taken]").inner_text()
    good(page)
    page.locator("[data-place-clear]").click()
    assert page.locator("[data-lat]").input_value() == ""


def test_the_place_is_tapped_on_a_map_that_is_loaded_only_then(visit: Visit) -> None:
    page = visit(width=360)
    loaded: list[str] = []
    page.on("request", lambda it: loaded.append(it.url))
    page.goto("/reports/new")
    page.wait_for_load_state("networkidle")
    assert not [it for it in loaded if "map" in it or "places" in it]
    page.locator("[data-open-map]").click()
    canvas = page.locator("canvas.maplibregl-canvas")
    canvas.wait_for()
    page.wait_for_function(
        "document.querySelector('.map-label:not([hidden])') || document.querySelector('.map-label')"
    )
    good(page)
    canvas.click(position={"x": 150, "y": 160})
    expect(page.locator("[data-lon]")).not_to_have_value("")
    assert 106 < float(page.locator("[data-lon]").input_value()) < 108
    assert 10 < float(page.locator("[data-lat]").input_value()) < 13
    page.wait_for_selector(".map-pin")


def test_a_commune_is_found_without_diacritics_by_keyboard(visit: Visit) -> None:
    page = visit()
    page.goto("/reports/new")
    field = page.locator("[data-commune-find] input")
    field.fill("dong xoai")
    page.wait_for_selector("#commune-list li")
    good(page)
    field.press("Enter")
    chosen = page.locator("select[name=commune] option:checked").inner_text()
    assert "Đồng Xoài" in chosen
    assert page.url.endswith("/reports/new")


def test_the_language_changes_without_losing_the_page_or_what_was_typed(visit: Visit) -> None:
    page = visit()
    page.goto("/reports/new")
    page.locator("textarea[name=text]").fill("Cột điện nghiêng")
    choose(page, "category", "power")
    page.locator(".language-button").click()
    page.wait_for_selector("html[lang=en]")
    assert page.url.endswith("/reports/new")
    expect(page.locator("textarea[name=text]")).to_have_value("Cột điện nghiêng")
    expect(page.locator("input[name=category][value=power]")).to_be_checked()


def test_an_impatient_finger_sends_one_report(visit: Visit) -> None:
    page = visit(width=360)
    page.goto("/reports/new")
    choose(page, "category", "other")
    page.locator("select[name=commune]").select_option("25195")
    page.locator("textarea[name=text]").fill("Việc khác")
    page.evaluate(
        "const button = document.querySelector('[data-send]'); button.click(); button.click(); button.click()"
    )
    case = report_on(page)
    assert Case.objects.filter(pk__gte=case.pk).count() == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_touch_targets_are_large_enough(visit: Visit, width: int) -> None:
    page = visit(width=width)
    for address in ("/", "/reports/new"):
        page.goto(address)
        targets = page.locator(
            "main a.btn, main button, .tile, main select, .top a, .top button,"
            " main input:not([type=hidden]):not([type=radio])"
        )
        heights = {it.evaluate("it => it.outerHTML.slice(0, 80)"): it.bounding_box() for it in targets.all()}
        small = {html: box for html, box in heights.items() if box and box["height"] < 44}
        assert heights
        assert small == {}


def test_the_first_page_weighs_at_most_60_kilobytes(visit: Visit) -> None:
    page = visit(width=360)
    bodies: dict[str, bytes] = {}
    page.on("response", lambda it: bodies.__setitem__(it.url, it.body()) if it.ok else None)
    page.goto("/")
    page.wait_for_load_state("networkidle")

    def sent(url: str, body: bytes) -> int:
        return len(body) if url.endswith(".woff2") else len(gzip.compress(body, 6))

    weights = {re.sub(r".*/", "/", url): sent(url, body) for url, body in bodies.items()}
    assert len(weights) >= 5
    assert sum(weights.values()) <= 60_000, weights
