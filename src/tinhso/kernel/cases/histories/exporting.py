"""Writing cases as an event log: XES as IEEE 1849-2016 and 2023 have it, as a stream.

What came in from a log goes out as the log had it: attributes, types, order, the text of every time. What happened
here goes out by action, office and time; whoever acted is a keyed digest, and no words of people go out.
"""

import gzip
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

from django.db.models import Q
from lxml import etree  # type: ignore[import-untyped]

from tinhso.kernel.cases.histories.importing import IMPORTED, SUBJECT
from tinhso.kernel.cases.histories.log import DATE, PSEUDONYM_LENGTH, STRING, Attribute
from tinhso.kernel.cases.models import Case, TypeVersion
from tinhso.kernel.cases.queries import UnknownTypeError
from tinhso.kernel.journal.actions import digest
from tinhso.kernel.journal.models import Event
from tinhso.kernel.units.models import Unit

XES_VERSION = "1849.2016"
"""As a decimal number, which the schema of IEEE 1849 asks for."""
BATCH_CASES = 2_000
COMPRESSION = 6
"""Of gzip: the last steps up to 9 cost twice the time for a few per cent."""

_STANDARD_EXTENSIONS = [
    ["Concept", "concept", "http://www.xes-standard.org/concept.xesext"],
    ["Time", "time", "http://www.xes-standard.org/time.xesext"],
    ["Lifecycle", "lifecycle", "http://www.xes-standard.org/lifecycle.xesext"],
    ["Organizational", "org", "http://www.xes-standard.org/org.xesext"],
]
_STANDARD_CLASSIFIERS = [["Activity", "event", "concept:name"]]

Progress = Callable[[int, int], None]
"""Told how many cases and events are written."""


def export_log(name: str, path: Path, *, log: str | None = None, progress: Progress | None = None) -> tuple[int, int]:
    """Write the cases of a type, or of all types with that root, to *path* (gzip where it ends in .gz), in the order
    in which they were opened here; *log* takes only those that came from this log. Returns cases and events written.

    The file is there whole or not at all. Raises UnknownTypeError, OSError.
    """
    if not TypeVersion.objects.filter(Q(type=name) | Q(root=name)).exists():
        raise UnknownTypeError(name)
    found = Case.objects.filter(Q(type=name) | Q(root=name))
    if log is not None:
        found = found.filter(imported_from__startswith=f"{log}:")
    head = _head(name, log, only_imported=not found.filter(imported_from=None).exists())
    cases = events = 0
    with _whole_file(path) as file, etree.xmlfile(file, encoding="utf-8") as xml:
        xml.write_declaration()
        with xml.element("log", {"xes.version": XES_VERSION, "xes.features": "nested-attributes"}):
            _write_head(xml, head)
            for traces, count in _traces(found):
                for trace in traces:
                    xml.write(trace, pretty_print=True)
                cases, events = cases + len(traces), events + count
                if progress:
                    progress(cases, events)
    return cases, events


@contextmanager
def _whole_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that takes its name when everything is written."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("wb") as raw:
            if path.suffix == ".gz":
                with gzip.GzipFile("", "wb", COMPRESSION, raw, mtime=0) as zipped:
                    yield zipped  # type: ignore[misc]
            else:
                yield raw
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _head(name: str, log: str | None, *, only_imported: bool) -> dict[str, Any]:
    """What stands before the traces: a log's own head where all cases are of one log, else the standard's."""
    imports = Event.objects.filter(subject_kind=SUBJECT, kind=IMPORTED).order_by("pk").iterator()
    heads = {it.data["log"]: it.data["head"] for it in imports if _is_from(it, name, log)}
    extensions: dict[str, list[str]] = {it[1]: it for it in _STANDARD_EXTENSIONS}
    if only_imported and len(heads) == 1:
        [(log, head)] = heads.items()
        if head["extensions"]:
            return dict(head)
    for head in heads.values():
        extensions |= {it[1]: it for it in head["extensions"]}
    return {
        "extensions": list(extensions.values()),
        "globals": [],
        "classifiers": _STANDARD_CLASSIFIERS,
        "attributes": [[STRING, "concept:name", log or name]],
    }


def _is_from(imported: Event, name: str, log: str | None) -> bool:
    roots = set(TypeVersion.objects.filter(type=imported.data["type"]).values_list("root", flat=True))
    return name in {imported.data["type"], *roots} and log in {None, imported.data["log"]}


