"""What a trace is as a case: pure, from the trace, the mapping and the case type.

Every event of the log becomes one event of the journal, in the log's order. Where the opening or the closing is an
attribute of the trace, that is an event of its own, marked as derived: it counts, and it does not go out again.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from functools import cached_property
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

from tinhso.kernel.cases.catalogue import CaseType
from tinhso.kernel.cases.histories.log import (
    PSEUDONYM_LENGTH,
    STRING,
    Attribute,
    LoggedEvent,
    RefusedTraceError,
    Trace,
    json_text,
    parse_instant,
    value,
)
from tinhso.kernel.cases.histories.mapping import (
    TRACE,
    ConditionEntry,
    KeysEntry,
    LogMapping,
    ReachedEntry,
    SortingEntry,
)
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.rules.clocks import Clock
from tinhso.kernel.journal.actions import digest as keyed_digest
from tinhso.kernel.worktime.rules import Calendar, OutOfCalendarError

_LONGEST_NUMBER = Case._meta.get_field("number").max_length or 0
_LONGEST_ORIGIN = Case._meta.get_field("imported_from").max_length or 0
_LONGEST_CATEGORY = Case._meta.get_field("category").max_length or 0
_LONGEST_UNIT_NAME = 120
_NOT_IN_NUMBERS = re.compile(r"[^A-Za-z0-9._-]+")

Values = dict[str, Any]
"""The values of an event by key."""


@dataclass(slots=True)
class ShapedEvent:
    """One event for the journal; its unit is the case's lead."""

    kind: str
    at: datetime
    data: dict[str, Any]


@dataclass(slots=True)
class ShapedCase:
    """One case for the database. Units are still names, as the log has them."""

    id: str
    origin: str
    number: str
    line: int
    digest: str
    attributes: list[Any]
    category: str
    channel: str
    lead: str
    supporting: list[str]
    opened_at: datetime
    stage: str
    due_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    outcome: str = ""
    clocks: dict[str, Any] = field(default_factory=dict)
    events: list[ShapedEvent] = field(default_factory=list)
    backwards: bool = False
    """Time goes backwards from one event of the log to the next."""
    after_closing: bool = False
    """The log has events later than its closing."""


