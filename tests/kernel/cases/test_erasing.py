"""What identifies people goes when the type's retention is over; the record stays whole."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from tests.province import MONDAY, Staff
from tinhso.kernel.cases.actions import act, erasing
from tinhso.kernel.cases.actions.erasing import erase_due
from tinhso.kernel.cases.models import Case, Remark
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.journal import actions as journal
from tinhso.kernel.journal import queries
from tinhso.kernel.journal.models import Event
from tinhso.kernel.measures import followers
from tinhso.kernel.measures.models import Fact
from tinhso.kernel.notices.actions import forget_about
from tinhso.kernel.notices.models import Notice

RETENTION = timedelta(days=24 * 30)
CLOSED = MONDAY + timedelta(hours=2)
CONTACT = "0912345678"
STORED = "+84912345678"

Report = Callable[..., Case]


def closed(report: Report, staff: Staff) -> Case:
    """A case with everything that erasure touches, closed at CLOSED."""
    case = report(contact=CONTACT)
    act(case.pk, "accept", {}, actor=staff.officer, at=MONDAY)
    act(case.pk, "ask", {"question": "Ở đâu?"}, actor=staff.officer, at=MONDAY)
    act(case.pk, "reply", {"reply": "Nhà ông Sáu"}, actor=Actor(holds_secret=True), at=MONDAY)
    act(case.pk, "close", {"outcome": "solved", "answer": "Đã vá"}, actor=staff.officer, at=CLOSED)
    case.refresh_from_db()
    return case


def test_personal_data_go_when_the_retention_is_over_and_the_rest_stays(report: Report, staff: Staff) -> None:
    case = closed(report, staff)
    at = CLOSED + RETENTION
    assert erase_due(at) == 1
    case.refresh_from_db()
    assert (case.personal, case.erased_at) == ({}, at)
    assert not Remark.objects.filter(case=case, personal=True).exclude(text="").exists()
    assert Remark.objects.get(case=case, name="answer").text == "Đã vá"
    leaving = Notice.objects.exclude(channel="desk")
    assert leaving.count() == 4
    assert set(leaving.values_list("address", "title", "text")) == {("", "", "")}
    assert not leaving.filter(state=Notice.State.WAITING).exists()


def test_nothing_goes_before_its_time_or_while_the_case_is_open(report: Report, staff: Staff) -> None:
    case, still_open = closed(report, staff), report(contact=CONTACT)
    assert erase_due(CLOSED + RETENTION - timedelta(seconds=1)) == 0
    for it in (case, still_open):
        it.refresh_from_db()
        assert it.personal["contact"] == STORED
    assert erase_due(CLOSED + RETENTION) == 1
    still_open.refresh_from_db()
    assert still_open.personal["contact"] == STORED


def test_erasure_is_one_event_without_personal_data_and_the_journal_verifies(report: Report, staff: Staff) -> None:
    case = closed(report, staff)
    journal.seal_all()
    assert erase_due(CLOSED + RETENTION) == 1
    assert erase_due(CLOSED + RETENTION + timedelta(days=1)) == 0
    [event] = Event.objects.filter(kind="case.erased", subject_id=case.pk)
    assert event.actor_id is None
    assert {name: event.data[name] for name in ("remarks", "notices")} == {"remarks": 1, "notices": 4}
    journal.seal_all()
    assert list(queries.damages(journal.signing_key().public_key())) == []


def test_figures_do_not_change_by_erasure(report: Report, staff: Staff) -> None:
    case = closed(report, staff)
    followers.apply(list(Event.objects.filter(subject_id=case.pk).order_by("pk")))
    [before] = Fact.objects.filter(case_id=case.pk).values()
    erase_due(CLOSED + RETENTION)
    followers.apply(list(Event.objects.filter(subject_id=case.pk, kind="case.erased")))
    [after] = Fact.objects.filter(case_id=case.pk).values()
    assert {**after, "last_event": before["last_event"]} == before


def test_more_cases_than_one_batch_are_erased_past_one_that_cannot_be(
    report: Report, staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second, third = (closed(report, staff) for _ in range(3))

    def unlucky(kind: str, key: int) -> int:
        if key == first.pk:
            raise RuntimeError
        return forget_about(kind, key)

    monkeypatch.setattr(erasing, "AT_ONCE", 1)
    monkeypatch.setattr(erasing, "forget_about", unlucky)
    assert erase_due(CLOSED + RETENTION) == 2
    for it in (first, second, third):
        it.refresh_from_db()
    assert first.personal["contact"] == STORED
    assert second.personal == third.personal == {}
