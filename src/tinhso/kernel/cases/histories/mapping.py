"""What a log means here: the mapping files (`catalog/logs/*.yaml`) that turn its traces into cases.

An attribute is named as in the tables of process mining: `case:KEY` for an attribute of the trace, `KEY` for one of
an event. In a CSV file that is the name of the column.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, model_validator

from tinhso.kernel.cases.catalogue import CaseType, Slug
from tinhso.kernel.catalogue import CatalogueError, Entry, Finding, Source, Words, read_yaml, validate

TRACE = "case:"
"""What stands before the name of an attribute of the trace."""
STANDARD = "standard"
"""The mapping for a log that has none of its own."""
LONGEST_UNIT_CODE = 32
LONGEST_LOG_NAME = 40

ValueType = Literal["string", "date", "int", "float", "boolean", "id"]


def _checked_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise ValueError(f"{name!r} is no time zone such as Europe/Amsterdam") from error
    return name


def _checked_encoding(name: str) -> str:
    try:
        "".encode(name)
    except LookupError as error:
        raise ValueError(f"{name!r} is no encoding such as utf-8 or cp1258") from error
    return name


def _checked_number(pattern: str) -> str:
    if pattern.count("{id}") != 1 or re.search(r"[{}]", pattern.replace("{id}", "").replace("{log}", "")):
        raise ValueError("a number holds {id} once, may hold {log}, and plain signs")
    return pattern


class KeysEntry(Entry):
    """Where a log keeps what every log has; the defaults are the standard extensions of IEEE 1849."""

    case: str = "case:concept:name"
    activity: str = "concept:name"
    time: str = "time:timestamp"
    resource: str = "org:resource"
    lifecycle: str = "lifecycle:transition"


class UnitEntry(Entry):
    """The unit on top of those that the log names."""

    code: Annotated[str, Field(pattern=r"^LOG-[A-Z0-9-]+$", max_length=20)]
    name: Words


class SortingEntry(Entry):
    """A value of the log as one of the type's: by the table `values`, else `default`; without either the case is
    refused. Without a table the value stands as it is."""

    from_: str | None = None
    values: dict[str, str] = {}
    default: str | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.from_ is None and (self.default is None or self.values):
            raise ValueError("either 'from' an attribute, or only a 'default'")
        return self

    def results(self) -> set[str]:
        """Every value that can come out, where a table decides."""
        return {*self.values.values(), *([self.default] if self.default is not None else [])}


class OpeningEntry(Entry):
    """The instant of opening is an attribute of the trace, and no event of the log."""

    at: str


class ReachedEntry(Entry):
    """The last value of `attribute` is above nought and as much as the last values of `of` together."""

    attribute: str
    of: Annotated[list[str], Field(min_length=1)]
    tolerance: Annotated[Decimal, Field(ge=0)] = Decimal(0)


class ConditionEntry(Entry):
    """One way in which a trace is over at its end; exactly one of the four kinds."""

    outcome: Slug | None = None
    activity: list[str] | None = None
    """One of these is among the events."""
    last: list[str] | None = None
    """One of these is the last event."""
    attribute: str | None = None
    """The last value of this event attribute is none of `unless`."""
    unless: list[str] = []
    reached: ReachedEntry | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        kinds = (self.activity, self.last, self.attribute, self.reached)
        if sum(kind is not None for kind in kinds) != 1 or (self.unless and self.attribute is None):
            raise ValueError("exactly one of 'activity', 'last', 'attribute' (with 'unless') and 'reached'")
        return self


class ClosingEntry(Entry):
    """What closes a case: an instant that the trace states (`at`), or its last event where a condition holds."""

    action: Slug
    at: str | None = None
    when: list[ConditionEntry] = []

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if (self.at is None) == (not self.when):
            raise ValueError("either 'at' an attribute, or 'when' conditions hold")
        return self


class LogMapping(Entry):
    """A file of `catalog/logs/`."""

    log: Annotated[str, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=LONGEST_LOG_NAME)] | None = None
    """The log's name, part of where a case says it comes from; else the name of the file."""
    source: str = ""
    type: Slug
    number: Annotated[str, AfterValidator(_checked_number)] = "{log}-{id}"
    zone: Annotated[str, AfterValidator(_checked_zone)] = "UTC"
    """The zone of times that state no offset."""
    encoding: Annotated[str, AfterValidator(_checked_encoding)] = "utf-8-sig"
    delimiter: Annotated[str, Field(min_length=1, max_length=1)] = ","
    unit: UnitEntry | None = None
    keys: KeysEntry = KeysEntry()
    columns: dict[str, ValueType] = {}
    """Every column of a CSV file; a column that is not here is refused. Without any, all are text but the time."""
    opening: OpeningEntry | None = None
    lead: str | None = None
    supporting: str | None = None
    blank: list[str] = []
    """Values of `lead` and `supporting` that name no unit."""
    category: SortingEntry | None = None
    channel: SortingEntry
    due: str | None = None
    pseudonyms: list[str] = []
    """Attributes with names of people: a keyed digest stands for each value, for the journal holds no personal data.
    Such a log does not go out as it came in."""
    answer: list[str] = []
    """Activities that are the office's first answer; without any, whatever follows the opening."""
    step: Slug
    """The action of the type that an activity is, unless `actions` names another."""
    actions: dict[str, Slug] = {}
    closing: ClosingEntry | None = None

    def named(self, file: str) -> "LogMapping":
        """With the names that hang on the file's, where the mapping gives none."""
        log = self.log or _slug(file)
        unit = self.unit or UnitEntry.model_construct(code=_unit_code(log), name=Words(vi=log, en=log))
        return self.model_copy(update={"log": log, "unit": unit})


