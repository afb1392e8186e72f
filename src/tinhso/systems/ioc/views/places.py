"""The map, and the data that it draws."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from tinhso.kernel.cases.views.access import desk
from tinhso.kernel.measures.definitions import MEASURES
from tinhso.kernel.people.models import Person
from tinhso.systems.ioc.presenting import frame
from tinhso.systems.ioc.presenting.asking import Asked, read_address
from tinhso.systems.ioc.presenting.places import SHOWN, Shown, case_feature, commune_lines, crowd_feature
from tinhso.systems.ioc.queries import places
from tinhso.systems.ioc.queries.cases import Behind, Side
from tinhso.systems.ioc.queries.units import offered
from tinhso.systems.ioc.rules import CELL_RESOLUTION, resolution_for


def _behind(asked: Asked, shown: str) -> Behind:
    measure = "overdue_open" if shown == Shown.OPEN else "resolved"
    return Behind(MEASURES[measure], Side.DENOMINATOR, asked.selection)


def _shown(request: HttpRequest) -> Shown:
    wanted = request.GET.get("show", "")
    return Shown(wanted) if wanted in set(Shown) else Shown.OPEN


@require_safe
@never_cache
@desk
def map_page(request: HttpRequest, person: Person) -> HttpResponse:
    """The map of a unit's cases, and the same by commune as a table.

    Statements beside session, person, scope and the bell: two, and one for each past of the demo.
    """
    now = timezone.now()
    asked = read_address(request.GET, person.scope, timezone.localdate(now))
    shown = _shown(request)
    communes = places.by_commune(_behind(asked, shown).cases().visible_to(person.scope), asked.selection.instant())
    context = {
        "nav": "map",
        "asked": asked,
        "period_words": frame.period_words(asked.period),
        "periods": frame.periods(asked),
        "types": frame.types_offered(),
        "categories": frame.categories_offered(asked),
        "units": frame.unit_links(offered(person.scope, "", asked.unit, asked.today), asked),
        "lineage": frame.lineage_of(asked),
        "pasts": frame.past_notes(asked),
        "shown": shown,
        "choices": SHOWN,
        "communes": commune_lines(communes, asked, shown),
        "pointless": sum(it.pointless for it in communes),
        "total": sum(it.cases for it in communes),
    }
    return render(request, "ioc/map.html", context)


@require_safe
@never_cache
@desk
def cells(request: HttpRequest, person: Person) -> HttpResponse:
    """The cases of a part of the map as GeoJSON: gathered into cells, or one by one where it is near enough.

    One statement beside session, person and scope, or two where too many lie close together.
    """
    now = timezone.now()
    asked = read_address(request.GET, person.scope, timezone.localdate(now))
    try:
        box = places.Box.read(request.GET.get("bbox", ""))
        resolution = resolution_for(float(request.GET.get("zoom", "")))
    except ValueError as error:
        raise Http404("no such part of the map") from error
    shown = _shown(request)
    visible = _behind(asked, shown).cases().visible_to(person.scope)
    single = places.points(visible, box) if resolution is None else None
    if single is not None:
        features = [case_feature(case, asked.selection.instant()) for case in single]
    else:
        crowds = places.crowds(visible, box, resolution or CELL_RESOLUTION, asked.selection.instant())
        features = [crowd_feature(it, asked, shown) for it in crowds]
    return JsonResponse(_collection(features), content_type="application/geo+json")


def _collection(features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": features}
