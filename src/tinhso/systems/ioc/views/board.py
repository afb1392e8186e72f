"""The board and the parts of it that load by themselves."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tinhso.kernel.cases.views.access import desk
from tinhso.kernel.measures.rules import MINIMUM_COUNT
from tinhso.kernel.people.models import Person
from tinhso.systems.ioc.presenting import charts, frame, tiles
from tinhso.systems.ioc.presenting import tables as lines
from tinhso.systems.ioc.presenting.asking import Asked, read_address
from tinhso.systems.ioc.presenting.tables import Sort
from tinhso.systems.ioc.queries import figures as counted
from tinhso.systems.ioc.queries.units import offered

LONGEST_WORDS = 100


def read(request: HttpRequest, person: Person) -> Asked:
    """What the address of *request* asks for."""
    return read_address(request.GET, person.scope, timezone.localdate())


@require_safe
@never_cache
@desk
def board(request: HttpRequest, person: Person) -> HttpResponse:
    """The board of one unit.

    Statements beside session, person, scope and the bell: four for the figures, four for the tables, one for each
    past of the demo.
    """
    asked = read(request, person)
    context = _frame(asked, person) | _tiles(asked) | _tables(request, asked, person)
    return render(request, "ioc/board.html", context)


@require_safe
@never_cache
@desk
def figures(request: HttpRequest, person: Person) -> HttpResponse:
    """The tiles anew, or 204 while their digest is `print`; four statements beside session, person and scope."""
    context = _tiles(read(request, person))
    same = request.GET.get("print") == context["print"]
    answer = HttpResponse(status=204) if same else render(request, "ioc/figures.html", context)
    answer.headers["HX-Trigger"] = json.dumps({"ioc:counted": {"at": f"{timezone.localtime():%H:%M:%S}"}})
    return answer


@require_safe
@never_cache
@desk
def tables(request: HttpRequest, person: Person) -> HttpResponse:
    """Trend and breakdowns anew; four statements beside session, person and scope."""
    return render(request, "ioc/tables.html", _tables(request, read(request, person), person))


@require_safe
@never_cache
@desk
def units(request: HttpRequest, person: Person) -> HttpResponse:
    """The units whose names hold some words, as links to their boards: a part of the chooser, or a page by itself."""
    asked = read(request, person)
    words = request.GET.get("words", "")[:LONGEST_WORDS]
    found = offered(person.scope, words, asked.unit, asked.today)
    context = {
        "nav": "map" if request.GET.get("for") == "map" else "board",
        "here": reverse("ioc:map" if request.GET.get("for") == "map" else "ioc:board"),
        "asked": asked,
        "words": words,
        "units": frame.unit_links(found, asked),
    }
    page = "ioc/unit_list.html" if "HX-Request" in request.headers else "ioc/units.html"
    return render(request, page, context)


def _frame(asked: Asked, person: Person) -> dict[str, object]:
    near = offered(person.scope, "", asked.unit, asked.today)
    return {
        "nav": "board",
        "asked": asked,
        "period_words": frame.period_words(asked.period),
        "periods": frame.periods(asked),
        "types": frame.types_offered(),
        "categories": frame.categories_offered(asked),
        "units": frame.unit_links(near, asked),
        "ways_up": frame.ways_up(asked, person.scope),
        "lineage": frame.lineage_of(asked),
        "pasts": frame.past_notes(asked),
    }


def _tiles(asked: Asked) -> dict[str, object]:
    rows = counted.live(asked.selection)
    return {
        "asked": asked,
        "tiles": tiles.tiles(rows, asked),
        "print": tiles.print_of(rows),
        "counted_at": timezone.now(),
    }


def _tables(request: HttpRequest, asked: Asked, person: Person) -> dict[str, object]:
    wanted = request.GET.get("sort", "")
    sort = Sort(wanted) if wanted in set(Sort) else Sort.SHARE
    step = asked.period.step
    steps = counted.trend(asked.selection, asked.period)
    drawing, trend = charts.chart(steps), lines.trend_lines(steps, step, asked)
    return {
        "asked": asked,
        "sort": sort,
        "unit_lines": lines.unit_lines(counted.by_unit(asked.selection), asked, person.scope, sort),
        "category_lines": lines.category_lines(counted.by_category(asked.selection), asked),
        "chart": drawing,
        "columns": list(zip(drawing.bars, trend, strict=True)),
        "marks": [trend[place].title for place in drawing.marks],
        "trend_title": frame.TREND_TITLES[step],
        "trend": trend,
        "minimum": MINIMUM_COUNT,
    }
