"""The past of Bình Phước and today's demo: what was played is what the files tell, once, and the figures follow."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db import connection, transaction

from tests.kernel.measures.test_measures import settle

if TYPE_CHECKING:
    from pytest_django.plugin import DjangoDbBlocker

pytestmark = pytest.mark.slow
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
FIRST, LAST = date(2020, 9, 25), date(2020, 10, 15)
START = datetime(2020, 9, 25, tzinfo=ZONE)
END = datetime(2020, 10, 16, tzinfo=ZONE)
PAST = Path(settings.TINHSO_CATALOG) / "demo" / "binh-phuoc-2020.yaml"


def select(statement: str, *parameters: object) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return list(cursor.fetchall())


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A home of its own for keys and photos."""
    before, settings.TINHSO_HOME = settings.TINHSO_HOME, tmp_path_factory.mktemp("demo")
    yield settings.TINHSO_HOME
    settings.TINHSO_HOME = before


@pytest.fixture(scope="module")
def played(django_db_setup: None, django_db_blocker: "DjangoDbBlocker", home: Path) -> Iterator[None]:
    """The demo, loaded once for all tests of this module in a transaction that is taken back."""
    from tests.conftest import _load_catalogue
    from tinhso.shell.cli import demo

    with django_db_blocker.unblock(), transaction.atomic():
        _load_catalogue()
        demo.load(lambda _: None)
        settle()
        yield
        transaction.set_rollback(True)


def test_file_is_what_its_generator_writes() -> None:
    from tools import demo_past

    assert demo_past.TARGET.read_text(encoding="utf-8") == demo_past.text()


def test_texts_differ_and_name_no_person_and_no_number() -> None:
    from tinhso.systems.reports.playing import read_past

    past = read_past(PAST)
    texts = [row.text for row in past.rows]
    assert len(set(texts)) == len(texts) == 400
    assert not [text for text in texts if any(word.isdigit() and len(word) > 6 for word in text.split())]
    assert {row.channel for row in past.rows} == {"mobile"}


def test_plain_recount_of_cases_gives_what_the_source_says(played: None) -> None:
    [(opened, closed, rated, satisfied)] = select(
        "SELECT count(*), count(closed_at), count(satisfaction), count(*) FILTER (WHERE satisfaction >= 4)"
        " FROM cases_case WHERE opened_at >= %s AND opened_at < %s",
        START,
        END,
    )
    assert (opened, closed) == (400, 264)
    assert (rated, satisfied) == (128, 96)
    assert closed / opened == 0.66
    assert satisfied / rated == 0.75


def test_measures_count_the_same_for_binh_phuoc_and_under_dong_nai(played: None) -> None:
    from tinhso.kernel.measures.queries import Selection, total
    from tinhso.kernel.units.queries import unit

    weeks = {"type": "report", "start": FIRST, "end": LAST}
    for selection in (
        Selection(unit=unit("H10"), **weeks),
        Selection(unit=unit("H10"), type="report"),
        Selection(unit=unit("H19"), **weeks),
    ):
        resolved, satisfied = total("resolved", selection), total("satisfied", selection)
        assert (resolved.numerator, resolved.denominator) == (264, 400)
        assert (satisfied.numerator, satisfied.denominator) == (96, 128)
    alone = total("resolved", Selection(unit=unit("H19"), lineage=False, **weeks))
    assert alone.denominator == 0


def test_measures_do_not_drift_from_the_journal(played: None) -> None:
    from tinhso.kernel.measures.recounting import differences

    assert differences() == []


def test_every_report_lies_in_a_commune_of_binh_phuoc_of_2020(played: None) -> None:
    stray = select(
        "SELECT c.number FROM cases_case c LEFT JOIN units_unit a ON a.id = c.area_id"
        " WHERE c.opened_at < %s AND NOT (a.kind = 'commune' AND a.valid_from <= %s AND a.valid_to >= %s"
        " AND a.path && (SELECT array_agg(id) FROM units_unit WHERE code = '70' AND kind = 'province'))",
        END,
        FIRST,
        LAST,
    )
    assert stray == []
    assert select("SELECT count(*) FROM cases_case WHERE opened_at < %s AND area_id IS NOT NULL", END) == [(400,)]


def test_every_report_is_with_an_office_of_h10_that_existed_then(played: None) -> None:
    offices = select(
        "SELECT DISTINCT u.code, u.valid_from <= %s AND u.valid_to >= %s,"
        " u.path && (SELECT array_agg(id) FROM units_unit WHERE code = 'H10')"
        " FROM cases_case c JOIN units_unit u ON u.id = c.lead_id WHERE c.opened_at < %s",
        FIRST,
        LAST,
        END,
    )
    assert len(offices) > 15
    assert all(in_force and below for _, in_force, below in offices), offices


def test_people_acted_within_the_weeks_and_in_order(played: None) -> None:
    outside = select(
        "SELECT e.id, e.kind, e.occurred_at FROM journal_event e JOIN cases_case c ON c.id = e.subject_id"
        " WHERE c.opened_at < %s AND e.kind <> 'case.escalated' AND NOT (e.occurred_at >= %s AND e.occurred_at < %s)",
        END,
        START,
        END,
    )
    assert outside == []
    assert select(
        "SELECT count(*) FROM cases_case WHERE opened_at < %s AND rated_at < closed_at AND reopened = 0", END
    ) == [(0,)]