@dataclass
class Shaper:
    """Makes cases of the traces of one log. `keys` are those of the reader."""

    mapping: LogMapping
    keys: KeysEntry
    type: CaseType
    calendar: Calendar

    @cached_property
    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self.mapping.zone)

    def name(self, trace: Trace) -> str:
        """What the log calls a case; nothing where it does not say."""
        return value(trace.attributes, self.keys.case.removeprefix(TRACE)) or ""

    def shape(self, trace: Trace) -> ShapedCase:
        """The case that a trace is. Raises RefusedTraceError."""
        if trace.fault:
            raise trace.fault
        if self.mapping.pseudonyms:
            trace = self._pseudonymous(trace)
        name = self.name(trace)
        if not name:
            raise RefusedTraceError(trace.line, f"the case has no name ({self.keys.case})")
        values = [{it[1]: it[2] for it in event.attributes} for event in trace.events]
        times = [self._time(event, known) for event, known in zip(trace.events, values, strict=True)]
        try:
            return self._case(name, trace, values, times)
        except OutOfCalendarError as error:
            raise RefusedTraceError(trace.line, str(error)) from error

    def _pseudonymous(self, trace: Trace) -> Trace:
        hidden = self.mapping.pseudonyms
        own = {name.removeprefix(TRACE) for name in hidden if name.startswith(TRACE)}
        others = {name for name in hidden if not name.startswith(TRACE)}
        events = [LoggedEvent(_hidden(event.attributes, others), event.line) for event in trace.events]
        return Trace(_hidden(trace.attributes, own), events, trace.line)

    def _case(self, name: str, trace: Trace, values: list[Values], times: list[datetime]) -> ShapedCase:
        mapping = self.mapping
        opened_at = self._instant(trace, mapping.opening.at) if mapping.opening else (times[0] if times else None)
        if opened_at is None:
            raise RefusedTraceError(trace.line, "the case has no event and no other time of opening")
        case = ShapedCase(
            id=name,
            origin=f"{mapping.log}:{name}",
            number=_number(mapping.number.format(log=mapping.log, id=name)),
            line=trace.line,
            digest=_digest(trace),
            attributes=trace.attributes,
            category=self._sorted("category", mapping.category, trace, values)[:_LONGEST_CATEGORY],
            channel=self._sorted("channel", mapping.channel, trace, values),
            lead=next(iter(self._units([self._found(trace, values, mapping.lead)])), ""),
            supporting=self._units(known.get(mapping.supporting or "") for known in values),
            opened_at=opened_at,
            stage=self.type.first_stage,
            due_at=self._instant(trace, mapping.due) if mapping.due else None,
        )
        self._check(case, trace)
        self._tell(case, trace, values, times)
        self._set_clock(case)
        case.backwards = any(later < earlier for earlier, later in pairwise(times))
        case.after_closing = case.closed_at is not None and any(at > case.closed_at for at in times)
        return case

    def _check(self, case: ShapedCase, trace: Trace) -> None:
        if len(case.origin) > _LONGEST_ORIGIN:
            raise RefusedTraceError(trace.line, f"the name {case.id[:60]!r}… is too long")
        if case.channel not in self.type.channels:
            raise RefusedTraceError(trace.line, f"{case.channel!r} is no channel of {self.type.type}")
        for name in (case.lead, *case.supporting):
            if len(name) > _LONGEST_UNIT_NAME:
                raise RefusedTraceError(trace.line, f"{name[:60]!r} is too long for the name of a unit")

    def _tell(self, case: ShapedCase, trace: Trace, values: list[Values], times: list[datetime]) -> None:
        """The events, and what they do to the case."""
        closing = self._closing(trace, values)
        rest = list(zip(trace.events, values, times, strict=True))
        if self.mapping.opening:
            self._open(case, {"derived": True})
        elif rest:
            event, known, _ = rest.pop(0)
            self._open(case, self._logged(event, known))
        # An event that opens the case cannot close it too: then the closing is one of its own.
        closed_by_last = closing is not None and closing[0] is None and bool(rest)
        for i, (event, known, at) in enumerate(rest):
            if closed_by_last and closing and i == len(rest) - 1:
                self._close(case, at, closing[1], self._logged(event, known))
            else:
                self._act(case, at, known, self._logged(event, known))
        if closing and not closed_by_last:
            self._close(case, closing[0] or case.opened_at, closing[1], {"derived": True})

    def _open(self, case: ShapedCase, extra: dict[str, Any]) -> None:
        data = {
            "number": case.number,
            "type": self.type.type,
            "root": self.type.root,
            "version": self.type.version,
            "category": case.category,
            "channel": case.channel,
            "electronic": self.type.channels[case.channel] == "electronic",
            "stage": case.stage,
            "due": _text(case.due_at),
        }
        case.events.append(ShapedEvent("case.opened", case.opened_at, data | extra))

    def _act(self, case: ShapedCase, at: datetime, known: Values, extra: dict[str, Any]) -> None:
        activity = extra["activity"]
        action = self.mapping.actions.get(activity, self.mapping.step)
        data = self._move(case, action)
        if case.answered_at is None and (not self.mapping.answer or activity in self.mapping.answer):
            case.answered_at = at
            data["answered_after"] = self._minutes(case, at)
        case.events.append(ShapedEvent("case.acted", at, data | extra))

    def _close(self, case: ShapedCase, at: datetime, outcome: str, extra: dict[str, Any]) -> None:
        if self.mapping.closing is None:
            raise AssertionError("nothing closes without a rule for it")
        data = self._move(case, self.mapping.closing.action)
        case.closed_at, case.outcome = at, outcome
        data["closed_after"] = self._minutes(case, at)
        if outcome:
            data["outcome"] = outcome
        case.events.append(ShapedEvent("case.acted", at, data | extra))

    def _move(self, case: ShapedCase, action: str) -> dict[str, Any]:
        """What the journal says of an action that the log took, whether or not the type would have allowed it."""
        before = case.stage
        case.stage = self.type.actions[action].to or before
        kind = self.type.stages[case.stage].kind
        return {"action": action, "from": before, "to": case.stage, "kind": kind, "due": _text(case.due_at)}

    def _minutes(self, case: ShapedCase, at: datetime) -> int:
        return max(0, self.calendar.between(case.opened_at, at))

    def _logged(self, event: LoggedEvent, known: Values) -> dict[str, Any]:
        """What the log says of an event: all of it, and by name what people look for."""
        said: dict[str, Any] = {"activity": known[self.keys.activity]}
        for name, key in (("lifecycle", self.keys.lifecycle), ("resource", self.keys.resource)):
            if known.get(key):
                said[name] = known[key]
        return {**said, "log": event.attributes}

    def _set_clock(self, case: ShapedCase) -> None:
        name = self.type.main_clock
        if name is None or case.due_at is None:
            return
        clock = Clock(
            limit=self._minutes(case, case.due_at),
            used=self._minutes(case, case.closed_at) if case.closed_at else 0,
            since=None if case.closed_at else case.opened_at,
            due=case.due_at,
            first_due=case.due_at,
            done_at=case.closed_at,
        )
        case.clocks = {name: clock.stored()}

    def _closing(self, trace: Trace, values: list[Values]) -> tuple[datetime | None, str] | None:
        """(the instant that the trace states, or nothing for its last event; the outcome); nothing while open."""
        closing = self.mapping.closing
        if closing is None:
            return None
        if closing.at:
            at = self._instant(trace, closing.at)
            return (at, "") if at else None
        if not values:
            return None
        latest: Values = {}
        for known in values:
            latest.update(known)
        held = next((it for it in closing.when if self._holds(it, values, latest)), None)
        return (None, held.outcome or "") if held else None

    def _holds(self, condition: ConditionEntry, values: list[Values], latest: Values) -> bool:
        """Whether a trace is over; *latest* has the last value of everything that its events say."""
        key = self.keys.activity
        if condition.activity is not None:
            return any(known[key] in condition.activity for known in values)
        if condition.last is not None:
            return values[-1][key] in condition.last
        if condition.attribute is not None:
            last = latest.get(condition.attribute)
            return last is not None and last not in condition.unless
        return condition.reached is not None and _reached(condition.reached, latest)

    def _time(self, event: LoggedEvent, known: Values) -> datetime:
        if not known.get(self.keys.activity):
            raise RefusedTraceError(event.line, f"the event has no activity ({self.keys.activity})")
        text = known.get(self.keys.time)
        if not text:
            raise RefusedTraceError(event.line, f"the event has no time ({self.keys.time})")
        return self._parsed(text, event.line, self.keys.time)

    def _parsed(self, text: str, line: int, name: str) -> datetime:
        try:
            instant = parse_instant(text)
            return (instant if instant.tzinfo else instant.replace(tzinfo=self._zone)).astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise RefusedTraceError(line, f"{name}: {text[:60]!r} is no date and time") from error

    def _instant(self, trace: Trace, name: str) -> datetime | None:
        text = value(trace.attributes, name.removeprefix(TRACE))
        return self._parsed(text, trace.line, name) if text else None

    def _found(self, trace: Trace, values: list[Values], name: str | None) -> str | None:
        """The value of an attribute of the trace, or of the first event that has it."""
        if name is None:
            return None
        if name.startswith(TRACE):
            return value(trace.attributes, name.removeprefix(TRACE))
        return next((str(known[name]) for known in values if known.get(name)), None)

    def _units(self, names: Iterable[str | None]) -> list[str]:
        return sorted({name for name in names if name and name not in self.mapping.blank})

    def _sorted(self, what: str, sorting: SortingEntry | None, trace: Trace, values: list[Values]) -> str:
        if sorting is None:
            return ""
        found = self._found(trace, values, sorting.from_)
        if found is not None and not sorting.values and sorting.default is None:
            return found
        result = sorting.values.get(found, sorting.default) if found is not None else sorting.default
        if result is None:
            raise RefusedTraceError(trace.line, f"{what}: the mapping says nothing of {sorting.from_} = {found!r}")
        return result


