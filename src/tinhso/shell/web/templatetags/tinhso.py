"""Tags and filters that every template has: icons, times, shares, changed query strings."""

import json
import logging
from collections.abc import Mapping
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any

from django import template
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

register = template.Library()
log = logging.getLogger(__name__)

UNKNOWN_ICON = "point"
NOTHING = "–"


@lru_cache(maxsize=1)
def _icons() -> Mapping[str, str]:
    """The insides of every outline icon by name, as `tools/assets.mjs` wrote them; read once per process."""
    shapes: dict[str, str] = json.loads((settings.PROJECT_FOLDER / "build" / "icons.json").read_text())
    return shapes


@lru_cache(maxsize=512)
def _shape(name: str) -> SafeString:
    icons = _icons()
    if name not in icons:  # a province's own catalogue may name one that is not there
        log.warning("no icon is named %r", name)
        name = UNKNOWN_ICON
    return mark_safe(icons[name])  # noqa: S308  from our own build


@register.simple_tag
def icon(name: str, css: str = "") -> SafeString:
    """The outline icon *name* of Tabler as inline SVG; words beside it say what it means."""
    return format_html(
        '<svg class="icon{}" viewBox="0 0 24 24" aria-hidden="true">{}</svg>', f" {css}" if css else "", _shape(name)
    )


@register.filter
def moment(value: datetime | None) -> str:
    """Date and time as people write it: `16:05 ngày 23/11/2025`, `16:05, 23 Nov 2025`."""
    if value is None:
        return NOTHING
    return date_format(timezone.localtime(value), "H:i, j M Y" if _english() else "H:i \\n\\g\\à\\y d/m/Y")


@register.filter
def day(value: date | datetime | None) -> str:
    """The day as people write it: `23/11/2025`, `23 Nov 2025`."""
    if value is None:
        return NOTHING
    if isinstance(value, datetime):
        value = timezone.localtime(value)
    return date_format(value, "j M Y" if _english() else "d/m/Y")


@register.filter
def share(numerator: int | None, denominator: int | None) -> str:
    """`66 %`: whole per cent, half up; a dash where there is nothing to divide."""
    if numerator is None or not denominator:
        return NOTHING
    percent = (Decimal(numerator) * 100 / Decimal(denominator)).quantize(Decimal(1), ROUND_HALF_UP)
    return f"{percent}\N{NO-BREAK SPACE}%"


@register.simple_tag(takes_context=True)
def query(context: Mapping[str, Any], **changes: object) -> str:
    """The query string of this page with some parts changed; an empty value takes a part out."""
    parts = context["request"].GET.copy()
    for name, value in changes.items():
        if value is None or value == "":
            parts.pop(name, None)
        else:
            parts[name] = str(value)
    return f"?{parts.urlencode()}"


def _english() -> bool:
    return (get_language() or "").startswith("en")