def test_journal_order_is_the_order_of_time(played: None) -> None:
    steps_back = select(
        "SELECT id FROM (SELECT id, occurred_at, lag(occurred_at) OVER (ORDER BY id) AS before FROM journal_event)"
        " AS e WHERE occurred_at < before AND occurred_at < %s",
        END + timedelta(days=365),
    )
    assert steps_back == []


def test_officers_of_the_past_worked_in_working_time(played: None) -> None:
    from tinhso.kernel.cases.queries import calendars
    from tinhso.kernel.journal.models import Event

    office = calendars()["office"]
    acts = Event.objects.filter(occurred_at__lt=END, kind="case.acted", actor_id__isnull=False)
    assert acts.count() > 600
    # A step that ends exactly with the working day is on its last minute.
    assert not [it.pk for it in acts if not office.is_open(it.occurred_at - timedelta(minutes=1))]


def test_people_of_the_past_cannot_sign_in_and_got_no_message(played: None) -> None:
    from tinhso.kernel.notices.models import Notice
    from tinhso.kernel.people.models import Membership, Person

    people = Person.objects.filter(username__startswith="binh-phuoc-2020.")
    assert people.count() > 30
    assert not people.filter(is_active=True).exists()
    assert not any(it.has_usable_password() for it in people)
    posts = Membership.objects.filter(person__in=people)
    assert not posts.as_of(date(2025, 7, 1)).exists()
    assert posts.as_of(FIRST).count() == posts.count() == people.count()
    [(past_cases,)] = select("SELECT array_agg(id) FROM cases_case WHERE opened_at < %s", END)
    assert not Notice.objects.filter(subject_kind="case", subject_id__in=past_cases).exists()


def test_a_second_load_changes_nothing(played: None) -> None:
    from tinhso.shell.cli import demo

    before = select("SELECT count(*), max(id) FROM journal_event"), demo.accounts()
    assert demo.load_past(lambda _: None) == 0
    assert demo.load(lambda _: None) == before[1]
    assert select("SELECT count(*), max(id) FROM journal_event") == before[0]


def test_every_row_of_the_past_went_its_own_way(played: None) -> None:
    from tinhso.kernel.cases.models import Case
    from tinhso.kernel.journal.models import Event
    from tinhso.systems.reports.playing import read_past

    past = read_past(PAST)
    told = {f"demo:{past.name}:{row.n}:0": row for row in past.rows}
    opened = {it.command_key: it for it in Event.objects.filter(command_key__in=told)}
    cases = Case.objects.in_bulk([it.subject_id for it in opened.values()])
    for key, row in told.items():
        case = cases[opened[key].subject_id]
        assert (case.text, case.category, case.opened_at) == (row.text, row.category, row.opened_at)
        assert (case.satisfaction, case.solved, case.rated_at) == (row.satisfaction, row.solved, row.rated_at)


@pytest.mark.django_db
def test_a_load_that_was_broken_off_goes_on(catalogue: None, home: Path) -> None:
    from tinhso.kernel.cases.models import Case
    from tinhso.kernel.journal.models import Event
    from tinhso.shell.cli import demo
    from tinhso.systems.reports import playing

    past = playing.read_past(PAST)
    stories = past.stories()[:60]
    cast = demo._past_cast(past)
    until = END + timedelta(days=60)

    class BrokenOffError(Exception):
        pass

    def break_off(done: int, _steps: int) -> None:
        if done >= playing.STEPS_AT_ONCE:
            raise BrokenOffError

    with pytest.raises(BrokenOffError):
        playing.play(stories, cast, until=until, progress=break_off)
    steps = sum(len(story.steps) + 1 for story in stories)
    assert playing.play(stories, cast, until=until) == steps - playing.STEPS_AT_ONCE
    assert playing.play(stories, cast, until=until) == 0
    assert Case.objects.count() == 60
    assert Event.objects.filter(command_key__isnull=False).count() == steps


def test_todays_demo_has_every_stage(played: None) -> None:
    from tinhso.kernel.cases.models import Case
    from tinhso.kernel.files.models import Attachment

    today = Case.objects.filter(opened_at__gt=END)
    assert today.count() == 60
    assert set(today.values_list("stage", flat=True)) == {"received", "handling", "asked", "closed"}
    assert today.filter(merged_into__isnull=False).count() == 2
    assert today.filter(reopened=1).count() == 2
    assert today.exclude(following=[]).count() >= 4
    photos = Attachment.objects.filter(subject_kind="case", subject_id__in=today.values("pk"))
    assert photos.count() > 10


def test_officer_and_leader_of_the_demo_see_their_commune(played: None) -> None:
    from tinhso.kernel.cases.models import Case
    from tinhso.kernel.people.models import Person
    from tinhso.kernel.people.queries import person_of_token, scope_of
    from tinhso.shell.cli import demo

    accounts = {it.username: it for it in demo.accounts()}
    seen = {
        name: Case.objects.visible_to(scope_of(Person.objects.get(username=name).pk)).count()
        for name in ("officer", "officer-xd", "leader", "leader-province", "operator")
    }
    assert 15 < seen["officer"] == seen["leader"] < 30
    assert 0 < seen["officer-xd"] < seen["leader-province"] == seen["operator"] == 460
    assert Person.objects.get(username="officer").check_password(accounts["officer"].secret)
    holder = person_of_token(accounts["Bearer token"].secret)
    assert holder is not None
    assert holder.username == "integrator"
