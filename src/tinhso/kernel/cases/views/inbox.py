"""The inbox."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tinhso.kernel.cases.presenting.filters import Asking, choices_for, read_address
from tinhso.kernel.cases.presenting.lists import row
from tinhso.kernel.cases.presenting.words import TABS
from tinhso.kernel.cases.queries import inbox as lists
from tinhso.kernel.cases.queries.inbox import MOST_COUNTED, Tab, Wanted
from tinhso.kernel.cases.views.access import desk
from tinhso.kernel.people.models import Person
from tinhso.kernel.people.rules import SEE_BELOW

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise


@dataclass(frozen=True)
class TabLink:
    """A list's name over the inbox, with how many cases it holds."""

    name: Tab
    title: "Sentence"
    count: str
    current: bool
    digit: int
    pressing: bool


@require_safe
@never_cache
@desk
def inbox(request: HttpRequest, person: Person) -> HttpResponse:
    """One list of the desk.

    Statements beside session, person, scope and the bell: the list, and two for what all lists hold; a part loaded
    by itself (`HX-Target: list`) takes only the list.
    """
    now, scope = timezone.now(), person.scope
    asking = read_address(request.GET, scope)
    page = lists.cases_on(asking.tab, scope, asking.wanted, after=asking.after, now=now)
    context: dict[str, object] = {
        "nav": "inbox",
        "tab": asking.tab,
        "tab_words": TABS[asking.tab],
        "wanted": asking.wanted,
        "narrowed": asking.wanted != Wanted(),
        "filtered": replace(asking.wanted, words="") != Wanted(),
        "after": asking.after,
        "rows": [row(case, now) for case in page.rows],
        "following": page.following,
        "errors": asking.errors,
    }
    if request.headers.get("HX-Target") == "list":
        return render(request, "desk/list.html", context)
    standings = lists.standings(scope, now)
    context |= {
        "tabs": _tabs(asking, standings.counts),
        "choices": choices_for(scope, asking.wanted),
        "loads": standings.loads if scope.has(*SEE_BELOW) else (),
    }
    return render(request, "desk/inbox.html", context)


def _tabs(asking: Asking, counts: Mapping[Tab, int]) -> Sequence[TabLink]:
    return [
        TabLink(
            name=tab,
            title=TABS[tab].title,
            count=f"{MOST_COUNTED - 1}+" if count >= MOST_COUNTED else str(count),
            current=tab is asking.tab,
            digit=place,
            pressing=tab in {Tab.OVERDUE, Tab.DISPATCH} and count > 0,
        )
        for place, (tab, count) in enumerate(counts.items(), start=1)
    ]
