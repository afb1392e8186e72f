"""The history of a report as residents read it. No database here: events in, sentences out."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, gettext_lazy, pgettext
from django.utils.translation import gettext as _

from tinhso.kernel.cases.catalogue import CaseType
from tinhso.kernel.journal.models import Event
from tinhso.kernel.units.queries import directory

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise


@dataclass(frozen=True)
class Step:
    """One thing that happened. `words` are what the office (or, on the raiser's own page, the raiser) wrote."""

    at: datetime
    title: str
    icon: str
    unit: str
    words: str = ""
    mine: bool = False
    """Whether the raiser did it."""

    def saying(self, words: str) -> "Step":
        return replace(self, words=words)


_ACTED: Mapping[str, tuple["Sentence", str]] = {
    "accept": (gettext_lazy("%(unit)s is working on it"), "tool"),
    "refuse": (gettext_lazy("%(before)s handed it on to %(unit)s"), "arrow-forward-up"),
    "ask": (gettext_lazy("%(unit)s needs more information"), "message-question"),
    "reply": (gettext_lazy("More information was given"), "message-reply"),
    "resume": (gettext_lazy("%(unit)s goes on without a reply"), "player-play"),
    "close": (gettext_lazy("%(unit)s answered: %(outcome)s"), "circle-check"),
    "reopen": (gettext_lazy("Opened again, with %(unit)s"), "refresh"),
}
_RATED: Mapping[str, "Sentence"] = {
    "yes": gettext_lazy("Rated: solved"),
    "partly": gettext_lazy("Rated: partly solved"),
    "no": gettext_lazy("Rated: not solved"),
}
_BY_RAISER = frozenset({"reply", "reopen"})


def told(event: Event, case_type: CaseType, *, before: int | None, own: bool) -> Step | None:
    """*event* as a step, or nothing where it is no business of the reader; *before* is the lead unit until then.

    With *own* the reader raised the report.
    """
    sentence, icon, mine = _sentence(event, case_type, before, own)
    if not sentence:
        return None
    return Step(event.occurred_at, sentence, icon, unit_title(event.unit_id), mine=mine)


def _sentence(event: Event, case_type: CaseType, before: int | None, own: bool) -> tuple[str, str, bool]:
    data = event.data
    names = {"unit": unit_title(event.unit_id), "before": unit_title(before)}
    match event.kind:
        case "case.opened":
            return _("Received and given to %(unit)s") % names, "inbox", False
        case "case.acted":
            action = str(data.get("action"))
            if action not in _ACTED:
                entry = case_type.actions.get(action)
                return (entry.title.in_language(get_language()) if entry else action), "progress-check", False
            sentence, icon = _ACTED[action]
            return str(sentence) % {**names, "outcome": _outcome(data, case_type)}, icon, action in _BY_RAISER
        case "case.assigned" if event.unit_id != before:
            return _("Given to %(unit)s") % names, "arrow-forward-up", False
        case "case.pushed_up":
            return _("%(before)s passed it up to %(unit)s") % names, "arrow-big-up-line", False
        case "case.merged":
            number = {"number": data.get("into_number", "")}
            return _("The same matter as %(number)s, where it goes on") % number, "git-merge", False
        case "case.redated":
            due = parse_datetime(str(data.get("due")))
            return _("New due date: %(due)s") % {"due": in_full(due) if due else "–"}, "calendar-due", False
        case "case.rated":
            return str(_RATED.get(str(data.get("solved")), "")), "star", True
        case "case.attached" if own and event.actor_id is None:
            return _("Photos were added"), "photo-plus", True
    return "", "", False


def _outcome(data: Mapping[str, Any], case_type: CaseType) -> str:
    entry = case_type.inputs.get("outcome")
    item = case_type.items(entry).get(str(data.get("outcome"))) if entry else None
    return item.title.in_language(get_language()) if item else ""


def unit_title(key: int | None) -> str:
    """The name of an office; empty where there is none."""
    unit = directory().by_key.get(key) if key else None
    return unit.title if unit else ""


def in_full(instant: datetime) -> str:
    """Time, weekday and date: `16:30, Thứ Năm 27/11/2025`."""
    return date_format(localtime(instant), pgettext("date format", "H:i, l j F Y"))
