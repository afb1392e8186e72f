"""The communes for maps."""

from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from tinhso.systems.reports.places import collection


@require_safe
@cache_control(max_age=3600, public=True)
def places(request: HttpRequest) -> JsonResponse:
    """GeoJSON: an illustrative area for each commune, with its name and centroid."""
    return JsonResponse(collection())
