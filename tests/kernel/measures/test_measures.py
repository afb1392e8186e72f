"""Figures: what they count, that they agree with the cases, and that they never drift."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.province import MONDAY, Staff
from tinhso.kernel.cases import actions
from tinhso.kernel.cases.actions.writing import HiddenError
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.cases.rules.parties import Actor
from tinhso.kernel.cases.rules.workflow import RefusedError
from tinhso.kernel.journal.followers import catch_up, rebuild
from tinhso.kernel.measures.definitions import By
from tinhso.kernel.measures.followers import follower
from tinhso.kernel.measures.queries import Selection, figures, rows, total
from tinhso.kernel.measures.recounting import differences
from tinhso.kernel.units.queries import unit

RESIDENT = Actor(holds_secret=True)
Report = Callable[..., Case]
DAY = timedelta(days=1)


def settle() -> None:
    """Let the follower see what this test's own transaction wrote, which lies above its horizon."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_kept")
        cursor.execute("UPDATE journal_event SET transaction = '3'")
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_kept")
    catch_up(follower)


def handle(case: Case, staff: Staff, at: datetime) -> None:
    actions.act(case.pk, "accept", {}, actor=staff.operator, at=at)
    actions.act(case.pk, "close", {"outcome": "solved", "answer": "Xong"}, actor=staff.operator, at=at + DAY / 24)


@pytest.mark.django_db
def test_figures_count_what_happened(staff: Staff, report: Report) -> None:
    cases = [report() for _ in range(6)]
    for case in cases[:3]:
        handle(case, staff, MONDAY + DAY)
    handle(cases[3], staff, MONDAY + 10 * DAY)  # late
    actions.rate(cases[0].pk, actor=RESIDENT, solved="yes", satisfaction=5, at=MONDAY + 2 * DAY)
    actions.rate(cases[1].pk, actor=RESIDENT, solved="yes", satisfaction=3, at=MONDAY + 2 * DAY)
    actions.rate(cases[2].pk, actor=RESIDENT, solved="no", satisfaction=1, comment="Chưa", at=MONDAY + 2 * DAY)
    settle()
    found = {name: (row.numerator, row.denominator) for name, row in figures(Selection(unit=unit("H19"))).items()}
    assert found == {
        "resolved": (3, 6),
        "closed": (3, 6),
        "on_time": (2, 3),
        "satisfied": (1, 3),
        "electronic": (6, 6),
        "reopened": (1, 4),
    }
    late = total("overdue_open", Selection(end=date(2026, 3, 31)))
    assert (late.numerator, late.denominator) == (3, 3)
    early = total("overdue_open", Selection(end=date(2026, 3, 2)))
    assert (early.numerator, early.denominator) == (0, 6)
    answer = total("first_answer", Selection())
    assert (answer.numerator, answer.denominator, answer.median) == (4, 6, 480)
    assert differences() == []


@pytest.mark.django_db
def test_a_period_counts_by_the_days_of_the_province(staff: Staff, report: Report) -> None:
    report(at=datetime(2026, 3, 2, 16, 59, tzinfo=UTC))  # 23:59 on the 2nd
    report(at=datetime(2026, 3, 2, 17, 0, tzinfo=UTC))  # 00:00 on the 3rd
    settle()
    by_day = rows("electronic", Selection(), By.DAY)
    assert [(row.key, row.denominator) for row in by_day] == [("2026-03-02", 1), ("2026-03-03", 1)]
    assert total("electronic", Selection(start=date(2026, 3, 3))).denominator == 1


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["resolved", "on_time", "overdue_open", "first_answer", "closing"])
def test_rows_by_unit_add_up_to_the_whole(staff: Staff, report: Report, name: str) -> None:
    cases = [report(category=category) for category in ("road", "power", "other", "road", "telecom", "road")]
    actions.push_up(cases[0].pk, "Quá sức", actor=staff.leader, at=MONDAY)
    actions.push_up(actions.push_up(cases[3].pk, "1", actor=staff.leader, at=MONDAY).pk, "2", actor=staff.operator)
    for case in cases[3:]:
        handle(case, staff, MONDAY + DAY)
    settle()
    for code in ("H19", "H19.09", None):
        selection = Selection(unit=unit(code) if code else None)
        whole, parts = total(name, selection), rows(name, selection, By.UNIT)
        assert sum(row.numerator for row in parts) == whole.numerator
        assert sum(row.denominator for row in parts) == whole.denominator
    assert {row.key for row in rows("resolved", Selection(unit=unit("H19")), By.UNIT)} >= {"H19", "H19.09", "H19.101"}


