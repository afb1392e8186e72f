"""What the desk offers to do, and what comes of it: done once, refused with words, kept when it does not fit."""

import io
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from tests.kernel.cases.desks import browser, hidden_fields, offered, page_of
from tests.province import Staff
from tinhso.kernel.cases import actions
from tinhso.kernel.cases.models import Case, Remark
from tinhso.kernel.cases.presenting.doings import Step, letters_for
from tinhso.kernel.cases.presenting.forms import MOMENT_FORMAT
from tinhso.kernel.cases.presenting.words import REFUSALS
from tinhso.kernel.cases.rules.parties import SYSTEM
from tinhso.kernel.cases.rules.workflow import Refusal
from tinhso.kernel.files.models import Attachment
from tinhso.kernel.journal.models import Event
from tinhso.kernel.units.queries import unit

pytestmark = pytest.mark.django_db
Report = Callable[..., Case]


def address(case: Case, name: str) -> str:
    step = name in set(Step)
    return reverse("desk:handle" if step else "desk:act", args=[case.number, name])


def send(client: Client, case: Case, name: str, **typed: object) -> Any:
    """Fill in the form as it is now, and send it."""
    form = hidden_fields(client.get(address(case, name)).content.decode())
    return client.post(address(case, name), form | typed)


def text_of(response: Any) -> str:
    return unescape(response.content.decode())


def events(case: Case) -> list[str]:
    return list(Event.objects.filter(subject_id=case.pk).order_by("pk").values_list("kind", flat=True))


def a_photo(name: str = "anh.jpg") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    return SimpleUploadedFile(name, out.getvalue(), "image/jpeg")


@pytest.mark.parametrize("stage", ["received", "handling", "asked", "closed"])
def test_what_is_offered_is_exactly_what_would_not_be_refused(staff: Staff, report: Report, stage: str) -> None:
    case = report()
    if stage != "received":
        actions.act(case.pk, "accept", {}, actor=SYSTEM)
    if stage == "asked":
        actions.act(case.pk, "ask", {"question": "Ở đâu?"}, actor=SYSTEM)
    if stage == "closed":
        actions.act(case.pk, "close", {"outcome": "solved", "answer": "Xong"}, actor=SYSTEM)
    every = [*case.type_version.parsed.actions, *(step.value for step in Step)]
    for person in (staff.officer, staff.leader, staff.operator):
        client = browser(person)
        buttons = offered(client.get(page_of(case)).content.decode())
        before = events(case)
        for name in every:
            answer = client.get(address(case, name))
            assert answer.status_code == (200 if address(case, name) in buttons else 409)
            if answer.status_code == 409:
                refused = client.post(address(case, name), {"reason": "x", "note": "x", "into": "x", "due": "x"})
                assert refused.status_code in {409, 422}
        assert events(case) == before


def test_taking_a_case_of_ones_own_again_is_not_offered(staff: Staff, report: Report) -> None:
    case = report()
    client = browser(staff.officer)
    assert address(case, "take") in offered(client.get(page_of(case)).content.decode())
    assert send(client, case, "take").status_code == 303
    case.refresh_from_db()
    assert case.handler_id == staff.officer.person
    assert address(case, "take") not in offered(client.get(page_of(case)).content.decode())


def test_a_case_is_accepted_and_answered(staff: Staff, report: Report) -> None:
    case = report()
    client = browser(staff.officer)
    assert send(client, case, "accept")["Location"] == page_of(case)
    done = send(client, case, "close", outcome="solved", answer="Đã vá xong.", files=a_photo())
    assert done.status_code == 303
    case.refresh_from_db()
    assert (case.stage, case.outcome) == ("closed", "solved")
    page = text_of(client.get(page_of(case)))
    assert "Đã vá xong." in page
    assert Attachment.objects.get(subject_id=case.pk).made_by_id == staff.officer.person


def test_pressing_twice_does_it_once(staff: Staff, report: Report) -> None:
    case = report()
    client = browser(staff.officer)
    form = hidden_fields(client.get(address(case, "comment")).content.decode()) | {"note": "Đã gọi điện"}
    assert [client.post(address(case, "comment"), form).status_code for _ in range(2)] == [303, 303]
    assert events(case).count("case.commented") == 1
    form = hidden_fields(client.get(address(case, "accept")).content.decode())
    assert [client.post(address(case, "accept"), form).status_code for _ in range(2)] == [303, 303]
    assert events(case).count("case.acted") == 1


def test_a_form_in_a_dialog_comes_back_as_a_part_and_leads_on_when_done(staff: Staff, report: Report) -> None:
    case = report()
    client = browser(staff.officer)
    part = client.get(address(case, "comment"), headers={"HX-Request": "true"})
    assert "<html" not in text_of(part)
    form = hidden_fields(text_of(part)) | {"note": "Đã gọi điện"}
    done = client.post(address(case, "comment"), form, headers={"HX-Request": "true"})
    assert done["HX-Redirect"] == page_of(case)


