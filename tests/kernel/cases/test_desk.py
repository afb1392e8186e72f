"""What the desk shows to whom: lists, their statements, the page of a case, its files."""

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from tests.kernel.cases.desks import browser, numbers, offered, page_of, statements_of
from tests.province import MONDAY, Staff, actor
from tinhso.kernel.cases import actions
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.queries import standing_of
from tinhso.kernel.cases.queries.inbox import PAGE, Cursor, Tab, standings
from tinhso.kernel.cases.rules.parties import SYSTEM, Actor, sees
from tinhso.kernel.files.actions import store_photo
from tinhso.kernel.people.rules import Role
from tinhso.kernel.units.queries import unit

pytestmark = pytest.mark.django_db
Report = Callable[..., Case]


def inbox(client: Client, **query: str | int) -> str:
    response = client.get(reverse("desk:inbox"), query)
    assert response.status_code == 200
    return response.content.decode()


def a_photo() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(out, "JPEG")
    return out.getvalue()


@pytest.mark.parametrize("name", ["desk:inbox", "desk:case"])
def test_strangers_are_asked_to_sign_in_and_come_back(report: Report, name: str) -> None:
    address = reverse(name, args=[report().number] if name == "desk:case" else [])
    answer = Client().get(address)
    assert answer.status_code == 302
    assert answer["Location"] == f"{reverse('account_login')}?next={address}"
    part = Client().get(address, headers={"HX-Request": "true"})
    assert part["HX-Redirect"] == answer["Location"]  # the page goes there, not a part of it


@pytest.mark.parametrize("role", [None, Role.HELPER])
def test_whoever_has_no_role_in_an_office_reads_what_to_do(staff: Staff, role: Role | None) -> None:
    person = actor("nobody", "H19.101", *([role] if role else []))
    answer = browser(person).get(reverse("desk:inbox"))
    assert answer.status_code == 403
    assert "desk/no_role.html" in [it.name for it in answer.templates]


def test_a_case_outside_the_scope_is_not_there(staff: Staff, report: Report) -> None:
    case = report()
    photo = store_photo(a_photo())
    actions.attach(case.pk, [photo.pk], actor=staff.officer)
    client = browser(staff.stranger)
    for address in (
        page_of(case),
        reverse("desk:by_key", args=[case.pk]),
        reverse("desk:act", args=[case.number, "accept"]),
        reverse("desk:handle", args=[case.number, "comment"]),
        reverse("desk:file", args=[case.number, photo.pk]),
    ):
        assert client.get(address).status_code == 404
    assert client.post(reverse("desk:handle", args=[case.number, "comment"]), {"note": "x"}).status_code == 404
    assert browser(staff.officer).get(page_of(case)).status_code == 200


def test_no_list_shows_what_its_page_would_refuse(staff: Staff, report: Report) -> None:
    cases = [report(category=it) for it in ("road", "power", "other", "telecom", "rubbish")]
    actions.push_up(cases[0].pk, "vượt thẩm quyền", actor=staff.leader)
    actions.assign(cases[1].pk, actor=SYSTEM, supporting=["H19.101"])
    cases = list(Case.objects.select_related("lead"))
    for person in (staff.officer, staff.leader, staff.department, staff.operator, staff.stranger):
        client = browser(person)
        may_see = {it.number for it in cases if sees(person.scope, standing_of(it))}
        assert set(numbers(inbox(client, tab="all"))) == may_see
        for tab in Tab:
            assert set(numbers(inbox(client, tab=tab.value))) <= may_see
        for case in cases:
            assert client.get(page_of(case)).status_code == (200 if case.number in may_see else 404)


def test_each_list_holds_what_its_name_says(staff: Staff, report: Report) -> None:
    now = timezone.now()
    overdue, paused, closed, foreign = report(), report(), report(), report(category="power")
    soon = report(at=now)
    unrouted = report(category="other")
    for case in (overdue, paused, closed):
        actions.act(case.pk, "accept", {}, actor=staff.officer)
    actions.act(paused.pk, "ask", {"question": "Ở đâu?"}, actor=staff.officer, at=MONDAY + timedelta(hours=1))
    actions.act(closed.pk, "close", {"outcome": "solved", "answer": "Xong"}, actor=staff.officer)
    actions.assign(foreign.pk, actor=SYSTEM, supporting=["H19.101"])
    Case.objects.filter(pk=soon.pk).update(due_at=now + timedelta(hours=30))
    officer = browser(staff.officer)
    held = {tab: set(numbers(inbox(officer, tab=tab.value))) for tab in Tab if tab is not Tab.DISPATCH}
    assert held == {
        Tab.MINE: {overdue.number, paused.number},
        Tab.UNIT: {overdue.number, paused.number, soon.number},
        Tab.SUPPORTING: {foreign.number},
        Tab.SOON: {soon.number},
        Tab.OVERDUE: {overdue.number, foreign.number},
        Tab.ALL: {it.number for it in (overdue, paused, closed, foreign, soon)},
        Tab.CLOSED: {closed.number},
    }
    assert standings(staff.officer.scope, now).counts == {tab: len(numbers) for tab, numbers in held.items()}
    assert numbers(inbox(browser(staff.operator))) == [unrouted.number]  # what nobody took comes first


