"""How a report stands, in plain words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from tinhso.kernel.cases.catalogue import CaseType, ChoiceItem
from tinhso.kernel.cases.models import Case, StageKind
from tinhso.kernel.cases.queries import calendar_of
from tinhso.kernel.measures.queries import Row
from tinhso.systems.reports.story import in_full

MINUTES_OF_AN_HOUR = 60


class Tone(StrEnum):
    """How a state is coloured, as a class of the style sheet; words and icon say the same."""

    OPEN = "tone-open"
    ASKED = "tone-asked"
    LATE = "tone-late"
    DONE = "tone-done"


@dataclass(frozen=True)
class Standing:
    """The state of a report, what it means, and what is to be said of its due date."""

    tone: Tone
    icon: str
    title: str
    meaning: str
    due: str
    progress: int
    """How many of the three parts of its way lie behind it: received, in progress, answered."""


@dataclass(frozen=True)
class Figure:
    """A figure for everybody: what it says, and the share with what it is a share of; the count alone has neither."""

    title: str
    count: int
    of: int | None = None
    held_back: bool = False


def public_figures(rows: Mapping[str, Row]) -> list[Figure]:
    """How reports fared, or nothing where there were none."""
    opened = rows["resolved"].denominator
    shown = {"resolved": _("Handled"), "on_time": _("Closed on time"), "satisfied": _("Satisfied residents")}
    shares = [
        Figure(title, rows[name].numerator, rows[name].denominator, rows[name].held_back)
        for name, title in shown.items()
    ]
    return [Figure(_("Reports received"), opened), *shares] if opened else []


def category_of(case: Case) -> ChoiceItem | None:
    """What kind of matter it is."""
    return case.type_version.parsed.categories.get(case.category)


def standing(case: Case, now: datetime) -> Standing:
    """How *case* stands at *now*."""
    case_type = case.type_version.parsed
    stage = case_type.stages[case.stage]
    title = stage.title.in_language(get_language())
    names = {"unit": case.lead.title}
    if case.merged_into:
        words = _("It is the same matter as %(number)s and is handled with it.") % {"number": case.merged_into.number}
        return Standing(Tone.DONE, "git-merge", _("Merged"), words, "", 3)
    if case.stage_kind == StageKind.CLOSED:
        answer = _outcome(case, case_type) or title
        return Standing(Tone.DONE, "circle-check", answer, _("%(unit)s has answered.") % names, _closed(case), 3)
    if case.stage_kind == StageKind.WAITING:
        words = _("%(unit)s needs an answer to a question before it can go on.") % names
        return Standing(Tone.ASKED, "message-question", title, words, due_words(case, now), 1)
    if case.stage == case_type.first_stage:
        words, progress = _("%(unit)s has it and will take it on.") % names, 0
    else:
        words, progress = _("%(unit)s is working on it.") % names, 1
    late = case.is_overdue
    return Standing(
        Tone.LATE if late else Tone.OPEN,
        "clock-exclamation" if late else ("inbox" if progress == 0 else "tool"),
        title,
        words,
        due_words(case, now),
        progress,
    )


def due_words(case: Case, now: datetime) -> str:
    """What is to be said of the due date of an open case."""
    if case.due_at is None:
        waits = case.stage_kind == StageKind.WAITING
        return _("The time limit stands still until the question is answered.") if waits else ""
    if case.due_at < now:
        return _("Overdue: it should have been solved by %(due)s.") % {"due": in_full(case.due_at)}
    left = calendar_of(case.type_version.parsed).between(now, case.due_at)
    return _("To be solved by %(due)s (%(left)s left)") % {"due": in_full(case.due_at), "left": _length(case, left)}


def _length(case: Case, minutes: int) -> str:
    days = minutes // calendar_of(case.type_version.parsed).day_minutes
    if days:
        return ngettext("%(count)d working day", "%(count)d working days", days) % {"count": days}
    hours = max(1, minutes // MINUTES_OF_AN_HOUR)
    return ngettext("%(count)d working hour", "%(count)d working hours", hours) % {"count": hours}


def _outcome(case: Case, case_type: CaseType) -> str:
    entry = case_type.inputs.get("outcome")
    item = case_type.items(entry).get(case.outcome) if entry else None
    return item.title.in_language(get_language()) if item else ""


def _closed(case: Case) -> str:
    if case.closed_at is None:
        return ""
    when = {"when": in_full(case.closed_at)}
    if case.due_at is None:
        return _("Closed at %(when)s.") % when
    if case.is_overdue:
        return _("Closed at %(when)s, after the due date.") % when
    return _("Closed at %(when)s, in time.") % when
