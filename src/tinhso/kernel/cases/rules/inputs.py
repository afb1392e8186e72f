"""Checking what people typed against the fields of a case type. Unknown input is refused, not guessed."""

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext_lazy as _

from tinhso.kernel.people.contacts import parse_contact

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from tinhso.kernel.cases.catalogue import CaseType, FieldEntry

    Message = str | _StrPromise

_LINE_SIGNS = {"\n", "\t"}
_AS_PLAIN = {"Zs": " ", "Zl": "\n", "Zp": "\n"}
"""What stands for the many kinds of spaces and line ends of Unicode, which pasted text is full of."""


class InvalidInputError(Exception):
    """What was typed cannot be taken; `errors` says for each field why and what to do."""

    def __init__(self, errors: Mapping[str, "Message"]) -> None:
        super().__init__("; ".join(f"{name}: {reason}" for name, reason in errors.items()))
        self.errors = dict(errors)


@dataclass(frozen=True)
class Place:
    """A point in degrees (WGS 84), a commune by its code, or both."""

    latitude: float | None = None
    longitude: float | None = None
    commune: str | None = None


@dataclass(frozen=True)
class Values:
    """What was typed, checked: the parts that a case keeps apart, and the rest by name."""

    category: str = ""
    text: str = ""
    place: Place | None = None
    personal: dict[str, Any] = field(default_factory=dict)
    rest: dict[str, Any] = field(default_factory=dict)


def plain_text(value: str) -> str:
    """*value* with plain spaces and line ends, and without signs that no text has: control signs, halves of pairs."""
    plain = "".join(_AS_PLAIN.get(unicodedata.category(sign), sign) for sign in value.replace("\r\n", "\n"))
    kept = (sign for sign in plain.replace("\r", "\n") if sign.isprintable() or sign in _LINE_SIGNS)
    return "".join(kept).strip()


def check(fields: Mapping[str, "FieldEntry"], typed: Mapping[str, Any], case_type: "CaseType") -> dict[str, Any]:
    """The value of each field that was given. Raises InvalidInputError with every fault."""
    errors: dict[str, Message] = {name: _("This field is not known here.") for name in typed if name not in fields}
    values: dict[str, Any] = {}
    for name, entry in fields.items():
        raw = typed.get(name)
        if isinstance(raw, str):
            raw = plain_text(raw)
        if raw is None or raw == "":
            if entry.required:
                errors[name] = _missing(entry)
            continue
        try:
            values[name] = _value(entry, raw, case_type)
        except _FaultError as fault:
            errors[name] = fault.message
    if errors:
        raise InvalidInputError(errors)
    return values


def check_opening(case_type: "CaseType", typed: Mapping[str, Any]) -> Values:
    """What was typed to open a case. Raises InvalidInputError."""
    values = check(case_type.fields, typed, case_type)
    personal = {
        name: values.pop(name) for name, entry in case_type.fields.items() if entry.personal and name in values
    }
    return Values(
        category=values.pop("category", ""),
        text=values.pop("text", ""),
        place=values.pop("place", None),
        personal=personal,
        rest=values,
    )


class _FaultError(Exception):
    def __init__(self, message: "Message") -> None:
        super().__init__(str(message))
        self.message = message


def _missing(entry: "FieldEntry") -> "Message":
    if entry.choice:
        return _("Choose one.")
    if entry.point:
        return _("Say where: tap the map, share your position or choose the commune.")
    return _("Fill this in.")


def _value(entry: "FieldEntry", raw: Any, case_type: "CaseType") -> Any:
    if entry.text is not None:
        return _text(raw, entry.text)
    if entry.choice is not None:
        if not isinstance(raw, str) or raw not in case_type.items(entry):
            raise _FaultError(_("This choice is not among those offered. Choose one from the list."))
        return raw
    if entry.point:
        return _place(raw, commune=entry.or_ == "commune")
    if entry.phone_or_email:
        return _contact(raw)
    if entry.number is not None:
        return _number(raw, *entry.number)
    if entry.date:
        return _date(raw)
    if entry.flag:
        return raw in (True, "on", "true", "1")
    return _text(raw, 32)  # the code of a unit; whether it exists is looked up by the action


def _text(raw: Any, most: int) -> str:
    if not isinstance(raw, str):
        raise _FaultError(_("Write this as text."))
    if len(raw) > most:
        raise _FaultError(
            _("This is %(length)d characters long; at most %(most)d fit. Shorten it.")
            % {"length": len(raw), "most": most}
        )
    return raw


def _place(raw: Any, *, commune: bool) -> Place:
    if not isinstance(raw, Mapping):
        raise _FaultError(_("Give a place as latitude and longitude."))
    code = raw.get("commune") or None
    latitude, longitude = _degrees(raw.get("lat"), 90), _degrees(raw.get("lon"), 180)
    if (latitude is None) != (longitude is None):
        raise _FaultError(_("A position needs both latitude and longitude."))
    if code is not None and not (commune and isinstance(code, str) and len(code) <= 32):
        raise _FaultError(_("This commune is not known. Choose one from the list."))
    if latitude is None and code is None:
        raise _FaultError(_missing_place())
    return Place(latitude, longitude, plain_text(code) if code else None)


def _missing_place() -> "Message":
    return _("Say where: tap the map, share your position or choose the commune.")


def _degrees(raw: Any, most: int) -> float | None:
    if raw is None or raw == "":
        return None
    if isinstance(raw, bool):
        raise _FaultError(_("Give a place as latitude and longitude."))
    try:
        degrees = float(raw)
    except (TypeError, ValueError, OverflowError) as error:
        raise _FaultError(_("Give a place as latitude and longitude.")) from error
    if not math.isfinite(degrees) or abs(degrees) > most:
        raise _FaultError(_("This position is not on Earth. Latitude runs to 90, longitude to 180 degrees."))
    return degrees


def _contact(raw: Any) -> str:
    try:
        return parse_contact(_text(raw, 254)).value
    except ValueError as error:
        raise _FaultError(
            _(
                "This is neither a phone number (such as 0912 345 678) nor an e-mail address."
                " Correct it or leave it empty."
            )
        ) from error


def _number(raw: Any, least: int, most: int) -> int:
    try:
        number = int(raw) if not isinstance(raw, float) else math.nan
    except (TypeError, ValueError) as error:
        raise _FaultError(_("Write a whole number.")) from error
    if not least <= number <= most:
        raise _FaultError(_("Write a whole number from %(least)d to %(most)d.") % {"least": least, "most": most})
    return int(number)


def _date(raw: Any) -> str:
    try:
        return date.fromisoformat(raw).isoformat()
    except (TypeError, ValueError) as error:
        raise _FaultError(_("Write the date as year-month-day.")) from error
