"""Logs made for a test, and readers of logs that share nothing with the code under test."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree  # type: ignore[import-untyped]

from tinhso.kernel.cases.histories.mapping import LogMapping

DATA = Path(__file__).parents[4] / ".." / "shared" / "data"
Read = list[tuple[Any, list[Any]]]
"""(attributes of the trace, attributes of each event), trace by trace."""

REAL_PERMITS = DATA / "permit-receipt.csv.gz"
REAL_FINES = DATA / "road-traffic-fines.xes.gz"

XES_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<log xes.version="1.0" xes.features="nested-attributes" xmlns="http://www.xes-standard.org/">
  <extension name="Concept" prefix="concept" uri="http://www.xes-standard.org/concept.xesext"/>
  <global scope="event"><string key="concept:name" value="UNKNOWN"/></global>
  <classifier name="Activity" scope="event" keys="concept:name"/>
  <string key="concept:name" value="A small log"><int key="version" value="2"/></string>
"""
TWO_CASES = """  <trace>
    <string key="concept:name" value="A"/>
    <list key="parts"><values key="parts"><int key="part" value="1"/><int key="part" value="2"/></values></list>
    <event>
      <date key="time:timestamp" value="2020-01-06T09:00:00.000+01:00"/>
      <string key="concept:name" value="Register"/>
      <string key="org:resource" value="R1"/>
      <string key="lifecycle:transition" value="complete"/>
    </event>
    <event>
      <string key="concept:name" value="Decide &lt;b&gt; &quot;\\n\\&quot; ấ"/>
      <date key="time:timestamp" value="2020-01-06T09:00:00.000+01:00"/>
      <float key="cost" value="1.50"><string key="currency" value="EUR"/></float>
      <boolean key="final" value="true"/>
      <id key="ref" value="f81d4fae-7dec-11d0-a765-00a0c91e6bf6"/>
    </event>
    <event>
      <string key="concept:name" value="Send"/>
      <date key="time:timestamp" value="2020-01-05T23:30:00Z"/>
    </event>
  </trace>
  <trace>
    <string key="concept:name" value="B"/>
    <event>
      <string key="concept:name" value="Register"/>
      <date key="time:timestamp" value="2020-02-01T00:00:00-05:00"/>
    </event>
  </trace>
"""


@pytest.fixture
def mapping() -> LogMapping:
    """A mapping for a log with nothing but the standard keys."""
    return LogMapping.model_validate({"type": "history", "channel": {"default": "log"}, "step": "step"})


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str | bytes], Path]:
    """Write a file, gzip where its name ends so."""

    def written(name: str, content: str | bytes) -> Path:
        path = tmp_path / name
        content = content.encode() if isinstance(content, str) else content
        path.write_bytes(gzip.compress(content) if name.endswith(".gz") else content)
        return path

    return written


def small_log(traces: str = TWO_CASES) -> str:
    return f"{XES_HEAD}{traces}</log>"


def _attributes(element: Any) -> list[Any]:
    return [
        (etree.QName(it).localname, it.get("key"), it.get("value"), _attributes(it))
        for it in element.iterchildren(tag=etree.Element)
        if etree.QName(it).localname != "event"
    ]


def read_xes(path: Path) -> Read:
    """Every trace of an XES file, by lxml alone, with everything in it."""
    found = []
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for _, trace in etree.iterparse(file, tag="{*}trace"):
            events = [it for it in trace.iterchildren(tag=etree.Element) if etree.QName(it).localname == "event"]
            found.append((_attributes(trace), [_attributes(event) for event in events]))
            trace.clear()
            while trace.getprevious() is not None:
                del trace.getparent()[0]
    return found


def read_xes_head(path: Path) -> list[Any]:
    """What stands in the log outside its traces."""
    raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [
        (etree.QName(it).localname, dict(it.attrib), _attributes(it))
        for it in etree.fromstring(raw)
        if etree.QName(it).localname != "trace"
    ]
