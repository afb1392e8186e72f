"""The cases behind a figure."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tinhso.kernel.cases.presenting.lists import row
from tinhso.kernel.cases.queries.inbox import Cursor
from tinhso.kernel.cases.views.access import desk
from tinhso.kernel.measures.definitions import MEASURES
from tinhso.kernel.people.models import Person
from tinhso.kernel.units.models import Unit
from tinhso.systems.ioc.presenting import frame
from tinhso.systems.ioc.presenting.asking import Asked, read_address
from tinhso.systems.ioc.presenting.headings import heading, place_words
from tinhso.systems.ioc.presenting.tables import category_title
from tinhso.systems.ioc.queries.cases import Behind, Side, listing
from tinhso.systems.ioc.rules import stored_cells

LONGEST_KEY = 18


@require_safe
@never_cache
@desk
def cases(request: HttpRequest, person: Person) -> HttpResponse:
    """A page of the cases behind one side of a figure, as far as the person may see them.

    Statements beside session, person, scope and the bell: three, and one more for a single commune.
    """
    now = timezone.now()
    asked = read_address(request.GET, person.scope, timezone.localdate(now))
    behind = read_behind(request, asked)
    found = listing(behind, person.scope, _cursor(request))
    context = {
        "nav": "board",
        "asked": asked,
        "heading": heading(behind, asked),
        "period_words": frame.period_words(asked.period),
        "category": category_title(asked.type, asked.category)[0] if asked.category else "",
        "place": place_words(behind),
        "listing": found,
        "rows": [row(case, now) for case in found.rows],
        "after": request.GET.get("after", ""),
        "board_url": reverse("ioc:board") + asked.query(),
        "lineage": frame.lineage_of(asked),
        "pasts": frame.past_notes(asked),
    }
    return render(request, "ioc/cases.html", context)


def read_behind(request: HttpRequest, asked: Asked) -> Behind:
    """Which cases the address of *request* names. Raises Http404 for a figure or place that does not exist."""
    parts = request.GET
    try:
        return Behind(
            measure=MEASURES[parts.get("figure", "")],
            side=Side(parts.get("part", "")),
            selection=asked.selection,
            own=parts.get("own") == "1",
            uncategorised=parts.get("uncategorised") == "1",
            cell=_cell(parts.get("cell", "")),
            area=_area(parts.get("area", "")),
            placeless=parts.get("placeless") == "1",
        )
    except (KeyError, ValueError, Unit.DoesNotExist) as error:
        raise Http404("no such figure or place") from error


def _cell(text: str) -> int | None:
    if not text:
        return None
    cell = int(text, 16)
    stored_cells(cell)
    return cell


def _area(key: str) -> Unit | None:
    if not key:
        return None
    if not key.isdecimal() or len(key) > LONGEST_KEY:
        raise ValueError(key)
    return Unit.objects.areas().get(pk=int(key))


def _cursor(request: HttpRequest) -> Cursor | None:
    text = request.GET.get("after", "")
    try:
        return Cursor.read(text) if text else None
    except ValueError:
        return None  # a link that was cut off shows the start of the list