def _slug(file: str) -> str:
    stem = re.sub(r"(\.(xes|xml|csv|txt))?(\.gz)?$", "", Path(file).name.lower())
    return _shortened(re.sub(r"[^a-z0-9]+", "-", stem).strip("-") or "log", LONGEST_LOG_NAME)


def _unit_code(log: str) -> str:
    return _shortened(f"LOG-{log.upper()}", 20)


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    return f"{text[: most - 7].rstrip('-')}-{hashlib.sha256(text.encode()).hexdigest()[:6]}"


def read_mapping(path: Path, types: Mapping[str, CaseType]) -> LogMapping:
    """The mapping of one file, checked against the case types *types*. Raises CatalogueError."""
    source = read_yaml(path)
    entry = validate(source, LogMapping)
    if findings := list(_faults(source, entry, types)):
        raise CatalogueError(findings)
    return entry


def mapping_for(file: Path, catalogue: Path) -> Path:
    """The mapping in *catalogue* for a log file: the one of its name, else the standard one."""
    own = catalogue / "logs" / f"{_slug(file.name)}.yaml"
    return own if own.exists() else catalogue / "logs" / f"{STANDARD}.yaml"


def check_mappings(catalogue: Path, types: Mapping[str, CaseType]) -> list[Finding]:
    """What is wrong with the mappings of a catalogue folder."""
    findings: list[Finding] = []
    for path in sorted((catalogue / "logs").glob("*.yaml")):
        try:
            source = read_yaml(path, catalogue)
            findings += _faults(source, validate(source, LogMapping), types)
        except CatalogueError as error:
            findings += error.findings
    return findings


def _faults(source: Source, entry: LogMapping, types: Mapping[str, CaseType]) -> Iterator[Finding]:
    case_type = types.get(entry.type)
    if case_type is None:
        yield source.finding(("type",), f"type: there is no sound case type named {entry.type}")
        return
    yield from _faults_of_actions(source, entry, case_type)
    for channel in sorted(entry.channel.results() - case_type.channels.keys()):
        yield source.finding(("channel",), f"channel: {entry.type} has no channel {channel}")
    if entry.category and case_type.categories:
        for category in sorted(entry.category.results() - case_type.categories.keys()):
            yield source.finding(("category",), f"category: {entry.type} has no category {category}")
    if entry.due and case_type.main_clock is None:
        yield source.finding(("due",), f"due: {entry.type} has no clock to keep it")
    if entry.opening and not entry.opening.at.startswith(TRACE):
        yield source.finding(("opening",), f"opening: an attribute of the trace, such as {TRACE}startdate")
    if entry.closing and entry.closing.at and not entry.closing.at.startswith(TRACE):
        yield source.finding(("closing",), f"closing: an attribute of the trace, such as {TRACE}enddate")
    if entry.columns:
        keys = (entry.keys.case, entry.keys.activity, entry.keys.time)
        for name in keys:
            if name not in entry.columns:
                yield source.finding(("columns",), f"columns: {name} is missing")


def _faults_of_actions(source: Source, entry: LogMapping, case_type: CaseType) -> Iterator[Finding]:
    places = [("step", entry.step), *((f"actions.{name}", action) for name, action in entry.actions.items())]
    for place, name in places:
        action = case_type.actions.get(name)
        where = tuple(place.split(".", 1))
        if action is None:
            yield source.finding(where, f"{place}: {entry.type} has no action {name}")
        elif action.to and case_type.stages[action.to].kind == "closed":
            yield source.finding(where, f"{place}: {name} closes a case, which only 'closing' does")
    if entry.closing is None:
        return
    action = case_type.actions.get(entry.closing.action)
    if action is None or not action.to or case_type.stages[action.to].kind != "closed":
        yield source.finding(("closing",), f"closing: {entry.closing.action} is no action that closes a {entry.type}")
    outcome = case_type.inputs.get("outcome")
    known = case_type.items(outcome).keys() if outcome else set()
    for condition in entry.closing.when:
        if condition.outcome and condition.outcome not in known:
            yield source.finding(("closing", "when"), f"closing: {entry.type} has no outcome {condition.outcome}")
