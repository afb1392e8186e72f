"""The desk's sentences: lists, empty lists, refusals."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext_lazy as _

from tinhso.kernel.cases.queries.inbox import Tab
from tinhso.kernel.cases.rules.workflow import Refusal
from tinhso.kernel.catalogue import Words

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise


def said(words: Words) -> str:
    """Words of the catalogue in the language of the page."""
    return words.in_language(get_language())


def moment(instant: datetime) -> str:
    """Date and time as people of the page's language write them."""
    return date_format(timezone.localtime(instant), pgettext("date format", "H:i, j M Y"))


@dataclass(frozen=True)
class TabWords:
    """The name of a list, and what to say and do when it is empty."""

    title: "Sentence"
    empty: "Sentence"
    advice: "Sentence"


TABS: Mapping[Tab, TabWords] = {
    Tab.DISPATCH: TabWords(
        _("To dispatch"),
        _("Nothing waits to be dispatched."),
        _("Cases that no rule gives to an office come here. Have a look at the overdue ones meanwhile."),
    ),
    Tab.MINE: TabWords(
        _("Mine"),
        _("You handle no open case."),
        _("Open “My unit's”, choose a case and take it."),
    ),
    Tab.UNIT: TabWords(
        _("My unit's"),
        _("Your unit leads no open case."),
        _("New cases appear here as soon as they are given to your unit."),
    ),
    Tab.SUPPORTING: TabWords(
        _("Supporting"),
        _("Your unit supports no other unit at the moment."),
        _("When a lead unit asks yours for support, its case appears here."),
    ),
    Tab.SOON: TabWords(
        _("Due soon"),
        _("Nothing is due within the next two days."),
        _("Use the time for the older ones in “My unit's”."),
    ),
    Tab.OVERDUE: TabWords(
        _("Overdue"),
        _("Nothing is overdue."),
        _("“Due soon” shows what comes next."),
    ),
    Tab.ALL: TabWords(
        _("All I may see"),
        _("There is no case that you may see yet."),
        _("Cases of your unit, and those that you raised yourself, will appear here."),
    ),
    Tab.CLOSED: TabWords(
        _("Closed"),
        _("No case is closed yet."),
        _("Closed cases stay here, with their answers and ratings."),
    ),
}

REFUSALS: Mapping[Refusal, "Sentence"] = {
    Refusal.UNKNOWN_ACTION: _("Cases of this type have no such action. Choose one of the buttons on the case."),
    Refusal.WRONG_STAGE: _(
        "At its present stage this cannot be done with the case. See in its history what happened, then choose again."
    ),
    Refusal.NOT_YOURS: _(
        "This is not for your role to do. Ask the leader of the lead unit, or leave a note for your colleagues."
    ),
    Refusal.ONLY_ONCE: _("A case can be reopened only once, and this one has been. A new case can name its number."),
    Refusal.TOO_LATE: _("The time in which this could be done has passed. A new case can name this number."),
    Refusal.CHANGED_MEANWHILE: _("The case was changed meanwhile. Look at it again, then choose."),
    Refusal.NO_UNIT_ABOVE: _("No office stands above this one. Assign the case to another office instead."),
    Refusal.NOT_RATEABLE: _("This case cannot be rated: it is not closed, was rated already, or too long ago."),
    Refusal.TARGET_CLOSED: _("The other case is closed already. Merge into one that is still open."),
    Refusal.SAME_CASE: _(
        "These two cannot be merged: they are one and the same, of different types, or the other one was merged"
        " itself. Give the number of the case that goes on."
    ),
    Refusal.CLOCK_STANDS: _(
        "The clock stands still while the case waits, so there is no due date to move. Let the case go on first."
    ),
}
