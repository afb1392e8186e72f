"""Calendars as the catalogue states them: weekly hours, the country's holidays, decreed days that override both."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import holidays
from pydantic import BeforeValidator, Field, model_validator

from tinhso.kernel.catalogue import CatalogueError, Entry, Finding, read_yaml, validate
from tinhso.kernel.worktime.rules import FIRST_DAY, LAST_DAY, Calendar, Span

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


def _span(text: object) -> object:
    """`07:30-11:30` as minutes of the day."""
    if not isinstance(text, str):
        return text
    try:
        start, end = ([int(part) for part in clock.split(":")] for clock in text.split("-"))
        return (start[0] * 60 + start[1], end[0] * 60 + end[1])
    except (ValueError, IndexError) as error:
        raise ValueError(f"{text!r} is not a span such as '07:30-11:30'") from error


Hours = list[Annotated[tuple[int, int], BeforeValidator(_span)]]


class Override(Entry):
    """A decreed day: off although it would be worked, or worked although it would be off."""

    date: date
    kind: Literal["off", "work"]
    hours: Hours = []
    source: Annotated[str, Field(min_length=1)]

    @model_validator(mode="after")
    def _hours_fit(self) -> "Override":
        if (self.kind == "work") != bool(self.hours):
            raise ValueError("a worked day names its hours, a day off has none")
        return self


class CalendarEntry(Entry):
    """A file of `catalog/calendars/`."""

    calendar: str
    zone: Literal["Asia/Ho_Chi_Minh"] = "Asia/Ho_Chi_Minh"
    week: dict[str, Hours]
    day_hours: Annotated[int, Field(gt=0, le=24)]
    holidays: Literal["VN"] | None = None
    overrides: list[Override] = []

    @model_validator(mode="after")
    def _sound(self) -> "CalendarEntry":
        if unknown := set(self.week) - set(WEEKDAYS):
            raise ValueError(f"unknown weekday {sorted(unknown)[0]}")
        for hours in [*self.week.values(), *(override.hours for override in self.overrides)]:
            edges = [edge for span in hours for edge in span]
            if edges != sorted(set(edges)) or any(not 0 <= edge <= 24 * 60 for edge in edges):
                raise ValueError("hours must follow each other within the day")
        if not any(self.week.values()):
            raise ValueError("a calendar without a working hour has no deadlines")
        days = [override.date for override in self.overrides]
        if len(days) != len(set(days)):
            raise ValueError("a date is overridden twice")
        return self

    def build(self) -> Calendar:
        """The calendar itself; overrides win over holidays."""
        week = tuple(tuple(self.week.get(day, ())) for day in WEEKDAYS)
        exceptions: dict[date, tuple[Span, ...]] = {}
        if self.holidays:
            # The province's administration rests on the days of the Labour Code; the package lists them.
            exceptions |= dict.fromkeys(
                holidays.country_holidays(self.holidays, years=range(FIRST_DAY.year, LAST_DAY.year + 1)), ()
            )
        exceptions |= {override.date: tuple(override.hours) for override in self.overrides}
        return Calendar(self.calendar, ZoneInfo(self.zone), week, exceptions, self.day_hours * 60)


def read_calendar(path: Path, root: Path | None = None) -> Calendar:
    """The calendar of one file, which bears the name of its file. Raises CatalogueError."""
    source = read_yaml(path, root)
    entry = validate(source, CalendarEntry)
    if entry.calendar != path.stem:
        raise CatalogueError([source.finding(("calendar",), f"calendar: it is named {path.stem}, as its file is")])
    return entry.build()


def read_calendars(folder: Path) -> dict[str, Calendar]:
    """Every calendar of `<folder>/calendars`, by name. Raises CatalogueError with the faults of all files."""
    found: dict[str, Calendar] = {}
    findings: list[Finding] = []
    for path in sorted((folder / "calendars").glob("*.yaml")):
        try:
            found[path.stem] = read_calendar(path, folder)
        except CatalogueError as error:
            findings += error.findings
    if findings:
        raise CatalogueError(findings)
    return found
