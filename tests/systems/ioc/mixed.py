"""A mixed month: cases in every state that a figure can tell apart, in several units, with a past before them."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from tests.kernel.measures.test_measures import RESIDENT, handle, settle
from tests.province import MONDAY, PLACE, Staff
from tinhso.kernel.cases import actions
from tinhso.kernel.cases.actions import Opening, open_case
from tinhso.kernel.cases.models import Case

Report = Callable[..., Case]
DAY = timedelta(days=1)
MARCH = {"start": date(2026, 3, 1), "end": date(2026, 3, 31)}
PAST_AT = datetime(2020, 10, 5, 2, 0, tzinfo=UTC)
PAST_PLACE = {"lat": 11.535, "lon": 106.89}


def mixed(staff: Staff, report: Report) -> list[Case]:
    """Seventeen cases of March 2026 and six of October 2020, settled in the figures."""
    cases = [report(at=MONDAY + number * DAY / 12) for number in range(8)]
    cases += [report(category=it, at=MONDAY + DAY) for it in ("power", "telecom", "rubbish", "other", "rubbish")]
    cases += [report(place={"commune": staff.commune.area.code if staff.commune.area else ""}, at=MONDAY)]
    by_phone = {"category": "road", "text": "Gọi điện", "place": PLACE}
    cases += [open_case(Opening("report", by_phone, "call", at=MONDAY))]
    cases += [report(at=MONDAY - 20 * DAY), report(at=MONDAY + 29 * DAY)]
    for case in cases[:4]:
        handle(case, staff, MONDAY + 2 * DAY)
    handle(cases[4], staff, MONDAY + 12 * DAY)  # late
    handle(cases[15], staff, MONDAY + DAY)  # opened in the month before
    handle(cases[16], staff, MONDAY + 33 * DAY)  # closed in the month after
    actions.push_up(cases[5].pk, "Quá sức", actor=staff.leader, at=MONDAY + 2 * DAY)
    actions.push_up(cases[8].pk, "Quá sức", actor=staff.operator, at=MONDAY + 2 * DAY)
    actions.merge(cases[6].pk, cases[7].pk, actor=staff.operator, at=MONDAY + 2 * DAY)
    actions.act(cases[7].pk, "accept", {}, actor=staff.operator, at=MONDAY + 2 * DAY)
    for case, satisfaction in ((cases[0], 5), (cases[1], 4), (cases[2], 2)):
        actions.rate(case.pk, actor=RESIDENT, solved="yes", satisfaction=satisfaction, at=MONDAY + 3 * DAY)
    no = {"solved": "no", "satisfaction": 1, "comment": "Chưa xong"}
    actions.rate(cases[3].pk, actor=RESIDENT, at=MONDAY + 3 * DAY, **no)  # type: ignore[arg-type]
    for number in range(6):
        typed = {"category": "road", "text": "Hỏng", "place": PAST_PLACE}
        open_case(Opening("report", typed, "mobile", within="H10", at=PAST_AT + number * DAY))
    settle()
    return cases