def _write_head(xml: Any, head: dict[str, Any]) -> None:
    for name, prefix, uri in head["extensions"]:
        xml.write(etree.Element("extension", name=name, prefix=prefix, uri=uri), pretty_print=True)
    for scope, attributes in head["globals"]:
        element = etree.Element("global", {"scope": scope} if scope else {})
        _add(element, attributes)
        xml.write(element, pretty_print=True)
    for name, scope, keys in head["classifiers"]:
        scoped = {"scope": scope} if scope else {}
        xml.write(etree.Element("classifier", {"name": name, **scoped, "keys": keys}), pretty_print=True)
    for attribute in head["attributes"]:
        holder = etree.Element("log")
        _add(holder, [attribute])
        xml.write(holder[0], pretty_print=True)


def _traces(found: Any) -> Iterator[tuple[list[Any], int]]:
    """(traces, number of events) batch by batch; two statements each, and one for units not met before."""
    last = 0
    codes: dict[int, str] = {}
    columns = found.order_by("pk").only(
        "number", "type", "category", "channel", "fields", "lead_id", "opened_at", "first_due_at", "due_at",
        "closed_at", "outcome", "solved", "satisfaction", "imported_from",
    )  # fmt: skip
    while batch := list(columns.filter(pk__gt=last)[:BATCH_CASES]):
        last = batch[-1].pk
        events: dict[int, list[Event]] = {case.pk: [] for case in batch}
        happened = Event.objects.filter(subject_kind="case", subject_id__in=list(events)).order_by("subject_id", "pk")
        for event in happened.only("kind", "subject_id", "unit_id", "actor_id", "occurred_at", "data"):
            if not event.data.get("derived"):
                events[event.subject_id].append(event)
        units = {
            event.unit_id for told in events.values() for event in told if "log" not in event.data and event.unit_id
        }
        missing = (units | {case.lead_id for case in batch if case.imported_from is None}) - codes.keys()
        if missing:
            codes.update(Unit.objects.filter(pk__in=missing).values_list("pk", "code"))
        traces = [_trace(case, events[case.pk], codes) for case in batch]
        yield traces, sum(len(told) for told in events.values())


def _trace(case: Case, events: Iterable[Event], codes: dict[int, str]) -> Any:
    trace = etree.Element("trace")
    logged = case.fields.get("log") if case.imported_from is not None else None
    _add(trace, logged["attributes"] if logged else _of_case(case, codes))
    for event in events:
        element = etree.SubElement(trace, "event")
        _add(element, event.data["log"] if "log" in event.data else _of_event(event, codes))
    return trace


def _add(parent: Any, attributes: Iterable[Attribute]) -> None:
    for kind, key, text, *inside in attributes:
        element = etree.SubElement(parent, kind)
        if key is not None:
            element.set("key", key)
        if text is not None:
            element.set("value", text)
        if inside:
            _add(element, inside[0])


def _of_case(case: Case, codes: dict[int, str]) -> list[Attribute]:
    """What goes out of a case that was opened here: nothing that people wrote."""
    said: list[tuple[str, str, Any]] = [
        (STRING, "concept:name", case.number),
        (STRING, "type", case.type),
        (STRING, "category", case.category),
        (STRING, "channel", case.channel),
        (STRING, "lead", codes.get(case.lead_id)),
        (DATE, "opened", _text(case.opened_at)),
        (DATE, "first-due", _text(case.first_due_at)),
        (DATE, "due", _text(case.due_at)),
        (DATE, "closed", _text(case.closed_at)),
        (STRING, "outcome", case.outcome),
        (STRING, "solved", case.solved),
        ("int", "satisfaction", None if case.satisfaction is None else str(case.satisfaction)),
    ]
    return [it for it in said if it[2]]


def _of_event(event: Event, codes: dict[int, str]) -> list[Attribute]:
    said: list[tuple[str, str, Any]] = [
        (STRING, "concept:name", event.data.get("action") or event.kind.removeprefix("case.")),
        (STRING, "lifecycle:transition", "complete"),
        (DATE, "time:timestamp", _text(event.occurred_at)),
        (STRING, "org:group", codes.get(event.unit_id or 0)),
        (STRING, "org:resource", digest(f"person {event.actor_id}")[:PSEUDONYM_LENGTH] if event.actor_id else None),
        (STRING, "from", event.data.get("from")),
        (STRING, "to", event.data.get("to")),
        (DATE, "due", event.data.get("due")),
    ]
    return [it for it in said if it[2]]


def _text(instant: datetime | None) -> str | None:
    return instant.astimezone(UTC).isoformat() if instant else None