def test_what_others_did_meanwhile_is_shown_and_nothing_typed_is_lost(staff: Staff, report: Report) -> None:
    case = report()
    actions.act(case.pk, "accept", {}, actor=staff.officer)
    client = browser(staff.officer)
    form = hidden_fields(client.get(address(case, "close")).content.decode())
    form |= {"outcome": "solved", "answer": "Đã vá xong đoạn đường."}
    actions.comment(case.pk, "Nhà thầu hẹn thứ Sáu.", actor=staff.leader)
    answer = client.post(address(case, "close"), form | {"files": a_photo()})
    page = text_of(answer)
    assert answer.status_code == 409
    assert "Nhà thầu hẹn thứ Sáu." in page  # what happened
    assert "Đã vá xong đoạn đường." in page  # what was typed
    assert 'value="solved" selected' in page
    case.refresh_from_db()
    assert case.stage == "handling"
    again = client.post(address(case, "close"), form | hidden_fields(page))
    assert again.status_code == 303
    case.refresh_from_db()
    assert case.stage == "closed"
    assert Attachment.objects.filter(subject_id=case.pk).count() == 1  # uploaded with the attempt that was refused


def test_what_does_not_fit_is_said_beside_its_field(staff: Staff, report: Report) -> None:
    case = report()
    actions.act(case.pk, "accept", {}, actor=staff.officer)
    answer = send(browser(staff.officer), case, "close", outcome="dragon", answer="x" * 4_001)
    page = text_of(answer)
    assert answer.status_code == 422
    assert page.count('class="invalid-feedback"') == 2
    assert "x" * 4_001 in page
    case.refresh_from_db()
    assert case.stage == "handling"


def test_a_mistake_does_not_hide_what_others_did_meanwhile(staff: Staff, report: Report) -> None:
    case, client = report(), browser(staff.leader)
    form = hidden_fields(client.get(address(case, "merge")).content.decode())
    actions.take(case.pk, actor=staff.officer)
    wrong = client.post(address(case, "merge"), form | {"into": "PA-0"})
    assert wrong.status_code == 422
    again = client.post(address(case, "merge"), hidden_fields(text_of(wrong)) | {"into": report().number})
    assert again.status_code == 409


def test_a_refusal_says_what_to_do(staff: Staff, report: Report) -> None:
    case = report()
    assert set(REFUSALS) == set(Refusal)
    for name, reason in (("close", Refusal.WRONG_STAGE), ("redate", Refusal.NOT_YOURS)):
        answer = send_blank(browser(staff.officer), case, name)
        assert answer.status_code == 409
        assert str(REFUSALS[reason]) in text_of(answer)


def send_blank(client: Client, case: Case, name: str) -> Any:
    due = timezone.localtime(timezone.now() + timedelta(days=3)).strftime(MOMENT_FORMAT)
    return client.post(address(case, name), {"outcome": "solved", "answer": "x", "reason": "x", "due": due})


def test_an_assignment_changes_only_what_was_chosen(staff: Staff, report: Report) -> None:
    case = report()
    client = browser(staff.leader)
    form = hidden_fields(client.get(address(case, "assign")).content.decode())
    untouched = form | {"lead": "H19.101", "handler": "", "support": "H19.14"}
    assert client.post(address(case, "assign"), untouched).status_code == 303
    case.refresh_from_db()
    assert case.supporting == [unit("H19.14").pk]
    assert case.lead.code == "H19.101"
    done = send(client, case, "assign", lead="H19.101", handler=str(staff.officer.person), supporting="H19.14")
    assert done.status_code == 303
    case.refresh_from_db()
    assert (case.handler_id, case.supporting) == (staff.officer.person, [unit("H19.14").pk])
    assert send(client, case, "assign", lead="H19.101").status_code == 303  # the tick was taken away
    case.refresh_from_db()
    assert case.supporting == []


def test_after_a_conflict_the_assignment_of_another_is_not_undone(staff: Staff, report: Report) -> None:
    case = report()
    client = browser(staff.operator)
    form = hidden_fields(client.get(address(case, "assign")).content.decode())
    actions.assign(case.pk, actor=SYSTEM, lead="H19.09", supporting=["H19.14"])
    wish = {"lead": "H19.101", "handler": "", "support": "H19.08"}  # only the supporting unit was chosen
    page = text_of(client.post(address(case, "assign"), form | wish))
    assert '<option value="H19.09" selected>' in page
    sent = hidden_fields(page) | {"lead": "H19.09", "handler": "", "supporting": "H19.14", "support": "H19.08"}
    assert client.post(address(case, "assign"), sent).status_code == 303
    case.refresh_from_db()
    assert case.lead.code == "H19.09"
    assert set(case.supporting) == {unit("H19.14").pk, unit("H19.08").pk}


