"""The figures for machines; they are public, since they name nobody."""

from datetime import date
from typing import Any

from django.http import HttpRequest
from ninja import Field, Query, Router, Schema

from tinhso.kernel.cases.rules.inputs import InvalidInputError
from tinhso.kernel.measures.definitions import MEASURES, By
from tinhso.kernel.measures.queries import Row, Selection, rows
from tinhso.kernel.units.queries import unit as unit_of

router = Router()


class RowOut(Schema):
    """One row; `share` is null below the minimum count. Times are working minutes."""

    key: str
    label: str
    numerator: int
    denominator: int
    share: float | None
    held_back: bool
    median_minutes: float | None = None
    p90_minutes: float | None = None

    @classmethod
    def of(cls, row: Row) -> "RowOut":
        return cls(**row.stated())


class MeasureOut(Schema):
    name: str
    unit: str | None
    lineage: bool
    rows: list[RowOut]


class MeasureQuery(Schema):
    """Which figure: `unit` counts with all under it, `from` and `to` are days, both included."""

    name: str
    unit: str | None = None
    type: str | None = None
    category: str | None = None
    channel: str | None = None
    start: date | None = Field(None, alias="from")
    end: date | None = Field(None, alias="to")
    by: By | None = None
    lineage: bool | None = None


@router.get("/measures", response=MeasureOut, summary="A figure, whole or broken down")
def measure(request: HttpRequest, asked: Query[MeasureQuery]) -> dict[str, Any]:
    """Numerator and denominator of one measure. Statements: three at the most."""
    if asked.name not in MEASURES:
        raise InvalidInputError({"name": f"one of {', '.join(MEASURES)}"})
    texts = (asked.unit, asked.type, asked.category, asked.channel)
    if any("\x00" in text for text in texts if text):
        raise InvalidInputError({"unit": "a zero byte is no part of a code"})
    selection = Selection(
        unit=unit_of(asked.unit) if asked.unit else None,
        type=asked.type,
        category=asked.category,
        channel=asked.channel,
        start=asked.start,
        end=asked.end,
        lineage=asked.lineage,
    )
    try:
        found = rows(asked.name, selection, asked.by)
    except ValueError as error:
        raise InvalidInputError({"by": str(error)}) from error
    return {
        "name": asked.name,
        "unit": selection.unit.code if selection.unit else None,
        "lineage": selection.with_lineage,
        "rows": [RowOut.of(row) for row in found],
    }