@pytest.mark.django_db
def test_a_successor_includes_the_past_of_its_predecessors(catalogue: None) -> None:
    from tinhso.kernel.cases.actions import Opening, open_case

    at = datetime(2020, 10, 5, 2, 0, tzinfo=UTC)
    typed = {"category": "road", "text": "Hỏng", "place": {"lat": 11.535, "lon": 106.89}}
    for _ in range(5):
        open_case(Opening("report", typed, "mobile", within="H10", at=at))
    settle()
    year = {"start": date(2020, 1, 1), "end": date(2020, 12, 31)}
    assert total("electronic", Selection(unit=unit("H10"), **year)).denominator == 5  # type: ignore[arg-type]
    assert total("electronic", Selection(unit=unit("H19"), **year)).denominator == 5  # type: ignore[arg-type]
    assert total("electronic", Selection(unit=unit("H19"), lineage=False, **year)).denominator == 0  # type: ignore[arg-type]
    assert total("electronic", Selection(unit=unit("H19"), start=date(2025, 7, 1))).denominator == 0
    assert [row.key for row in rows("electronic", Selection(unit=unit("H19")), By.UNIT)] == ["H10"]
    assert total("overdue_open", Selection(unit=unit("H19"))).denominator == 0  # not today's work
    assert total("overdue_open", Selection(unit=unit("H19"), lineage=True)).denominator == 5
    assert total("overdue_open", Selection(unit=unit("H19"), end=date(2020, 12, 31))).denominator == 5


@pytest.mark.django_db
def test_a_share_of_too_few_is_held_back(staff: Staff, report: Report) -> None:
    for _ in range(4):
        report()
    settle()
    row = total("resolved", Selection())
    assert (row.numerator, row.denominator, row.share, row.held_back) == (0, 4, None, True)
    report()
    settle()
    row = total("resolved", Selection())
    assert (row.share, row.held_back) == (0.0, False)


@pytest.mark.django_db
def test_a_drifted_figure_is_found_and_rebuilding_mends_it(staff: Staff, report: Report) -> None:
    report()
    settle()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE measures_tally SET opened = opened + 1")
    assert any("opened is 2, counted 1" in line for line in differences())
    rebuild(follower)
    assert differences() == []


moves = st.lists(
    st.tuples(
        st.integers(0, 3),
        st.sampled_from(
            ["accept", "refuse", "ask", "reply", "close", "rate-yes", "rate-no", "push-up", "merge", "redate"]
        ),
        st.integers(1, 3 * 24 * 60),
    ),
    max_size=25,
)


@pytest.mark.django_db
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves)
def test_whatever_happens_the_figures_equal_a_recount(
    staff: Staff, report: Report, moves: list[tuple[int, str, int]]
) -> None:
    cases = [report() for _ in range(4)]
    at = MONDAY
    for place, what, minutes in moves:
        at += timedelta(minutes=minutes)
        try:
            do(cases[place], cases[0], what, staff, at)
        except (RefusedError, InvalidInputError, HiddenError):
            continue
    settle()
    assert differences() == []
    stored = Case.objects.filter(pk__in=[case.pk for case in cases])
    assert total("resolved", Selection()).numerator == Case.objects.filter(closed_at__isnull=False).count()
    assert total("overdue_open", Selection()).denominator == Case.objects.filter(closed_at=None).count()
    assert stored.count() == 4


def do(case: Case, other: Case, what: str, staff: Staff, at: datetime) -> None:
    operator = staff.operator
    reason = {"reason": "Không phải"}
    commands: dict[str, Callable[[], object]] = {
        "accept": lambda: actions.act(case.pk, "accept", {}, actor=operator, at=at),
        "refuse": lambda: actions.act(case.pk, "refuse", reason, actor=staff.officer, at=at),
        "ask": lambda: actions.act(case.pk, "ask", {"question": "?"}, actor=operator, at=at),
        "reply": lambda: actions.act(case.pk, "reply", {"reply": "!"}, actor=RESIDENT, at=at),
        "close": lambda: actions.act(case.pk, "close", {"outcome": "solved", "answer": "."}, actor=operator, at=at),
        "rate-yes": lambda: actions.rate(case.pk, actor=RESIDENT, solved="yes", satisfaction=5, at=at),
        "rate-no": lambda: actions.rate(case.pk, actor=RESIDENT, solved="no", satisfaction=2, comment="Chưa", at=at),
        "push-up": lambda: actions.push_up(case.pk, "Khó", actor=operator, at=at),
        "merge": lambda: actions.merge(case.pk, other.pk, actor=operator, at=at),
        "redate": lambda: actions.redate(case.pk, at + 9 * DAY, "Chờ", actor=staff.leader, at=at),
    }
    commands[what]()
