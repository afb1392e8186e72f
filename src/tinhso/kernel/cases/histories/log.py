"""A log as values: traces of events with their attributes, exactly as the file has them."""

import json
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

Attribute = tuple[Any, ...]
"""`(type, key, value)`, and a list of the attributes inside it as a fourth part where there are any.

The value is the file's own text, so that it goes out as it came in. In the database they stand as JSON arrays: an
object would lose their order.
"""

PSEUDONYM_LENGTH = 16
"""Hexadecimal digits of the keyed digest that stands for a person."""
STRING = "string"
DATE = "date"
SIMPLE_TYPES = frozenset({STRING, DATE, "int", "float", "boolean", "id"})
GROUP_TYPES = frozenset({"list", "values", "container"})
"""`list` of IEEE 1849 with its `values`; `container` of XES 2.0."""


class UnreadableLogError(Exception):
    """A file, or the rest of it, that cannot be read as a log; `line` is where."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


class RefusedTraceError(Exception):
    """A trace that becomes no case; `line` is where the reason stands."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line
        self.reason = reason


@dataclass(slots=True)
class LoggedEvent:
    """One event of a trace."""

    attributes: list[Attribute]
    line: int


@dataclass(slots=True)
class Trace:
    """One case of a log. `fault` says why it cannot be used."""

    attributes: list[Attribute]
    events: list[LoggedEvent]
    line: int
    fault: RefusedTraceError | None = None


@dataclass
class Head:
    """What stands in a log outside its traces."""

    features: dict[str, str] = field(default_factory=dict)
    """The XML attributes of the log element."""
    extensions: list[list[str]] = field(default_factory=list)
    """Name, prefix, URI."""
    globals: list[tuple[str, list[Attribute]]] = field(default_factory=list)
    """Scope and attributes."""
    classifiers: list[list[str]] = field(default_factory=list)
    """Name, scope, keys."""
    attributes: list[Attribute] = field(default_factory=list)

    def stored(self) -> dict[str, Any]:
        """As JSON, for the journal."""
        return asdict(self)


_ENCODER = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False)


def json_text(content: object) -> str:
    """As compact JSON; the encoder is made once, which halves the time."""
    return _ENCODER.encode(content)


def value(attributes: list[Attribute], key: str) -> str | None:
    """The value of the attribute *key*, if it is there."""
    for attribute in attributes:
        if attribute[1] == key and attribute[2] is not None:
            return str(attribute[2])
    return None


def parse_instant(text: str) -> datetime:
    """An instant of a log, with or without an offset. Raises ValueError."""
    return datetime.fromisoformat(text.strip())