def _hidden(attributes: list[Attribute], keys: set[str]) -> list[Attribute]:
    """With digests for the values of *keys*, and without what stands inside those."""
    return [
        (STRING, it[1], keyed_digest(it[2])[:PSEUDONYM_LENGTH]) if it[1] in keys and it[2] else it
        for it in attributes
    ]


def _number(text: str) -> str:
    """A case number of *text* that fits and can stand in an address; what was lost for that is left as a digest."""
    plain = _NOT_IN_NUMBERS.sub("-", text)
    if plain == text and len(text) <= _LONGEST_NUMBER:
        return text
    digest = hashlib.sha256(text.encode()).hexdigest()[:8]
    return f"{plain[: _LONGEST_NUMBER - 9]}-{digest}"


def _text(instant: datetime | None) -> str | None:
    return instant.isoformat() if instant else None


def _reached(rule: ReachedEntry, latest: Values) -> bool:
    try:
        reached = Decimal(latest.get(rule.attribute) or 0)
        wanted = sum((Decimal(latest.get(key) or 0) for key in rule.of), Decimal(0))
    except InvalidOperation:
        return False
    return reached > 0 and reached >= wanted - rule.tolerance


def _digest(trace: Trace) -> str:
    """What tells whether a trace is the same as when it was imported."""
    content = [trace.attributes, [event.attributes for event in trace.events]]
    return hashlib.sha256(json_text(content).encode()).hexdigest()
