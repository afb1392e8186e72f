"""Writing a history: cases and their events in bulk, a batch a transaction.

A batch that was committed is there for good: after an interruption the same command takes up where it stopped,
because a case that is there already, from the same log and with the same content, is left alone.
"""

import gc
import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from tinhso.kernel.cases import queries
from tinhso.kernel.cases.histories.log import RefusedTraceError, UnreadableLogError, json_text
from tinhso.kernel.cases.histories.mapping import LogMapping
from tinhso.kernel.cases.histories.reading import LogReader, open_log
from tinhso.kernel.cases.histories.shaping import ShapedCase, Shaper
from tinhso.kernel.cases.models import TypeVersion, new_secret
from tinhso.kernel.journal.actions import Happening, record
from tinhso.kernel.journal.models import Event
from tinhso.kernel.units.actions import add_log_units
from tinhso.kernel.units.models import Unit

BATCH_CASES = 2_000
BATCH_EVENTS = 20_000
LISTED = 1_000
"""How many refused cases a report lists; the rest are counted."""
LOCK_SPACE = 0x7451
"""First half of the advisory lock that one batch of a log holds; the second is the hash of the log's name."""
IMPORTED = "log.imported"
SUBJECT = "log"

_CASE_COLUMNS = (
    "id, number, secret, type_version_id, type, root, category, channel, text, fields, personal, lead_id,"
    " supporting, following, units, stage, stage_kind, version, clocks, due_at, first_due_at, alarms_done, opened_at,"
    " answered_at, closed_at, reopened, outcome, solved, imported_from"
)
_EVENT_COLUMNS = "kind, subject_kind, subject_id, unit_id, occurred_at, data"
_KNOWN = """
SELECT imported_from, number, fields -> 'log' ->> 'digest' FROM cases_case
WHERE imported_from = ANY(%s) OR number = ANY(%s)
"""
_NEXT_KEYS = "SELECT nextval(pg_get_serial_sequence('cases_case', 'id')) FROM generate_series(1, %s)"


@dataclass(frozen=True)
class Refused:
    """A case of the file that is not in the system, and why."""

    line: int
    reason: str
    case: str = ""


@dataclass
class Report:
    """What became of a file. Cases and events are those read; `added` are new, `unchanged` were there before."""

    log: str
    type: str
    unit: str
    dry_run: bool = False
    cases: int = 0
    events: int = 0
    added: int = 0
    added_events: int = 0
    unchanged: int = 0
    closed: int = 0
    backwards: int = 0
    """Cases in which time goes backwards; they are taken as they are."""
    after_closing: int = 0
    """Cases with events later than their closing; likewise."""
    refused_count: int = 0
    refused: list[Refused] = field(default_factory=list)
    broken: str = ""
    """Why the file could not be read to its end."""

    def refuse(self, line: int, reason: str, case: str = "") -> None:
        """Note a case that is not taken."""
        self.refused_count += 1
        if len(self.refused) < LISTED:
            self.refused.append(Refused(line, reason, case))

    @property
    def complete(self) -> bool:
        """Whether everything in the file is now in the system."""
        return not self.refused_count and not self.broken


Progress = Callable[[LogReader, Report], None]


def import_log(path: Path, mapping: LogMapping, *, dry_run: bool = False, progress: Progress | None = None) -> Report:
    """Bring the log at *path* in; with *dry_run* read and check everything and write nothing.

    A case is taken whole or not at all. One whose content differs from what was imported before is reported and left
    as it is. Raises UnknownTypeError when the mapping's type is not published, OSError for the file.
    """
    mapping = mapping.named(path.name)
    if mapping.log is None or mapping.unit is None:
        raise AssertionError("a named mapping has a log and a unit")
    version = queries.current_version(mapping.type)
    case_type = version.parsed
    reader = open_log(path, mapping)
    shaper = Shaper(mapping, reader.keys, case_type, queries.calendar_of(case_type))
    report = Report(mapping.log, mapping.type, mapping.unit.code, dry_run)
    writer = _Writer(mapping, version, report)
    gc.freeze()  # or the collector walks all that is loaded again and again: a fifth of the time
    try:
        for batch in _batches(_shaped(reader, shaper, report)):
            writer.write(batch)
            if progress:
                progress(reader, report)
    finally:
        gc.unfreeze()
    if not report.broken and not dry_run and report.added + report.unchanged:
        writer.write_head(reader)
    return report


def _shaped(reader: LogReader, shaper: Shaper, report: Report) -> Iterator[ShapedCase]:
    """The sound cases of a log; what is not sound goes into the report."""
    seen: set[str] = set()
    try:
        for trace in reader:
            report.cases += 1
            report.events += len(trace.events)
            try:
                case = shaper.shape(trace)
            except RefusedTraceError as error:
                report.refuse(error.line, error.reason, shaper.name(trace))
                continue
            if case.id in seen:
                report.refuse(case.line, "a case of this name stands earlier in the file", case.id)
                continue
            seen.add(case.id)
            report.backwards += case.backwards
            report.after_closing += case.after_closing
            report.closed += case.closed_at is not None
            yield case
    except UnreadableLogError as error:
        report.broken = str(error)


def _batches(cases: Iterable[ShapedCase]) -> Iterator[list[ShapedCase]]:
    batch: list[ShapedCase] = []
    events = 0
    for case in cases:
        batch.append(case)
        events += len(case.events)
        if len(batch) >= BATCH_CASES or events >= BATCH_EVENTS:
            yield batch
            batch, events = [], 0
    if batch:
        yield batch


