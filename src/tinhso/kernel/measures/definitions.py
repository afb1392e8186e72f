"""The measures by name: what is counted over what, and which cases stand behind it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Basis(StrEnum):
    """Where a measure comes from: daily tallies, open spells at an instant, or the times of single cases."""

    TALLIES = "tallies"
    SPELLS = "spells"
    TIMES = "times"


@dataclass(frozen=True)
class Measure:
    """`numerator` of `denominator`; for times the number of cases that have one, of all those that could.

    `good` says which direction is better, for colours.
    """

    name: str
    title: "str | _StrPromise"
    basis: Basis
    numerator: str
    denominator: str
    good: str = "high"


def _measures() -> dict[str, Measure]:
    found = [
        Measure("resolved", _("Handled, of those opened"), Basis.TALLIES, "resolved", "opened"),
        Measure("closed", _("Closed, against those opened"), Basis.TALLIES, "closed", "opened"),
        Measure("on_time", _("Closed on time"), Basis.TALLIES, "on_time", "closed"),
        Measure("satisfied", _("Satisfied, of those who rated"), Basis.TALLIES, "satisfied", "rated"),
        Measure("electronic", _("Opened electronically"), Basis.TALLIES, "electronic", "opened"),
        Measure("reopened", _("Reopened, of those closed once"), Basis.TALLIES, "reopened", "ended", "low"),
        Measure("overdue_open", _("Overdue, of those open"), Basis.SPELLS, "overdue", "open", "low"),
        Measure(
            "first_answer", _("Working time to the first answer"), Basis.TIMES, "answered_after", "opened_at", "low"
        ),
        Measure("closing", _("Working time to closing"), Basis.TIMES, "closed_after", "closed_at", "low"),
    ]
    return {measure.name: measure for measure in found}


MEASURES = _measures()


class By(StrEnum):
    """What the rows of a measure can be broken down by."""

    UNIT = "unit"
    CATEGORY = "category"
    CHANNEL = "channel"
    TYPE = "type"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"


PERIODS = (By.DAY, By.WEEK, By.MONTH, By.YEAR)