@pytest.mark.parametrize("handler", ["department", "0", "99999999999999999999", "x"])
def test_only_a_colleague_of_the_lead_unit_becomes_the_handler(staff: Staff, report: Report, handler: str) -> None:
    case = report()
    chosen = str(staff.department.person) if handler == "department" else handler
    answer = send(browser(staff.leader), case, "assign", lead="H19.101", handler=chosen)
    assert answer.status_code in {303, 422}
    case.refresh_from_db()
    assert case.handler_id is None


def test_whoever_gives_a_case_away_lands_where_something_is_to_be_seen(staff: Staff, report: Report) -> None:
    case = report()
    done = send(browser(staff.leader), case, "assign", lead="H19.09")
    assert done["Location"] == reverse("desk:inbox")


def test_a_push_up_tells_beforehand_where_it_leads(staff: Staff, report: Report) -> None:
    case = report()
    client = browser(staff.leader)
    assert "Sở Xây dựng" in text_of(client.get(address(case, "push-up")))
    assert send(client, case, "push-up", reason="Đường tỉnh").status_code == 303
    case.refresh_from_db()
    assert case.lead.code == "H19.09"


def test_merging_goes_by_number_and_only_into_what_one_may_see(staff: Staff, report: Report) -> None:
    case, into, foreign = report(), report(), report(category="power")
    client = browser(staff.leader)
    for number in ("", "PA-0", foreign.number, "\x00"):
        assert send(client, case, "merge", into=number).status_code == 422
    assert send(client, case, "merge", into=case.number).status_code == 409
    assert send(client, case, "merge", into=f" {into.number.lower()} ").status_code == 303
    case.refresh_from_db()
    assert case.merged_into_id == into.pk


@pytest.mark.parametrize(
    "due", ["", "x", "2000-01-01T00:00", "0001-01-01T00:00", "9999-12-31T23:59", "2050-12-31T23:59"]
)
def test_a_due_date_that_cannot_be_is_said_so(staff: Staff, report: Report, due: str) -> None:
    case = report()
    answer = send(browser(staff.leader), case, "redate", due=due, reason="Chờ vật tư")
    assert answer.status_code == 422
    assert "Chờ vật tư" in text_of(answer)


def test_a_new_due_date_is_in_the_time_of_the_province(staff: Staff, report: Report) -> None:
    case = report()
    due = timezone.localtime(timezone.now() + timedelta(days=9)).replace(second=0, microsecond=0)
    sent = send(browser(staff.leader), case, "redate", due=due.strftime(MOMENT_FORMAT), reason="Chờ vật tư")
    assert sent.status_code == 303
    first = case.first_due_at
    case.refresh_from_db()
    assert (case.due_at, case.first_due_at) == (due, first)


def test_only_photos_and_papers_are_taken(staff: Staff, report: Report) -> None:
    case = report()
    client = browser(staff.officer)
    assert send(client, case, "attach").status_code == 422
    script = SimpleUploadedFile(
        "a.svg", b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "image/svg+xml"
    )
    assert send(client, case, "attach", files=script).status_code == 422
    assert not Attachment.objects.filter(subject_id=case.pk).exists()
    assert send(client, case, "attach", files=[a_photo(), a_photo()]).status_code == 303
    assert Attachment.objects.filter(subject_id=case.pk).count() == 2


def test_files_that_are_not_there_any_more_are_said_so(staff: Staff, report: Report) -> None:
    case = report()
    kept = {"kept": ["not-a-key", "00000000-0000-4000-8000-000000000000"]}
    assert send(browser(staff.officer), case, "attach", **kept).status_code == 422


def test_a_note_is_for_colleagues_alone(staff: Staff, report: Report) -> None:
    case = report()
    send(browser(staff.officer), case, "comment", note="Chị Ba ở số 12")
    remark = Remark.objects.get(case=case)
    assert (remark.public, remark.personal) == (False, True)


def test_letters_are_each_given_once() -> None:
    letters = letters_for(["accept", "assign", "ask", "jjj", "kk"])
    assert letters["accept"] == "a"
    assert letters["assign"] == "s"
    assert len(set(letters.values())) == 5
    assert not {"j", "k"} & set(letters.values())
    assert letters_for(str(it) for it in range(30))["29"] == ""


@pytest.mark.parametrize("name", ["nothing", "steal"])
def test_an_action_that_the_type_does_not_have_is_not_there(staff: Staff, report: Report, name: str) -> None:
    case = report()
    client = browser(staff.officer)
    assert client.get(reverse("desk:act", args=[case.number, name])).status_code == 404
    assert client.get(reverse("desk:handle", args=[case.number, name])).status_code == 404
