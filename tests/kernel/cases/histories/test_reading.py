import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.kernel.cases.histories.conftest import TWO_CASES, XES_HEAD, small_log
from tinhso.kernel.cases.histories import reading
from tinhso.kernel.cases.histories.log import UnreadableLogError
from tinhso.kernel.cases.histories.mapping import LogMapping
from tinhso.kernel.cases.histories.reading import open_log

Write = Callable[[str, str | bytes], Path]
CSV = """case:concept:name,concept:name,time:timestamp,org:resource,case:place
A,Register,2020-01-06 09:00:00+01:00,R1,Đồng Nai
B,Register,2020-01-06 10:00:00+01:00,,
A,"Decide, finally",2020-01-06 09:00:00+01:00,R2,Đồng Nai
"""


@pytest.mark.parametrize("name", ["log.xes", "log.xes.gz", "log", "log.gz"])
def test_xes_is_read_whole_with_types_and_what_is_inside_attributes(
    write: Write, mapping: LogMapping, name: str
) -> None:
    reader = open_log(write(name, small_log()), mapping)
    first, second = reader
    assert [len(first.events), len(second.events)] == [3, 1]
    assert first.attributes[1] == (
        "list",
        "parts",
        None,
        [("values", "parts", None, [("int", "part", "1"), ("int", "part", "2")])],
    )
    assert first.events[1].attributes[2] == ("float", "cost", "1.50", [("string", "currency", "EUR")])
    assert reader.head.classifiers == [["Activity", "event", "concept:name"]]
    assert reader.head.globals == [("event", [("string", "concept:name", "UNKNOWN")])]
    assert reader.head.attributes == [("string", "concept:name", "A small log", [("int", "version", "2")])]


def test_what_a_log_says_after_its_traces_is_kept(write: Write, mapping: LogMapping) -> None:
    reader = open_log(write("log.xes", small_log(TWO_CASES + '<int key="total" value="2"/>')), mapping)
    assert len(list(reader)) == 2
    assert ("int", "total", "2") in reader.head.attributes


def test_rows_of_a_csv_case_need_not_stand_together(write: Write, mapping: LogMapping) -> None:
    b, a = open_log(write("log.csv", CSV), mapping)
    assert b.attributes == [("string", "concept:name", "B")]
    assert a.attributes == [("string", "concept:name", "A"), ("string", "place", "Đồng Nai")]
    assert [event.attributes[0] for event in a.events] == [
        ("string", "concept:name", "Register"),
        ("string", "concept:name", "Decide, finally"),
    ]
    assert [event.line for event in a.events] == [2, 4]
    assert a.events[0].attributes[1] == ("date", "time:timestamp", "2020-01-06T09:00:00+01:00")


def test_columns_of_other_names_take_the_standard_keys(write: Write, mapping: LogMapping) -> None:
    other = mapping.model_copy(
        update={
            "keys": mapping.keys.model_copy(update={"case": "Case ID", "activity": "Activity", "time": "Start"}),
            "delimiter": ";",
            "encoding": "cp1258",
        }
    )
    path = write("log.csv", "Case ID;Activity;Start\n7;Đóng;2020-01-06T09:00:00\n".encode("cp1258"))
    [trace] = open_log(path, other)
    assert trace.attributes == [("string", "concept:name", "7")]
    assert trace.events[0].attributes[0] == ("string", "concept:name", "Đóng".encode("cp1258").decode("cp1258"))
    assert trace.events[0].attributes[1][:2] == ("date", "time:timestamp")


def test_lines_are_right_far_into_a_file(write: Write, mapping: LogMapping) -> None:
    bad = '<trace>\n<string key="concept:name" value="Z"/>\n<event>\n<int key="n" value="x"/></event></trace>'
    filler = "\n" * 70_000
    *_, last = open_log(write("log.xes", f"{XES_HEAD}{TWO_CASES}{filler}{bad}</log>"), mapping)
    assert last.fault is not None
    wanted = (XES_HEAD + TWO_CASES).count("\n") + 70_000 + 4
    assert (last.fault.line, last.fault.reason) == (wanted, "n: 'x' is no int")


@pytest.mark.parametrize(
    ("inside", "reason"),
    [
        ('<event><string key="concept:name"/></event>', "<string> needs a key and a value"),
        ('<event><thing key="a" value="b"/></event>', "<thing> is no attribute of a log"),
        ('<event><date key="time:timestamp" value="yesterday"/></event>', "'yesterday' is no date"),
        ('<event><boolean key="b" value="yes"/></event>', "'yes' is no boolean"),
    ],
)
def test_a_faulty_attribute_refuses_its_trace_and_no_other(
    write: Write, mapping: LogMapping, inside: str, reason: str
) -> None:
    bad, *good = open_log(write("log.xes", small_log(f"<trace>{inside}</trace>{TWO_CASES}")), mapping)
    assert bad.fault is not None
    assert reason in bad.fault.reason
    assert [trace.fault for trace in good] == [None, None]


