"""What a form of the desk asks for, one by one, with what was typed and what is wrong with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from django.http import QueryDict
from django.utils import timezone

from tinhso.kernel.cases.catalogue import CaseType, FieldEntry, FieldKind
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.presenting.words import said
from tinhso.kernel.units.models import Kind, Unit
from tinhso.kernel.units.queries import directory

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    Sentence = str | _StrPromise

LONG_TEXT = 200
"""A text that may be longer than this is typed into a box of several lines."""


class Control(StrEnum):
    """How something is typed."""

    TEXT = "text"
    LINE = "line"
    CHOICE = "choice"
    UNIT = "unit"
    UNITS = "units"
    NUMBER = "number"
    DATE = "date"
    MOMENT = "moment"
    FLAG = "flag"
    POINT = "point"


@dataclass(frozen=True)
class Option:
    """One of the values to choose from."""

    value: str
    title: str


@dataclass(frozen=True)
class Asked:
    """One field of a form. `value` is what was typed, or stands there at first."""

    name: str
    title: "Sentence"
    control: Control
    required: bool = False
    hint: "Sentence" = ""
    options: Sequence[Option] = ()
    least: str = ""
    most: str = ""
    public: bool = False
    value: str = ""
    values: Sequence[str] = field(default=())
    error: "Sentence" = ""
    was: Sequence[str] = field(default=())
    """How the case is now, for a field that changes something of it: what is left so means no wish."""

    def typed(self, post: QueryDict) -> "Asked":
        """The same field with what was typed into it; one that was left as it was shows how the case is now."""
        typed = post.getlist(self.name)
        if self.was and typed == post.getlist(f"was-{self.name}"):
            return self
        return replace(self, value=post.get(self.name, ""), values=typed)

    def faulted(self, errors: Mapping[str, "Sentence"]) -> "Asked":
        """The same field with what is wrong with it."""
        return replace(self, error=errors.get(self.name, ""))


def asked_of(
    entries: Iterable[tuple[str, FieldEntry, bool]], case: Case, case_type: CaseType, at: datetime
) -> list[Asked]:
    """The inputs of an action as fields of a form; each is given with its name and whether it is required."""
    return [_asked(name, entry, required, case, case_type, at) for name, entry, required in entries]


def _asked(name: str, entry: FieldEntry, required: bool, case: Case, case_type: CaseType, at: datetime) -> Asked:
    control = {
        FieldKind.CHOICE: Control.CHOICE,
        FieldKind.UNIT: Control.UNIT,
        FieldKind.NUMBER: Control.NUMBER,
        FieldKind.DATE: Control.DATE,
        FieldKind.FLAG: Control.FLAG,
        FieldKind.POINT: Control.POINT,
    }.get(entry.kind, Control.LINE)
    least, most = "", ""
    options: list[Option] = []
    if entry.text is not None:
        control, most = (Control.TEXT if entry.text > LONG_TEXT else Control.LINE), str(entry.text)
    if entry.number is not None:
        least, most = (str(it) for it in entry.number)
    if entry.choice is not None:
        options = [Option(code, said(item.title)) for code, item in case_type.items(entry).items()]
    if entry.unit:
        options = unit_options(it for it in offices_around(case, at) if it.pk != case.lead_id)
    return Asked(
        name=name,
        title=said(entry.title),
        control=control,
        required=required,
        hint=said(entry.hint) if entry.hint else "",
        options=options,
        least=least,
        most=most,
        public=bool(entry.public),
    )


def typed_inputs(case_type: CaseType, names: Iterable[str], post: QueryDict) -> dict[str, Any]:
    """What was typed for these inputs of a type, in the form that `rules.inputs.check` reads."""
    typed: dict[str, Any] = {}
    for name in names:
        if case_type.inputs[name].kind is FieldKind.POINT:
            place = {part: post.get(f"{name}-{part}", "") for part in ("lat", "lon")}
            typed[name] = place if any(place.values()) else None
        else:
            typed[name] = post.get(name)
    return typed


def offices_around(case: Case, at: datetime) -> list[Unit]:
    """The offices in force at *at* in the province of the case's lead unit, in Vietnamese order; from memory."""
    top, day = case.lead.path[0], timezone.localdate(at)
    offices = (
        it
        for it in directory().by_key.values()
        if it.path[0] == top and it.kind != Kind.LOG and it.valid_from <= day <= (it.valid_to or day)
    )
    return sorted(offices, key=lambda it: (it.sort_key, it.code))


def unit_options(units: Iterable[Unit]) -> list[Option]:
    """Offices to choose from, by code."""
    return [Option(it.code, it.title) for it in units]
