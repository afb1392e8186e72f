"""Reads of case types and cases, each with its number of statements."""

from tinhso.kernel.cases.queries.types import (
    UnknownTypeError,
    calendar_of,
    calendars,
    course_of,
    current_version,
    forget,
    parsed_type,
    published_types,
    routing_of,
    standing_of,
)

__all__ = [
    "UnknownTypeError",
    "calendar_of",
    "calendars",
    "course_of",
    "current_version",
    "forget",
    "parsed_type",
    "published_types",
    "routing_of",
    "standing_of",
]
