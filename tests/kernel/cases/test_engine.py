"""What can happen to a case, through the one writer, on the real database."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from tests.province import MONDAY, Staff, actor
from tinhso.kernel.cases import actions
from tinhso.kernel.cases.actions.opening import Opening, command_key, open_case
from tinhso.kernel.cases.actions.writing import ConflictError, HiddenError
from tinhso.kernel.cases.models import Case, TypeVersion
from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.cases.rules.numbers import luhn
from tinhso.kernel.cases.rules.parties import SYSTEM, Actor
from tinhso.kernel.cases.rules.workflow import Refusal, RefusedError
from tinhso.kernel.journal.actions import CommandRepeatedError
from tinhso.kernel.journal.models import Event
from tinhso.kernel.notices.models import Notice
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import Role
from tinhso.kernel.units.queries import unit

pytestmark = pytest.mark.django_db
RESIDENT = Actor(holds_secret=True)
Report = Callable[..., Case]


def statements(context: CaptureQueriesContext) -> int:
    return sum(not it["sql"].startswith(("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")) for it in context)


def refusal(command: Callable[[], Any]) -> Refusal:
    with pytest.raises(RefusedError) as caught:
        command()
    return caught.value.reason


def test_a_report_is_numbered_routed_and_dated_in_three_statements(staff: Staff, report: Report) -> None:
    report()
    with CaptureQueriesContext(connection) as context:
        case = report()
    assert statements(context) == 3
    assert case.number == "PA-260302-0002" + luhn("PA-260302-0002")  # the second of the day, and its check digit
    assert case.lead == staff.commune
    assert case.due_at == datetime(2026, 3, 9, 2, 0, tzinfo=UTC)  # five working days
    assert case.first_due_at == case.due_at
    assert case.area is not None
    assert case.area.name == "Phường Bình Phước"


@pytest.mark.parametrize(
    ("category", "code"), [("power", "H19.81"), ("telecom", "H19.10"), ("other", "H19.03"), ("rubbish", "H19.101")]
)
def test_reports_go_where_the_catalogue_sends_them(report: Report, category: str, code: str) -> None:
    assert report(category=category).lead.code == code


def test_the_past_is_routed_to_the_offices_of_its_time(catalogue: None) -> None:
    at = datetime(2020, 10, 5, 2, 0, tzinfo=UTC)
    typed = {"category": "road", "text": "Đường hỏng", "place": {"lat": 11.535, "lon": 106.89}}
    case = open_case(Opening("report", typed, "mobile", within="H10", at=at))
    assert case.lead.code == "H10.32"
    assert case.lead.valid_to is not None
    assert case.area is not None
    assert case.area.valid_to is not None


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"category": "dragon"}, "category"),
        ({"category": ""}, "category"),
        ({"text": " \x00 "}, "text"),
        ({"text": "x" * 4_001}, "text"),
        ({"place": None}, "place"),
        ({"place": {"lat": 91, "lon": 0}}, "place"),
        ({"place": {"lat": float("nan"), "lon": 106.0}}, "place"),
        ({"place": {"lat": 21.03, "lon": 105.85}}, "place"),  # Hà Nội
        ({"place": {"commune": "99999"}}, "place"),
        ({"place": {"lat": 11.5}}, "place"),
        ({"contact": "not a phone"}, "contact"),
        ({"surprise": "1"}, "surprise"),
    ],
)
def test_bad_input_is_refused_by_field_and_writes_nothing(report: Report, typed: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        report(**typed)
    assert set(caught.value.errors) == {field}
    assert not Case.objects.exists()


def test_a_matter_from_report_to_rating(staff: Staff, report: Report) -> None:
    case = report(contact="0912 345 678")
    actions.act(case.pk, "accept", {}, actor=staff.officer, at=MONDAY + timedelta(hours=1))
    actions.act(case.pk, "ask", {"question": "Đoạn nào?"}, actor=staff.officer, at=MONDAY + timedelta(hours=2))
    case.refresh_from_db()
    assert (case.stage_kind, case.due_at) == ("waiting", None)
    actions.act(case.pk, "reply", {"reply": "Trước chợ"}, actor=RESIDENT, at=MONDAY + timedelta(days=7))
    case.refresh_from_db()
    # Two hours of forty had run when the clock stood still: thirty-eight from Monday the 9th, 09:00.
    assert case.due_at == datetime(2026, 3, 13, 9, 30, tzinfo=UTC)
    closing = {"outcome": "solved", "answer": "Đã vá"}
    actions.act(case.pk, "close", closing, actor=staff.officer, at=MONDAY + timedelta(days=8))
    case = actions.rate(case.pk, actor=RESIDENT, solved="yes", satisfaction=5, at=MONDAY + timedelta(days=9))
    assert (case.stage, case.solved, case.satisfaction) == ("closed", "yes", 5)
    sent = list(Notice.objects.order_by("id").values_list("template", flat=True))
    assert sent == ["report-received", "report-accepted", "report-question", "report-closed"]
    assert Notice.objects.filter(address="+84912345678").count() == 4
    kinds = list(Event.objects.filter(subject_id=case.pk).order_by("id").values_list("kind", flat=True))
    assert kinds == ["case.opened", *["case.acted"] * 4, "case.rated"]


def test_an_action_takes_at_most_six_statements(staff: Staff, report: Report) -> None:
    case = report(contact="0912 345 678")
    with CaptureQueriesContext(connection) as context:
        actions.act(case.pk, "accept", {}, actor=staff.officer)
    assert statements(context) <= 6


def closed(report: Report, staff: Staff, at: datetime = MONDAY) -> Case:
    case = report(at=at)
    actions.act(case.pk, "accept", {}, actor=staff.officer, at=at)
    return actions.act(
        case.pk, "close", {"outcome": "solved", "answer": "Xong"}, actor=staff.officer, at=at + timedelta(hours=1)
    )


@pytest.mark.parametrize("solved", ["no", "partly"])
def test_no_and_partly_reopen_once_and_only_with_a_comment(staff: Staff, report: Report, solved: str) -> None:
    case = closed(report, staff)
    when = MONDAY + timedelta(days=1)
    with pytest.raises(InvalidInputError):
        actions.rate(case.pk, actor=RESIDENT, solved=solved, satisfaction=2, at=when)
    case = actions.rate(case.pk, actor=RESIDENT, solved=solved, satisfaction=2, comment="Vẫn hỏng", at=when)
    assert (case.stage, case.reopened, case.closed_at) == ("handling", 1, None)
    assert case.due_at == datetime(2026, 3, 10, 2, 0, tzinfo=UTC)  # the clock starts again
    actions.act(
        case.pk,
        "close",
        {"outcome": "solved", "answer": "Xong hẳn"},
        actor=staff.officer,
        at=when + timedelta(hours=1),
    )
    case = actions.rate(
        case.pk, actor=RESIDENT, solved="no", satisfaction=1, comment="Chưa", at=when + timedelta(hours=2)
    )
    assert (case.stage, case.reopened) == ("closed", 1)


def test_a_rating_comes_once_within_its_time_and_from_the_raiser(staff: Staff, report: Report) -> None:
    case = closed(report, staff)
    day = timedelta(days=1)
    rate = lambda actor, at: lambda: actions.rate(case.pk, actor=actor, solved="yes", satisfaction=4, at=at)  # noqa: E731
    assert refusal(rate(staff.officer, MONDAY + day)) is Refusal.NOT_YOURS
    assert refusal(rate(RESIDENT, MONDAY + 15 * day)) is Refusal.NOT_RATEABLE
    rate(RESIDENT, MONDAY + day)()
    assert refusal(rate(RESIDENT, MONDAY + 2 * day)) is Refusal.NOT_RATEABLE


def test_only_the_parties_of_an_action_may_do_it_and_strangers_see_nothing(staff: Staff, report: Report) -> None:
    case = report()
    assert refusal(lambda: actions.act(case.pk, "close", {}, actor=staff.officer)) is Refusal.WRONG_STAGE
    assert refusal(lambda: actions.act(case.pk, "dance", {}, actor=staff.officer)) is Refusal.UNKNOWN_ACTION
    assert refusal(lambda: actions.act(case.pk, "accept", {}, actor=RESIDENT)) is Refusal.NOT_YOURS
    with pytest.raises(HiddenError):
        actions.act(case.pk, "accept", {}, actor=staff.stranger)
    with pytest.raises(HiddenError):
        actions.act(case.pk, "accept", {}, actor=Actor())


def test_not_ours_names_whose_it_is_or_goes_back_to_the_centre(staff: Staff, report: Report) -> None:
    reason = {"reason": "Đường do Sở quản lý"}
    case = actions.act(report().pk, "refuse", reason | {"proper-unit": "H19.09"}, actor=staff.officer)
    assert case.lead.code == "H19.09"
    case = actions.act(report().pk, "refuse", reason, actor=staff.officer)
    assert case.lead.code == "H19.03"
    with pytest.raises(InvalidInputError):
        actions.act(report().pk, "refuse", reason | {"proper-unit": "H19.101"}, actor=staff.officer)
    with pytest.raises(InvalidInputError):
        actions.act(report().pk, "refuse", reason | {"proper-unit": "H10"}, actor=staff.officer)  # of the past


def test_pushing_up_goes_to_the_focal_point_and_the_lower_unit_follows(staff: Staff, report: Report) -> None:
    case = report()
    assert refusal(lambda: actions.push_up(case.pk, "Quá sức", actor=staff.officer)) is Refusal.NOT_YOURS
    case = actions.push_up(case.pk, "Quá sức xã", actor=staff.leader)
    assert case.lead.code == "H19.09"
    assert case.following == [staff.commune.pk]
    assert Case.objects.visible_to(staff.officer.scope).filter(pk=case.pk).exists()
    assert refusal(lambda: actions.act(case.pk, "accept", {}, actor=staff.officer)) is Refusal.NOT_YOURS
    case = actions.push_up(case.pk, "Vượt thẩm quyền", actor=staff.department)
    assert case.lead.code == "H19"
    assert refusal(lambda: actions.push_up(case.pk, "Lên nữa", actor=staff.operator)) is Refusal.NO_UNIT_ABOVE


def test_two_people_on_one_case_are_told_of_each_other(staff: Staff, report: Report) -> None:
    case = report()
    actions.take(case.pk, actor=staff.officer, seen_version=case.version)
    with pytest.raises(ConflictError) as caught:
        actions.act(case.pk, "accept", {}, actor=staff.leader, seen_version=case.version)
    assert caught.value.case.version == case.version + 1


def test_a_repeated_command_is_carried_out_once(staff: Staff, report: Report) -> None:
    key = command_key("test", "1")
    typed = {"category": "road", "text": "Hỏng", "place": {"commune": "25195"}}
    opening = Opening("report", typed, "web", command_key=key)
    first = open_case(opening)
    with pytest.raises(CommandRepeatedError) as caught:
        open_case(opening)
    assert caught.value.event.subject_id == first.pk
    assert Case.objects.count() == 1
    act_key = command_key("test", "2")
    accept = lambda: actions.act(first.pk, "accept", {}, actor=staff.operator, command_key=act_key)  # noqa: E731
    accept()
    with pytest.raises(CommandRepeatedError):
        accept()


def test_lead_supporting_units_and_handler_are_assigned(staff: Staff, report: Report) -> None:
    case = report()
    case = actions.assign(
        case.pk,
        actor=staff.operator,
        lead="H19.09",
        supporting=["H19.101", "H19.14"],
        handler=staff.department.person,
    )
    assert case.lead.code == "H19.09"
    assert case.units == sorted([case.lead_id, *case.supporting])
    assert case.handler_id == staff.department.person
    with pytest.raises(InvalidInputError):
        actions.assign(case.pk, actor=staff.operator, handler=staff.officer.person)


def test_a_duplicate_closes_into_the_case_that_goes_on(staff: Staff, report: Report) -> None:
    kept, double = report(), report(contact="a@example.vn")
    case = actions.merge(double.pk, kept.pk, actor=staff.operator)
    assert (case.merged_into, case.stage_kind) == (kept, "closed")
    assert Notice.objects.filter(template="report-merged", address="a@example.vn").exists()
    assert refusal(lambda: actions.merge(kept.pk, double.pk, actor=staff.operator)) is Refusal.SAME_CASE
    rate = lambda: actions.rate(double.pk, actor=RESIDENT, solved="yes", satisfaction=5)  # noqa: E731
    assert refusal(rate) is Refusal.NOT_RATEABLE


def test_a_new_due_date_keeps_the_first_one_and_its_reason(staff: Staff, report: Report) -> None:
    case = report()
    first = case.due_at
    later = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)
    case = actions.redate(case.pk, later, "Chờ vật tư", actor=staff.leader, at=MONDAY)
    assert (case.due_at, case.first_due_at) == (later, first)
    with pytest.raises(InvalidInputError):
        actions.redate(case.pk, MONDAY, "Hôm qua", actor=staff.leader, at=MONDAY + timedelta(days=1))


def test_a_holiday_decreed_late_redates_open_cases(
    staff: Staff, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dataclasses import replace

    from tinhso.kernel.cases import queries

    case, done = report(), closed(report, staff)
    before = done.due_at
    office = queries.calendars()["office"]
    changed = replace(office, exceptions={**office.exceptions, datetime(2026, 3, 4, tzinfo=UTC).date(): ()})
    monkeypatch.setitem(queries.calendars(), "office", changed)
    assert actions.redate_open("office", "QĐ 1/2026") == 1
    case.refresh_from_db()
    done.refresh_from_db()
    assert case.due_at == datetime(2026, 3, 10, 2, 0, tzinfo=UTC)
    assert done.due_at == before
    assert Event.objects.filter(kind="case.redated", subject_id=case.pk, data__why="QĐ 1/2026").count() == 1


def test_escalation_tells_leaders_step_by_step(staff: Staff, report: Report) -> None:
    case = report()
    assert actions.escalate_due(MONDAY + timedelta(days=1)) == 0
    assert actions.escalate_due(datetime(2026, 3, 6, 2, 30, tzinfo=UTC)) == 1  # 80 % of five working days
    assert Notice.objects.get(template="escalation-warning").person_id == staff.leader.person
    assert actions.escalate_due(datetime(2026, 3, 9, 2, 30, tzinfo=UTC)) == 1
    assert actions.escalate_due(datetime(2026, 3, 30, tzinfo=UTC)) == 0
    case.refresh_from_db()
    assert (case.alarms_done, case.alarm_at) == (2, None)


def test_a_published_type_cannot_be_changed(catalogue: None) -> None:
    with pytest.raises(IntegrityError, match="immutable"), transaction.atomic():
        TypeVersion.objects.update(definition="{}")


def test_what_people_wrote_is_not_in_the_journal(staff: Staff, report: Report) -> None:
    case = report(text="Nhà ông Nguyễn Văn A, số 12", contact="0912345678")
    actions.act(case.pk, "refuse", {"reason": "Gọi 0987654321"}, actor=staff.officer)
    actions.comment(case.pk, "Đã gọi ông A", actor=staff.operator)
    told = str(list(Event.objects.values_list("data", flat=True)))
    for secret in ("Nguyễn", "912345678", "0987654321", "ông A"):
        assert secret not in told


def test_following_a_commune_office_does_not_reach_into_others(staff: Staff, report: Report) -> None:
    report()
    assert Case.objects.visible_to(staff.stranger.scope).count() == 0
    assert Case.objects.visible_to(staff.operator.scope).count() == 1
    assert unit("H19.101").path[0] == unit("H19").pk


REFORM = datetime(2025, 7, 2, 2, 0, tzinfo=UTC)


def test_what_an_office_left_open_at_its_end_can_still_be_handled(catalogue: None, staff: Staff) -> None:
    typed = {"category": "road", "text": "Đường hỏng", "place": {"lat": 11.535, "lon": 106.89}}
    case = open_case(Opening("report", typed, "mobile", within="H10", at=datetime(2025, 6, 20, 2, 0, tzinfo=UTC)))
    assert case.lead.valid_to is not None
    assert actions.act(case.pk, "accept", {}, actor=staff.operator, at=REFORM).stage == "handling"
    assert actions.push_up(case.pk, "Đơn vị cũ đã giải thể", actor=staff.operator, at=REFORM).lead.code == "H19"
    other = open_case(Opening("report", typed, "mobile", within="H10", at=datetime(2025, 6, 20, 2, 0, tzinfo=UTC)))
    assert actions.act(other.pk, "refuse", {"reason": "Không"}, actor=SYSTEM, at=REFORM).lead.code == "H19.03"


def test_a_case_is_not_merged_into_a_closed_one(staff: Staff, report: Report) -> None:
    done, fresh = closed(report, staff), report()
    assert refusal(lambda: actions.merge(fresh.pk, done.pk, actor=staff.operator)) is Refusal.TARGET_CLOSED


def test_recalculating_leaves_dates_given_by_hand_and_dates_missed_before_a_pause(
    staff: Staff, report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = report()
    sunday_evening = datetime(2026, 3, 22, 13, 0, tzinfo=UTC)
    actions.redate(case.pk, sunday_evening, "Hẹn", actor=staff.leader, at=MONDAY)
    assert actions.redate_open("office", "không đổi gì") == 0
    case.refresh_from_db()
    assert case.due_at == sunday_evening


def test_a_later_due_date_arms_the_alarms_again(staff: Staff, report: Report) -> None:
    case = report()
    for at in (datetime(2026, 3, 6, 2, 30, tzinfo=UTC), datetime(2026, 3, 9, 2, 30, tzinfo=UTC)):
        assert actions.escalate_due(at) == 1
    now = datetime(2026, 3, 9, 3, 0, tzinfo=UTC)
    case = actions.redate(case.pk, datetime(2026, 4, 30, 2, 0, tzinfo=UTC), "Chờ", actor=staff.leader, at=now)
    assert case.alarms_done == 0
    assert case.alarm_at is not None
    assert case.alarm_at > now


def test_the_office_that_pushed_up_hears_the_answer(staff: Staff, report: Report) -> None:
    case = actions.push_up(report().pk, "Khó", actor=staff.leader)
    actions.act(case.pk, "accept", {}, actor=staff.department)
    actions.act(case.pk, "close", {"outcome": "solved", "answer": "Xong"}, actor=staff.department)
    told = Notice.objects.filter(template="followed-answer").values_list("person_id", flat=True)
    assert set(told) == {staff.leader.person, staff.officer.person}


def test_assigning_to_the_same_office_keeps_the_handler(staff: Staff, report: Report) -> None:
    case = actions.take(report().pk, actor=staff.officer)
    case = actions.assign(case.pk, actor=staff.leader, lead=staff.commune.code)
    assert case.handler_id == staff.officer.person


def test_a_helpers_sight_ends_with_the_role(staff: Staff) -> None:
    helper = actor("helper", "H19.101", Role.HELPER)
    person = Person.objects.get(pk=helper.person)
    typed = {"category": "road", "text": "Hộ bà con", "place": {"commune": "25195"}}
    case = open_case(Opening("report", typed, "web", filed_by=person))
    assert Case.objects.visible_to(helper.scope).filter(pk=case.pk).exists()
    person.memberships.all().delete()
    gone = Actor(Person.objects.get(pk=person.pk).scope)
    assert not Case.objects.visible_to(gone.scope).filter(pk=case.pk).exists()
    with pytest.raises(HiddenError):
        actions.comment(case.pk, "Xem", actor=gone)


def test_one_case_that_cannot_be_escalated_does_not_hold_up_the_others(
    staff: Staff, report: Report, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = report(), report()
    Case.objects.filter(pk=broken.pk).update(clocks={"resolution": {}})
    assert actions.escalate_due(datetime(2026, 3, 6, 2, 30, tzinfo=UTC)) == 1
    sound.refresh_from_db()
    assert sound.alarms_done == 1
    assert "could not be escalated" in caplog.text


@pytest.mark.parametrize(
    ("typed", "kept"), [("đường\u00a0số\u30005", "đường số 5"), ("a\u2028b\r\nc\u0007", "a\nb\nc")]
)
def test_pasted_spaces_and_line_ends_become_plain(report: Report, typed: str, kept: str) -> None:
    assert report(text=typed).text == kept