class _Writer:
    """Writes the batches of one log."""

    def __init__(self, mapping: LogMapping, version: TypeVersion, report: Report) -> None:
        self._mapping = mapping
        self._version = version
        self._type = version.parsed
        self._report = report
        self._units: dict[str, Unit] = {}
        self._top: Unit | None = None

    def write(self, batch: list[ShapedCase]) -> None:
        """Add the cases of *batch* that are new, in one transaction."""
        if self._report.dry_run:
            self._count(self._new_of(batch))
            return
        with transaction.atomic():
            with connection.cursor() as cursor:
                # Two imports of one log take turns, so that what is not there now stays so until it is written.
                cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [LOCK_SPACE, self._mapping.log])
            fresh = self._new_of(batch)
            if fresh:
                self._copy(fresh)
        self._count(fresh)

    def _count(self, fresh: list[ShapedCase]) -> None:
        self._report.added += len(fresh)
        self._report.added_events += sum("log" in event.data for case in fresh for event in case.events)

    def _new_of(self, batch: list[ShapedCase]) -> list[ShapedCase]:
        """The cases that are not there yet; one statement."""
        with connection.cursor() as cursor:
            cursor.execute(_KNOWN, [[case.origin for case in batch], [case.number for case in batch]])
            rows = cursor.fetchall()
        digests = {origin: digest for origin, _, digest in rows if origin}
        numbers = {number for _, number, _ in rows}
        fresh: list[ShapedCase] = []
        for case in batch:
            if case.origin in digests:
                if digests[case.origin] == case.digest:
                    self._report.unchanged += 1
                else:
                    reason = "its content differs from what was imported before; the case was left as it is"
                    self._report.refuse(case.line, reason, case.id)
            elif case.number in numbers:
                self._report.refuse(case.line, f"another case has the number {case.number}", case.id)
            else:
                numbers.add(case.number)
                fresh.append(case)
        return fresh

    def _ensure_units(self, batch: list[ShapedCase]) -> Unit:
        """The log's unit; the units that the batch names are known afterwards."""
        names = {case.lead for case in batch} | {name for case in batch for name in case.supporting}
        names.discard("")
        if self._top is None or not names <= self._units.keys():
            if self._mapping.unit is None:
                raise AssertionError("a named mapping has a unit")
            self._top, self._units = add_log_units(self._mapping.unit.code, self._mapping.unit.name, names)
        return self._top

    def _copy(self, batch: list[ShapedCase]) -> None:
        top = self._ensure_units(batch)
        leads = [self._units[case.lead].pk if case.lead else top.pk for case in batch]
        with connection.cursor() as cursor:
            cursor.execute(_NEXT_KEYS, [len(batch)])
            keys = [int(key) for (key,) in cursor.fetchall()]
            with cursor.copy(f"COPY cases_case ({_CASE_COLUMNS}) FROM STDIN") as copy:
                for key, lead, case in zip(keys, leads, batch, strict=True):
                    copy.write_row(self._case_row(key, lead, case))
            # The keys of events are drawn by the table itself, once it is locked for writing: a seal waits for that
            # lock, so no event can appear below a sealed one.
            with cursor.copy(f"COPY journal_event ({_EVENT_COLUMNS}) FROM STDIN") as copy:
                for key, lead, case in zip(keys, leads, batch, strict=True):
                    for event in case.events:
                        row = (event.kind, "case", key, lead, event.at.isoformat(), json_text(event.data))
                        copy.write_row(row)

    def _case_row(self, key: int, lead: int, case: ShapedCase) -> tuple[Any, ...]:
        supporting = [pk for name in case.supporting if (pk := self._units[name].pk) != lead]
        return (
            key,
            case.number,
            new_secret(),
            self._version.pk,
            self._type.type,
            self._type.root,
            case.category,
            case.channel,
            "",  # free text would be searched by its every three letters, and a log has none
            json_text({"log": {"attributes": case.attributes, "digest": case.digest}}),
            "{}",
            lead,
            supporting,
            [],
            [lead, *supporting],
            case.stage,
            self._type.stages[case.stage].kind,
            1,
            json_text(case.clocks),
            case.due_at,
            case.due_at,
            0,
            case.opened_at,
            case.answered_at,
            case.closed_at,
            0,
            case.outcome,
            "",
            case.origin,
        )

    def write_head(self, reader: LogReader) -> None:
        """Record once what the log says outside its cases, and again only when there is something new."""
        with transaction.atomic():
            top = self._ensure_units([])
            head = reader.head.stored()
            before = latest_import(top)
            if before is not None and before.data["head"] == json.loads(json_text(head)) and not self._report.added:
                return
            report = self._report
            data = {
                "log": report.log,
                "type": report.type,
                "source": self._mapping.source,
                "cases": report.added,
                "events": report.added_events,
                "refused": report.refused_count,
                "head": head,
            }
            record([Happening(IMPORTED, SUBJECT, top.pk, timezone.now(), unit=top.pk, data=data)])


def latest_import(top: Unit) -> Event | None:
    """The last import of the log whose unit is *top*."""
    return Event.objects.filter(subject_kind=SUBJECT, subject_id=top.pk, kind=IMPORTED).order_by("-pk").first()