def test_an_event_outside_every_trace_is_refused(write: Write, mapping: LogMapping) -> None:
    stray = '<event><string key="concept:name" value="x"/></event>'
    traces = list(open_log(write("log.xes", small_log(TWO_CASES + stray)), mapping))
    assert [trace.fault is None for trace in traces] == [True, True, False]


BOMB = (
    '<?xml version="1.0"?><!DOCTYPE log [<!ENTITY a "ha">'
    + "".join(f'<!ENTITY {new} "{f"&{old};" * 10}">' for old, new in zip("abcdefghi", "bcdefghij", strict=True))
    + ']><log><trace><string key="concept:name" value="&j;"/></trace></log>'
)
OUTSIDE = (
    '<?xml version="1.0"?><!DOCTYPE log [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    "<log><trace><string key='concept:name' value='a'/>&x;<event/></trace></log>"
)


@pytest.mark.parametrize("content", [BOMB, OUTSIDE, BOMB.replace('"&j;"', '"a"')])
def test_a_document_type_is_refused_before_it_does_anything(write: Write, mapping: LogMapping, content: str) -> None:
    tracemalloc.start()
    with pytest.raises(UnreadableLogError):
        list(open_log(write("log.xes", content), mapping))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20_000_000


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("log.xes", b"not a log at all", "not XML"),
        ("log.xes", b"", "not XML"),
        ("log.xes", b"<html><body/></html>", "no log"),
        ("log.xes", b"<html><trace/></html>", "a log is a <log>"),
        ("log.xes", small_log()[:-300].encode(), "not XML"),
        ("log.xes.gz", gzip.compress(small_log().encode())[:-40], "cut short or damaged"),
        ("log.xes.gz", gzip.compress(small_log().encode()).replace(b"\x00", b"\x01"), "cut short or damaged"),
        ("log.csv", b"", "the file is empty"),
        ("log.csv", b"a,b\n1,2\n", "there is no column case:concept:name"),
        ("log.csv", b"case:concept:name,concept:name,time:timestamp,concept:name\n", "stands twice"),
        ("log.csv", b'case:concept:name,concept:name,time:timestamp\nA,"open', "not CSV"),
        ("log.csv.gz", gzip.compress(CSV.encode())[:-20], "cut short or damaged"),
    ],
)
def test_a_file_that_is_no_log_says_why(
    tmp_path: Path, mapping: LogMapping, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(UnreadableLogError) as refused:
        list(open_log(path, mapping))
    assert reason in refused.value.reason


def test_a_csv_that_is_cut_short_gives_no_case_at_all(tmp_path: Path, mapping: LogMapping) -> None:
    path = tmp_path / "log.csv.gz"
    path.write_bytes(gzip.compress((CSV + "C,Register,2020-01-07,,\n" * 10_000).encode())[:-20])
    with pytest.raises(UnreadableLogError):
        next(iter(open_log(path, mapping)))


def test_a_column_that_the_mapping_does_not_name_is_refused(write: Write, mapping: LogMapping) -> None:
    named = mapping.model_copy(
        update={
            "columns": {"case:concept:name": "string", "concept:name": "string", "time:timestamp": "date"},
        }
    )
    with pytest.raises(UnreadableLogError, match="unknown column 'org:resource'"):
        list(open_log(write("log.csv", CSV), named))


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (b"C,Register,2020-01-06,R1", "4 cells, 5 columns"),
        (b"C,Register,06/01/2020,R1,", "is no date and time"),
        (b"C,Register \xff,2020-01-06,R1,", "bytes that are not of the file's encoding"),
        (b"C,Register \x00,2020-01-06,R1,", "control signs"),
        (b",Register,2020-01-06,R1,", "names no case"),
        (b"A,Register,2020-01-06,R1,Elsewhere", "case:place changes within the case"),
    ],
)
def test_a_faulty_row_refuses_its_case_and_no_other(
    write: Write, mapping: LogMapping, row: bytes, reason: str
) -> None:
    traces = list(open_log(write("log.csv", CSV.encode() + row + b"\n"), mapping))
    faults = [trace.fault for trace in traces if trace.fault]
    assert [(fault.line, reason in fault.reason) for fault in faults] == [(5, True)]
    assert sum(not trace.fault for trace in traces) >= 1


def test_a_trace_without_end_does_not_fill_the_memory(
    write: Write, mapping: LogMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "MOST_EVENTS", 100)
    events = '<event><string key="concept:name" value="x"/></event>' * 101
    with pytest.raises(UnreadableLogError, match="more than 100 events"):
        list(open_log(write("log.xes", small_log(f"<trace>{events}</trace>")), mapping))
