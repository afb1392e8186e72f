"""Rows of the inbox, and what is said of a due date."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.urls import reverse
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import ngettext_lazy, pgettext

from tinhso.kernel.cases.catalogue import CaseType
from tinhso.kernel.cases.models import Case, StageKind
from tinhso.kernel.cases.presenting.words import said
from tinhso.kernel.cases.queries.inbox import SOON
from tinhso.kernel.cases.queries.types import parsed_type

# Django's own words for these are not all there in Vietnamese.
_LENGTHS: dict[str, Any] = {
    "year": ngettext_lazy("%(num)d year", "%(num)d years", "num"),
    "month": ngettext_lazy("%(num)d month", "%(num)d months", "num"),
    "week": ngettext_lazy("%(num)d week", "%(num)d weeks", "num"),
    "day": ngettext_lazy("%(num)d day", "%(num)d days", "num"),
    "hour": ngettext_lazy("%(num)d hour", "%(num)d hours", "num"),
    "minute": ngettext_lazy("%(num)d minute", "%(num)d minutes", "num"),
}


class DueState(StrEnum):
    """How a case stands to its due date."""

    NONE = "none"
    PAUSED = "paused"
    RUNNING = "running"
    SOON = "soon"
    OVERDUE = "overdue"
    MET = "met"
    MISSED = "missed"


@dataclass(frozen=True)
class Due:
    """A due date as the desk shows it: the words, an icon, and the instant (empty while paused)."""

    state: DueState
    words: str
    icon: str
    at: datetime | None


def due_of(case: Case, now: datetime) -> Due:
    """What is said of the due date of *case* at *now*; distances are of the ordinary calendar."""
    at = case.due_at
    if case.closed_at is not None:
        if at is None or case.closed_at <= at:
            return Due(DueState.MET, _("Closed in time"), "circle-check", at)
        return Due(DueState.MISSED, _("Closed late"), "clock-exclamation", at)
    if at is None:
        if case.stage_kind == StageKind.WAITING:
            return Due(DueState.PAUSED, _("Paused"), "player-pause", None)
        return Due(DueState.NONE, _("No due date"), "minus", None)
    if at < now:
        words = pgettext("due date", "%(time)s late") % {"time": _distance(at, now)}
        return Due(DueState.OVERDUE, words, "alert-triangle", at)
    words = pgettext("due date", "%(time)s left") % {"time": _distance(now, at)}
    return Due(DueState.SOON, words, "clock", at) if at < now + SOON else Due(DueState.RUNNING, words, "clock", at)


def _distance(start: datetime, end: datetime) -> str:
    return timesince(start, end, time_strings=_LENGTHS, depth=1)


@dataclass(frozen=True)
class Row:
    """One line of a list."""

    case: Case
    url: str
    type: str
    title: str
    icon: str
    stage: str
    words: str
    age: str
    due: Due


def row(case: Case, now: datetime) -> Row:
    """*case*, read by `queries.inbox.cases_on`, as a line of a list."""
    case_type = type_of(case)
    return Row(
        case=case,
        url=reverse("desk:case", args=[case.number]),
        type=said(case_type.title),
        title=category_of(case, case_type),
        icon=icon_of(case, case_type),
        stage=stage_of(case, case_type),
        words=" ".join(str(getattr(case, "words", "")).split()),
        age=_distance(case.opened_at, now),
        due=due_of(case, now),
    )


def type_of(case: Case) -> CaseType:
    """The version of its type that *case* keeps."""
    return parsed_type(case.type_version_id, lambda: case.type_version.definition)


def category_of(case: Case, case_type: CaseType) -> str:
    """The title of the case's category, else of its type."""
    item = case_type.categories.get(case.category)
    return said(item.title) if item else case.category or said(case_type.title)


def icon_of(case: Case, case_type: CaseType) -> str:
    """The name of the icon of the case's category."""
    item = case_type.categories.get(case.category)
    return item.icon if item else "folder"


def stage_of(case: Case, case_type: CaseType) -> str:
    """The title of the case's stage."""
    stage = case_type.stages.get(case.stage)
    return said(stage.title) if stage else case.stage
