"""What a list of cases is called: the figure's side in words."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

from tinhso.systems.ioc.presenting.asking import Asked
from tinhso.systems.ioc.queries.cases import Behind

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise

HEADINGS: Mapping[str, "Sentence"] = {
    "opened": _("Cases opened"),
    "electronic": _("Cases opened electronically"),
    "resolved": _("Cases opened and handled"),
    "closed": _("Cases closed"),
    "on_time": _("Cases closed on time"),
    "ended": _("Cases closed for the first time"),
    "reopened": _("Cases reopened after a first closing"),
    "rated": _("Cases rated"),
    "satisfied": _("Cases rated as satisfying"),
    "answered_after": _("Cases answered at least once, of those opened"),
    "opened_at": _("Cases opened"),
    "closed_after": _("Cases closed, with their working time"),
    "closed_at": _("Cases closed"),
}
OPEN_HEADINGS: Mapping[tuple[str, bool], "Sentence"] = {
    ("open", False): _("Cases open now"),
    ("open", True): _("Cases open at the end of the period"),
    ("overdue", False): _("Cases open and overdue now"),
    ("overdue", True): _("Cases open and overdue at the end of the period"),
}


def heading(behind: Behind, asked: Asked) -> "Sentence":
    """The title of the list of *behind*."""
    return OPEN_HEADINGS.get((behind.count, asked.is_past)) or HEADINGS[behind.count]


def place_words(behind: Behind) -> "Sentence":
    """What part of the figure is listed, empty for all of it."""
    if behind.area:
        return behind.area.title
    if behind.placeless:
        return _("no place given")
    if behind.cell is not None:
        return _("a part of the map")
    return _("led by the unit itself") if behind.own else ""
