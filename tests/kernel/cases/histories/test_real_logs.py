"""The two real logs, in and out, against counts that are made from the files by other means."""

import csv
import gzip
import os
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from lxml import etree  # type: ignore[import-untyped]

from tests.kernel.cases.histories.conftest import REAL_FINES, REAL_PERMITS, read_xes, read_xes_head
from tinhso.kernel.cases.histories.exporting import export_log
from tinhso.kernel.cases.histories.importing import Report, import_log
from tinhso.kernel.cases.histories.mapping import mapping_for, read_mapping
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.queries import published_types
from tinhso.kernel.journal.followers import catch_up
from tinhso.kernel.journal.models import Event
from tinhso.kernel.measures.definitions import By
from tinhso.kernel.measures.followers import follower
from tinhso.kernel.measures.queries import Selection, rows
from tinhso.kernel.measures.recounting import differences
from tinhso.kernel.units.queries import unit

pytestmark = pytest.mark.django_db
needs_permits = pytest.mark.skipif(
    not REAL_PERMITS.exists(), reason=f"../shared/data/{REAL_PERMITS.name} is not there"
)
needs_fines = pytest.mark.skipif(not REAL_FINES.exists(), reason=f"../shared/data/{REAL_FINES.name} is not there")
FIRST_FINES = 15_000
Rows = dict[str, list[dict[str, str]]]


def bring_in(path: Path) -> Report:
    mapping = read_mapping(mapping_for(path, Path(settings.TINHSO_CATALOG)), published_types())
    return import_log(path, mapping)


def stored() -> tuple[int, int]:
    return Case.objects.count(), Event.objects.count()


@pytest.fixture(scope="module")
def permits() -> Rows:
    """The rows of the permits by case, in the file's order."""
    found: Rows = defaultdict(list)
    with gzip.open(REAL_PERMITS, "rt", encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["case:concept:name"]].append(row)
    return found


@needs_permits
def test_permits_come_in_once_and_go_out_with_the_same_cases_activities_order_and_times(
    catalogue: None, permits: Rows, tmp_path: Path
) -> None:
    report = bring_in(REAL_PERMITS)
    assert (report.cases, report.events, report.complete) == (1434, 8577, True)
    before = stored()
    again = bring_in(REAL_PERMITS)
    assert (again.added, again.unchanged, again.complete) == (0, 1434, True)
    assert stored() == before
    out = tmp_path / "permits.xes.gz"
    assert export_log("permit", out) == (1434, 8577)
    found = read_xes(out)
    assert [cells(own)["concept:name"] for own, _ in found] == list(permits)
    for (own, events), wanted in zip(found, permits.values(), strict=True):
        assert cells(own, "case:") == filled(wanted[0], case=True)
        assert [cells(event) for event in events] == [filled(row, case=False) for row in wanted]


def cells(attributes: list[Any], prefix: str = "") -> dict[str, object]:
    """Attributes as cells of the table; dates as instants."""
    return {
        f"{prefix}{key}": datetime.fromisoformat(text) if kind == "date" else text
        for kind, key, text, _ in attributes
    }


def filled(row: dict[str, str], *, case: bool) -> dict[str, object]:
    dates = ("time:timestamp", "case:startdate", "case:enddate", "case:enddate_planned", "case:deadline")
    return {
        name: datetime.fromisoformat(text) if name in dates else text
        for name, text in row.items()
        if text and name.startswith("case:") == case
    }


@needs_permits
def test_measures_of_the_permits_are_a_plain_recount_of_the_file(catalogue: None, permits: Rows) -> None:
    bring_in(REAL_PERMITS)
    settle()
    opened, closed, on_time = Counter[str](), Counter[str](), Counter[str]()
    electronic, by_year = Counter[str](), Counter[str]()
    for first, *_ in permits.values():
        department = first["case:department"]
        opened[department] += 1
        electronic[department] += first["case:channel"] in {"Internet", "e-mail"}
        if first["case:enddate"]:
            end = datetime.fromisoformat(first["case:enddate"])
            closed[department] += 1
            on_time[department] += end <= datetime.fromisoformat(first["case:deadline"])
            by_year[str(end.year)] += 1
    assert sum(closed.values()) == 1329
    top = unit("LOG-PERMIT")

    def by_department(name: str) -> dict[str, tuple[int, int]]:
        found = rows(name, Selection(unit=top, type="permit"), By.UNIT)
        return {row.label: (row.numerator, row.denominator) for row in found}

    assert by_department("closed") == {name: (closed[name], opened[name]) for name in opened}
    assert by_department("on_time") == {name: (on_time[name], closed[name]) for name in opened}
    assert by_department("electronic") == {name: (electronic[name], opened[name]) for name in opened}
    years = {row.key: row.denominator for row in rows("on_time", Selection(unit=top), By.YEAR)}
    assert years == dict(by_year)
    assert list(differences()) == []


