"""Reading event logs as streams: XES (IEEE 1849-2016 and 2023, and the versions before) and CSV, plain or gzip.

Memory holds the traces under way, never the file. Nothing outside the file is read: no DTD, no entity, no network.
"""

import csv
import gzip
import io
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from lxml import etree  # type: ignore[import-untyped]

from tinhso.kernel.cases.histories.log import (
    DATE,
    GROUP_TYPES,
    SIMPLE_TYPES,
    STRING,
    Attribute,
    Head,
    LoggedEvent,
    RefusedTraceError,
    Trace,
    UnreadableLogError,
    parse_instant,
)
from tinhso.kernel.cases.histories.mapping import TRACE, KeysEntry, LogMapping

MOST_EVENTS = 100_000
"""Events of one trace: more are no case but a fault of the file, and would fill the memory."""
_GZIP_MAGIC = b"\x1f\x8b"
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Signs that XML 1.0 cannot hold, among them half a surrogate pair: a byte that is not of the encoding."""


class LogReader:
    """The traces of a log file, one by one; `head` is complete after the last. `keys` says where a trace has its name
    and an event its activity and time."""

    keys: KeysEntry

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = path.stat().st_size
        self.head = Head()
        self._raw: IO[bytes] | None = None

    @property
    def position(self) -> int:
        """Bytes of the file read so far."""
        if self._raw is None:
            return 0
        return self.size if self._raw.closed else self._raw.tell()

    def __iter__(self) -> Iterator[Trace]:
        """Raises UnreadableLogError where the file cannot be read on; what came before it is sound."""
        raise NotImplementedError

    @contextmanager
    def _opened(self) -> Iterator[IO[bytes]]:
        with self.path.open("rb") as raw:
            self._raw = raw
            zipped = raw.read(len(_GZIP_MAGIC)) == _GZIP_MAGIC
            raw.seek(0)
            if not zipped:
                yield raw
                return
            with gzip.open(raw) as unzipped:
                yield unzipped  # type: ignore[misc]


def open_log(path: Path, mapping: LogMapping) -> LogReader:
    """The reader for a file: by its name, or by its first sign where the name says nothing."""
    name = path.name.lower().removesuffix(".gz")
    if name.endswith((".xes", ".xml")):
        return XesReader(path, mapping)
    if name.endswith((".csv", ".txt")):
        return CsvReader(path, mapping)
    reader = XesReader(path, mapping)
    return reader if reader.looks_right() else CsvReader(path, mapping)


class XesReader(LogReader):
    """Reads XES."""

    def __init__(self, path: Path, mapping: LogMapping) -> None:
        super().__init__(path)
        self.keys = mapping.keys
        self._kinds: dict[Any, str] = {}
        self._line = 1

    def looks_right(self) -> bool:
        """Whether the file begins as XML does."""
        try:
            with self._opened() as file:
                return file.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
        except (OSError, EOFError, zlib.error):
            return False

    def __iter__(self) -> Iterator[Trace]:
        with self._opened() as file:
            parser = etree.iterparse(
                file,
                tag=("{*}log", "{*}trace", "{*}event"),
                resolve_entities=False,
                load_dtd=False,
                no_network=True,
                huge_tree=False,
                remove_comments=True,
                remove_pis=True,
            )
            try:
                yield from self._traces(parser)
            except etree.XMLSyntaxError as error:
                raise UnreadableLogError(error.lineno or 1, f"not XML: {_first_line(error.msg)}") from error
            except (EOFError, OSError, zlib.error) as error:
                raise UnreadableLogError(self._line, f"the file is cut short or damaged: {error}") from error

    def _traces(self, parser: Any) -> Iterator[Trace]:
        events: list[LoggedEvent] = []
        fault: RefusedTraceError | None = None
        begun = False
        for _, element in parser:
            if not begun:
                self._begin(element.getroottree())
                begun = True
            kind, self._line = self._kind(element), element.sourceline or self._line
            if kind == "event":
                if self._kind(element.getparent()) != "trace":
                    continue  # events outside a trace are refused with the rest of the log
                try:
                    events.append(LoggedEvent(self._attributes(element), self._line))
                except RefusedTraceError as error:
                    fault = fault or error
                if len(events) > MOST_EVENTS:
                    raise UnreadableLogError(self._line, f"a trace of more than {MOST_EVENTS} events")
                element.clear()
            elif kind == "trace":
                yield self._trace(element, events, fault)
                events, fault = [], None
                yield from self._read_head(element.getparent(), element)
            else:
                yield from self._read_head(element, None)
        if not begun:
            raise UnreadableLogError(1, "this XML is no log: its outermost element is not <log>")

    def _begin(self, tree: Any) -> None:
        root = tree.getroot()
        if tree.docinfo.doctype or self._kind(root) != "log":
            raise UnreadableLogError(root.sourceline, "a log is a <log> without a document type")
        self.head.features = {str(name): str(text) for name, text in root.attrib.items()}

    def _trace(self, element: Any, events: list[LoggedEvent], fault: RefusedTraceError | None) -> Trace:
        line = element.sourceline
        own: list[Attribute] = []
        try:
            own = self._attributes(element)
        except RefusedTraceError as error:
            fault = fault or error
        return Trace(own, events, line, fault)

    def _read_head(self, root: Any, last: Any) -> Iterator[Trace]:
        """Take in what stands outside traces, and let go of all up to *last*: more may be read already."""
        done = 0
        for element in root:
            done += 1
            kind = self._kind(element)
            try:
                if kind == "event":
                    raise RefusedTraceError(element.sourceline, "an event outside a trace belongs to no case")
                if kind != "trace":
                    self._take(kind, element)
            except RefusedTraceError as error:
                yield Trace([], [], error.line, error)
            if element is last:
                break
        del root[:done]

    def _take(self, kind: str, element: Any) -> None:
        def text(name: str) -> str:
            return str(element.get(name, ""))

        if kind == "extension":
            self.head.extensions.append([text("name"), text("prefix"), text("uri")])
        elif kind == "classifier":
            self.head.classifiers.append([text("name"), text("scope"), text("keys")])
        elif kind == "global":
            self.head.globals.append((text("scope"), self._attributes(element)))
        else:
            self.head.attributes.append(self._attribute(element, kind))

    def _kind(self, element: Any) -> str:
        tag = element.tag
        kind = self._kinds.get(tag)
        if kind is None:
            kind = self._kinds[tag] = etree.QName(tag).localname if isinstance(tag, str) else "entity"
        return kind

    def _attributes(self, parent: Any) -> list[Attribute]:
        kinds, found = self._kinds, []
        for element in parent:
            kind = kinds.get(element.tag) or self._kind(element)
            if kind != "event":
                found.append(self._attribute(element, kind))
        return found

    def _attribute(self, element: Any, kind: str) -> Attribute:
        """Raises RefusedTraceError for what is no attribute, or has a value that is not of its type."""
        key, text = element.get("key"), element.get("value")
        if kind in SIMPLE_TYPES:
            if key is None or text is None:
                raise RefusedTraceError(element.sourceline, f"<{kind}> needs a key and a value")
            if kind != STRING and not _is_of(kind, text):
                raise RefusedTraceError(element.sourceline, f"{key}: {text[:60]!r} is no {kind}")
        elif kind not in GROUP_TYPES:
            raise RefusedTraceError(element.sourceline, f"<{kind}> is no attribute of a log")
        return (kind, key, text, self._attributes(element)) if len(element) else (kind, key, text)


class CsvReader(LogReader):
    """Reads CSV, one event a row. Rows of a case need not stand together: a first pass counts them.

    Columns that the mapping names as case, activity, time, resource and lifecycle take their standard keys.
    """

    def __init__(self, path: Path, mapping: LogMapping) -> None:
        super().__init__(path)
        self.keys = KeysEntry()
        standard = KeysEntry().model_dump()
        self._renamed = {name: standard[role] for role, name in mapping.keys.model_dump().items()}
        self._mapping = mapping
        self._types: dict[str, str] = {**mapping.columns, mapping.keys.time: DATE}

    def __iter__(self) -> Iterator[Trace]:
        left = self._count()
        rows = self._rows()
        _, header = next(rows)
        case = header.index(self._mapping.keys.case)
        columns = [(self._renamed.get(name, name), self._types.get(name, STRING)) for name in header]
        own = [i for i, (name, _) in enumerate(columns) if name.startswith(TRACE)]
        other = [i for i in range(len(columns)) if i not in set(own)]
        under_way: dict[str, tuple[Trace, list[str]]] = {}
        for line, row in rows:
            name = row[case] if case < len(row) else ""
            if not name:
                yield Trace([], [], line, RefusedTraceError(line, "the row names no case"))
                continue
            if name not in under_way:
                under_way[name] = Trace([], [], line), row
                self._add(under_way[name][0], line, row, columns, own, header=True)
            trace, first = under_way[name]
            if len(row) == len(columns) == len(first) and any(row[i] != first[i] for i in own):
                i = next(i for i in own if row[i] != first[i])
                trace.fault = trace.fault or RefusedTraceError(line, f"{header[i]} changes within the case")
            self._add(trace, line, row, columns, other)
            left[name] -= 1
            if not left[name]:
                yield under_way.pop(name)[0]

    def _add(
        self,
        trace: Trace,
        line: int,
        row: list[str],
        columns: list[tuple[str, str]],
        which: list[int],
        *,
        header: bool = False,
    ) -> None:
        """Take the cells *which* of a row into the trace: as an event, or as its own attributes (`header`)."""
        try:
            if len(row) != len(columns):
                raise RefusedTraceError(line, f"{len(row)} cells, {len(columns)} columns")
            attributes = [_cell(columns[i], row[i], line) for i in which if row[i] != ""]
        except RefusedTraceError as error:
            trace.fault = trace.fault or error
            return
        if header:
            trace.attributes = attributes
        elif len(trace.events) >= MOST_EVENTS:
            trace.fault = trace.fault or RefusedTraceError(line, f"more than {MOST_EVENTS} events")
        else:
            trace.events.append(LoggedEvent(attributes, line))

    def _count(self) -> Counter[str]:
        """How many rows each case has. Raises UnreadableLogError before anything was made of the file."""
        rows = self._rows()
        first = next(rows, None)
        if first is None:
            raise UnreadableLogError(1, "the file is empty")
        _, header = first
        self._check_header(header)
        case = header.index(self._mapping.keys.case)
        return Counter(row[case] for _, row in rows if case < len(row))

    def _check_header(self, header: list[str]) -> None:
        keys, known = self._mapping.keys, self._mapping.columns
        for name in (keys.case, keys.activity, keys.time):
            if name not in header:
                raise UnreadableLogError(1, f"there is no column {name}")
        for name in header:
            if (known and name not in known) or not name or _NOT_XML.search(name):
                raise UnreadableLogError(1, f"unknown column {name!r}: name it under 'columns' of the mapping")
            if header.count(name) > 1:
                raise UnreadableLogError(1, f"the column {name} stands twice")

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line, cells); bytes that are not of the encoding come as signs that `_NOT_XML` finds."""
        line = 0
        with self._opened() as file:
            text = io.TextIOWrapper(file, self._mapping.encoding, errors="surrogateescape", newline="")
            rows = csv.reader(text, delimiter=self._mapping.delimiter, strict=True)
            try:
                for row in rows:
                    if row:
                        yield line + 1, row
                    line = rows.line_num
            except (csv.Error, UnicodeError) as error:
                raise UnreadableLogError(rows.line_num, f"not CSV: {error}") from error
            except (EOFError, OSError, zlib.error) as error:
                raise UnreadableLogError(rows.line_num, f"the file is cut short or damaged: {error}") from error


def _cell(column: tuple[str, str], text: str, line: int) -> Attribute:
    name, kind = column
    if not text.isprintable() and _NOT_XML.search(text):
        raise RefusedTraceError(line, f"{name} holds bytes that are not of the file's encoding, or control signs")
    if kind == DATE:
        try:
            text = parse_instant(text).isoformat()
        except ValueError as error:
            raise RefusedTraceError(line, f"{name}: {text[:60]!r} is no date and time") from error
    elif not _is_of(kind, text):
        raise RefusedTraceError(line, f"{name}: {text[:60]!r} is no {kind}")
    return (kind, name.removeprefix(TRACE), text)


_READ: dict[str, Callable[[str], object]] = {"int": int, "float": float, DATE: parse_instant}
_BOOLEANS = frozenset({"true", "false", "1", "0"})


def _is_of(kind: str, text: str) -> bool:
    """Whether a value is of its type."""
    if kind == "boolean":
        return text in _BOOLEANS
    try:
        if read := _READ.get(kind):
            read(text)
    except (ValueError, OverflowError):
        return False
    return True


def _first_line(text: str | None) -> str:
    return (text or "").splitlines()[0] if text else "no reason given"