def test_an_overdue_and_a_paused_case_are_said_to_be_so(staff: Staff, report: Report) -> None:
    report()
    html = inbox(browser(staff.officer), tab="unit")
    assert 'class="desk-due-words desk-due-overdue"' in html
    case = report()
    actions.act(case.pk, "accept", {}, actor=staff.officer, at=MONDAY)
    actions.act(case.pk, "ask", {"question": "Ở đâu?"}, actor=staff.officer, at=MONDAY + timedelta(hours=1))
    assert 'class="desk-due-words desk-due-paused"' in inbox(browser(staff.officer), tab="mine")


@pytest.mark.parametrize("tab", ["unit", "all", "closed"])
def test_pages_follow_one_another_without_a_gap_or_a_repeat(staff: Staff, report: Report, tab: str) -> None:
    cases = [report(at=MONDAY + timedelta(minutes=it // 3)) for it in range(2 * PAGE + 3)]  # many at the same instant
    for case in cases[::4]:
        actions.act(case.pk, "accept", {}, actor=staff.officer, at=case.opened_at)
        if tab == "closed":
            continue
        actions.act(case.pk, "ask", {"question": "?"}, actor=staff.officer, at=case.opened_at)  # no due date
    if tab == "closed":
        for case in cases:
            actions.merge(case.pk, report().pk, actor=staff.leader, at=MONDAY + timedelta(days=1))
    client, seen, address = browser(staff.officer), [], f"{reverse('desk:inbox')}?tab={tab}"
    while address:
        response = client.get(address)
        seen += numbers(response.content.decode())
        following = response.context["following"]
        address = f"{reverse('desk:inbox')}?tab={tab}&after={str(following).replace('+', '%2B')}" if following else ""
    expected = {
        "unit": Case.objects.open(),
        "all": Case.objects.all(),
        "closed": Case.objects.exclude(closed_at=None),
    }
    assert len(seen) == len(set(seen))
    assert set(seen) == set(expected[tab].filter(lead=staff.commune).values_list("number", flat=True))


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("o ga", True),
        ("GIUA duong", True),
        ("Ổ GÀ", True),
        ("PA-260302", True),
        ("%", False),
        ("_", False),
        ("ho", False),
    ],
)
def test_search_takes_words_in_any_order_without_accents(
    staff: Staff, report: Report, words: str, found: bool
) -> None:
    case = report()
    assert numbers(inbox(browser(staff.officer), tab="all", q=words)) == ([case.number] if found else [])


def test_filters_narrow_and_what_they_do_not_know_is_said(staff: Staff, report: Report) -> None:
    road, rubbish = report(), report(category="rubbish", at=MONDAY + timedelta(days=3))
    client = browser(staff.operator)
    assert numbers(inbox(client, tab="all", category="rubbish")) == [rubbish.number]
    assert numbers(inbox(client, tab="all", until="2026-03-04")) == [road.number]
    assert numbers(inbox(client, tab="all", since="2026-03-05")) == [rubbish.number]
    assert numbers(inbox(client, tab="all", stage="closed")) == []
    assert len(numbers(inbox(client, tab="all", unit=staff.commune.pk))) == 2
    assert numbers(inbox(client, tab="all", unit=unit("H19.09").pk)) == []
    officer = browser(staff.officer)
    for query in ({"category": "dragon"}, {"unit": unit("H19.09").pk}, {"since": "2026-02-30"}, {"stage": "\x00"}):
        html = inbox(officer, tab="all", **query)
        assert "is-invalid" in html or "unit" in query  # whoever sees one unit has no field for it
        assert len(numbers(html)) == 2


@pytest.mark.parametrize(
    "after", ["x", "_", "-_", "2026-01-01T00:00:00_5", "2026-01-01T00:00:00+00:00_" + "9" * 30, "\x00"]
)
def test_a_broken_page_link_shows_the_start(staff: Staff, report: Report, after: str) -> None:
    case = report()
    assert numbers(inbox(browser(staff.officer), tab="all", after=after)) == [case.number]


def test_the_end_of_a_page_is_read_as_it_was_written() -> None:
    for cursor in (Cursor((MONDAY, 7)), Cursor((None, 12))):
        assert Cursor.read(str(cursor)) == cursor


def test_the_inbox_takes_three_statements_however_many_cases(staff: Staff, report: Report) -> None:
    officer, leader = browser(staff.officer), browser(staff.operator)
    report()
    inbox(officer), inbox(leader)  # what is read once per process
    for _ in range(PAGE + 2):
        report()
    address = f"{reverse('desk:inbox')}?tab=unit"
    assert statements_of(officer, address) == 3  # the list, and two for what all lists hold
    assert statements_of(leader, address) == 3
    assert statements_of(leader, address, **{"HX-Request": "true", "HX-Target": "list"}) == 1


def test_the_load_by_unit_counts_open_and_overdue(staff: Staff, report: Report) -> None:
    report(), report(at=timezone.now()), report(category="power")
    closed = report()
    actions.merge(closed.pk, report().pk, actor=staff.leader)
    loads = browser(staff.operator).get(reverse("desk:inbox")).context["loads"]
    assert {(it.unit.code, it.open, it.overdue) for it in loads} == {("H19.101", 3, 2), ("H19.81", 1, 1)}
    assert not browser(staff.officer).get(reverse("desk:inbox")).context["loads"]


def test_a_case_takes_seven_statements_however_long_its_history(staff: Staff, report: Report) -> None:
    case = report(contact="0912345678")
    client = browser(staff.leader)
    client.get(page_of(case))
    short = statements_of(client, page_of(case))
    actions.attach(case.pk, [store_photo(a_photo()).pk], actor=staff.officer)
    for _ in range(8):
        actions.comment(case.pk, "Ghi chú", actor=staff.officer)
    actions.act(case.pk, "accept", {}, actor=staff.officer)
    actions.merge(report().pk, case.pk, actor=staff.leader)
    assert short <= 7
    assert statements_of(client, page_of(case)) == 7


def test_the_raiser_can_be_reached_only_by_those_who_act(staff: Staff, report: Report) -> None:
    case = report(contact="0912345678")
    actions.act(case.pk, "accept", {}, actor=staff.officer)
    actions.act(case.pk, "ask", {"question": "Ở đâu?"}, actor=staff.officer)
    actions.act(case.pk, "reply", {"reply": "Nhà chị Ba"}, actor=Actor(holds_secret=True))
    actions.push_up(case.pk, "vượt thẩm quyền", actor=staff.leader)
    auditor = actor("auditor", "H19", Role.AUDITOR)
    told = {
        "department": browser(staff.department).get(page_of(case)).content.decode(),
        "commune": browser(staff.officer).get(page_of(case)).content.decode(),  # follows it, acts no more
        "auditor": browser(auditor).get(page_of(case)).content.decode(),
    }
    assert {who: "+84912345678" in html for who, html in told.items()} == {
        "department": True,
        "commune": False,
        "auditor": False,
    }
    assert ["Nhà chị Ba" in html for html in told.values()] == [True, False, False]
    case.refresh_from_db()
    assert not any(case.secret in html for html in told.values())


def test_files_come_with_the_case_they_belong_to(staff: Staff, report: Report) -> None:
    case, other = report(), report()
    photo = store_photo(a_photo())
    actions.attach(case.pk, [photo.pk], actor=staff.officer)
    client = browser(staff.officer)
    answer = client.get(reverse("desk:file", args=[case.number, photo.pk]) + "?small")
    assert answer["Content-Type"] == "image/jpeg"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert client.get(reverse("desk:file", args=[other.number, photo.pk])).status_code == 404


def test_a_notice_leads_to_its_case(staff: Staff, report: Report) -> None:
    case = report()
    answer = browser(staff.officer).get(reverse("desk:by_key", args=[case.pk]))
    assert answer["Location"] == page_of(case)


def test_a_number_with_a_slash_has_an_address(staff: Staff, report: Report) -> None:
    case = report()
    Case.objects.filter(pk=case.pk).update(number="12/KN-UBND")
    address = reverse("desk:case", args=["12/KN-UBND"])
    assert browser(staff.officer).get(address).status_code == 200
    assert browser(staff.officer).get("/desk/cases/%00/").status_code == 404


def test_a_merged_case_says_where_it_goes_on_to_those_who_may_know(staff: Staff, report: Report) -> None:
    case, other = report(), report()
    actions.merge(case.pk, other.pk, actor=staff.leader)
    assert page_of(other) in browser(staff.leader).get(page_of(case)).content.decode()
    actions.assign(other.pk, actor=SYSTEM, lead="H19.09")
    Case.objects.filter(pk=other.pk).update(following=[], units=[unit("H19.09").pk])
    assert page_of(other) not in browser(staff.leader).get(page_of(case)).content.decode()


def test_nothing_is_offered_to_those_who_only_look(staff: Staff, report: Report) -> None:
    case = report()
    auditor = actor("auditor", "H19", Role.AUDITOR)
    assert offered(browser(auditor).get(page_of(case)).content.decode()) == []