def settle() -> None:
    """Let the follower see what this test's own transaction wrote, which lies above its horizon."""
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE journal_event DISABLE TRIGGER journal_event_kept")
        cursor.execute("UPDATE journal_event SET transaction = '3'")
        cursor.execute("ALTER TABLE journal_event ENABLE TRIGGER journal_event_kept")
    catch_up(follower)


@pytest.fixture
def fines(tmp_path: Path) -> Path:
    """The first fines of the log, or with WHOLE_LOGS=1 all 150,370, which takes minutes."""
    if os.environ.get("WHOLE_LOGS") == "1":
        return REAL_FINES
    short = tmp_path / REAL_FINES.name
    left = FIRST_FINES
    with gzip.open(REAL_FINES, "rt", encoding="utf-8") as whole, gzip.open(short, "wt", encoding="utf-8") as file:
        for line in whole:
            file.write(line)
            left -= "</trace>" in line
            if not left:
                break
        file.write("</log>\n")
    return short


@needs_fines
@pytest.mark.slow
def test_fines_come_in_once_and_go_out_as_they_came(catalogue: None, tmp_path: Path, fines: Path) -> None:
    lengths = [len(events) for events in plain_fines(fines)]
    cases, events = len(lengths), sum(lengths)
    assert cases == FIRST_FINES or (cases, events) == (150_370, 561_470)
    report = bring_in(fines)
    assert (report.cases, report.events, report.complete) == (cases, events, True)
    before = stored()
    again = bring_in(fines)
    assert (again.added, again.unchanged, again.complete) == (0, cases, True)
    assert stored() == before
    outcomes = Counter(outcome for outcome in map(settled, plain_fines(fines)) if outcome)
    found = Counter(Case.objects.filter(closed_at__isnull=False).values_list("outcome", flat=True))
    assert found == outcomes
    out = tmp_path / "out.xes.gz"
    assert export_log("fine", out) == (cases, events)
    for was, now in zip(traces(fines), traces(out), strict=True):
        assert was == now
    assert read_xes_head(out) == read_xes_head(fines)


def traces(path: Path) -> Iterator[bytes]:
    """Every trace of an XES file in canonical XML, without the white space between elements."""
    with gzip.open(path) as file:
        for _, trace in etree.iterparse(file, tag="trace", remove_blank_text=True):
            trace.tail = None
            yield etree.tostring(trace, method="c14n")
            trace.clear()
            while trace.getprevious() is not None:
                del trace.getparent()[0]


def plain_fines(path: Path) -> Iterator[list[dict[str, str]]]:
    with gzip.open(path) as file:
        for _, trace in etree.iterparse(file, tag="trace"):
            yield [{it.get("key"): it.get("value") for it in event} for event in trace.iterchildren("event")]
            trace.clear()
            while trace.getprevious() is not None:
                del trace.getparent()[0]


def settled(events: list[dict[str, str]]) -> str:
    """How a fine ended, by the rule that the mapping states in words."""
    amount = expense = paid = Decimal(0)
    dismissal, collected = "NIL", False
    for event in events:
        amount = Decimal(event.get("amount", amount))
        expense = Decimal(event.get("expense", expense))
        paid = Decimal(event.get("totalPaymentAmount", paid))
        dismissal = event.get("dismissal", dismissal)
        collected = collected or event["concept:name"] == "Send for Credit Collection"
    if dismissal != "NIL":
        return "dismissed"
    if paid > 0 and paid + Decimal("0.005") >= amount + expense:
        return "paid"
    return "collection" if collected else ""
