from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.kernel.cases.histories.conftest import TWO_CASES, small_log
from tinhso.kernel.cases.histories import importing
from tinhso.kernel.cases.histories.importing import import_log
from tinhso.kernel.cases.histories.mapping import LogMapping
from tinhso.kernel.cases.models import Case
from tinhso.kernel.journal.models import Event
from tinhso.kernel.units.models import Kind, Unit

pytestmark = pytest.mark.django_db
Write = Callable[[str, str | bytes], Path]
THIRD = """<trace><string key="concept:name" value="C"/><event>
<string key="concept:name" value="Register"/><date key="time:timestamp" value="2021-01-01T00:00:00Z"/></event></trace>
"""
BAD = '<trace><string key="concept:name" value="D"/><event><string key="concept:name" value="x"/></event></trace>'


@pytest.fixture
def log(write: Write) -> Path:
    return write("small.xes", small_log())


def counts() -> tuple[int, int, int]:
    return Case.objects.count(), Event.objects.count(), Unit.objects.filter(kind=Kind.LOG).count()


def test_a_trace_becomes_a_case_with_its_events_in_the_logs_order(
    catalogue: None, log: Path, mapping: LogMapping
) -> None:
    report = import_log(log, mapping)
    assert (report.cases, report.events, report.added, report.added_events) == (2, 4, 2, 4)
    assert report.complete
    assert report.backwards == 1
    case = Case.objects.get(imported_from="small:A")
    assert (case.number, case.type, case.channel, case.stage) == ("small-A", "history", "log", "handling")
    assert case.opened_at == datetime(2020, 1, 6, 8, tzinfo=UTC)
    assert (case.lead.code, case.units) == ("LOG-SMALL", [case.lead_id])
    events = Event.objects.filter(subject_kind="case", subject_id=case.pk).order_by("pk")
    assert [it.kind for it in events] == ["case.opened", "case.acted", "case.acted"]
    assert [it.data["activity"] for it in events] == ["Register", 'Decide <b> "\\n\\" ấ', "Send"]
    assert [it.occurred_at for it in events][1:] == [
        datetime(2020, 1, 6, 8, tzinfo=UTC),
        datetime(2020, 1, 5, 23, 30, tzinfo=UTC),
    ]
    assert {it.unit_id for it in events} == {case.lead_id}
    assert events[0].data["resource"] == "R1"


def test_the_log_itself_is_recorded_once(catalogue: None, log: Path, mapping: LogMapping) -> None:
    import_log(log, mapping)
    [imported] = Event.objects.filter(kind="log.imported")
    assert imported.subject_id == Unit.objects.get(code="LOG-SMALL").pk
    assert (imported.data["cases"], imported.data["events"]) == (2, 4)
    assert imported.data["head"]["extensions"] == [
        ["Concept", "concept", "http://www.xes-standard.org/concept.xesext"]
    ]


def test_importing_a_file_again_changes_nothing(catalogue: None, log: Path, mapping: LogMapping) -> None:
    import_log(log, mapping)
    before = counts()
    again = import_log(log, mapping)
    assert (again.added, again.unchanged, again.complete) == (0, 2, True)
    assert counts() == before


def test_a_log_that_grew_adds_only_what_is_new(catalogue: None, log: Path, mapping: LogMapping, write: Write) -> None:
    import_log(log, mapping)
    grown = import_log(write("small.xes", small_log(TWO_CASES + THIRD)), mapping)
    assert (grown.added, grown.unchanged, grown.complete) == (1, 2, True)
    assert Case.objects.filter(imported_from="small:C").exists()


def test_a_case_that_differs_is_reported_and_left_as_it_is(
    catalogue: None, log: Path, mapping: LogMapping, write: Write
) -> None:
    import_log(log, mapping)
    before = counts()
    other = import_log(write("small.xes", small_log(TWO_CASES.replace('"R1"', '"R2"'))), mapping)
    assert (other.added, other.unchanged, other.refused_count, other.complete) == (0, 1, 1, False)
    assert other.refused[0].case == "A"
    assert "differs from what was imported before" in other.refused[0].reason
    assert counts() == before


def test_refused_cases_are_named_by_line_and_the_rest_comes_in(
    catalogue: None, mapping: LogMapping, write: Write
) -> None:
    path = write("small.xes.gz", small_log(f"{BAD}\n{TWO_CASES}{BAD}\n{THIRD}{THIRD}"))
    report = import_log(path, mapping)
    assert (report.cases, report.added, report.refused_count) == (6, 3, 3)
    last = small_log().count("\n") + 2
    assert [(it.line, it.case, it.reason) for it in report.refused] == [
        (7, "D", "the event has no time (time:timestamp)"),
        (last, "D", "the event has no time (time:timestamp)"),
        (last + 3, "C", "a case of this name stands earlier in the file"),
    ]


def test_a_dry_run_says_the_same_and_writes_nothing(catalogue: None, mapping: LogMapping, write: Write) -> None:
    path = write("small.xes", small_log(BAD + TWO_CASES))
    before = counts()
    dry = import_log(path, mapping, dry_run=True)
    assert counts() == before
    wet = import_log(path, mapping)
    assert (
        (dry.added, dry.added_events, dry.refused)
        == (wet.added, wet.added_events, wet.refused)
        == (2, 4, wet.refused)
    )


def test_what_stands_before_a_break_comes_in_and_the_whole_file_adds_the_rest(
    catalogue: None, mapping: LogMapping, write: Write
) -> None:
    whole = small_log(TWO_CASES + THIRD)
    cut = import_log(write("small.xes", whole[: whole.index('value="C"')]), mapping)
    assert (cut.added, cut.complete) == (2, False)
    assert "not XML" in cut.broken
    assert not Event.objects.filter(kind="log.imported").exists()
    rest = import_log(write("small.xes", whole), mapping)
    assert (rest.added, rest.unchanged, rest.complete) == (1, 2, True)
    assert Event.objects.filter(kind="log.imported").count() == 1


def test_an_interrupted_import_takes_up_where_it_stopped(
    catalogue: None, log: Path, mapping: LogMapping, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing, "BATCH_CASES", 1)

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_log(log, mapping, progress=stop)
    assert Case.objects.filter(imported_from__startswith="small:").count() == 1
    report = import_log(log, mapping)
    assert (report.added, report.unchanged) == (1, 1)
    assert Event.objects.filter(subject_kind="case").count() == 4


def test_a_number_that_another_case_has_is_refused(
    catalogue: None, log: Path, mapping: LogMapping, write: Write
) -> None:
    import_log(log, mapping)
    same = mapping.model_copy(update={"log": "other", "number": "small-{id}"})
    report = import_log(write("other.xes", small_log(TWO_CASES + THIRD)), same)
    assert (report.added, report.refused_count) == (1, 2)
    assert report.refused[0].reason == "another case has the number small-A"


def test_groups_of_the_log_become_units_under_its_own(catalogue: None, mapping: LogMapping, write: Write) -> None:
    def trace(name: str, group: str) -> str:
        return (
            f'<trace><string key="concept:name" value="{name}"/><string key="group" value="{group}"/><event>'
            '<string key="concept:name" value="x"/>'
            '<date key="time:timestamp" value="2020-01-01T00:00:00Z"/></event></trace>'
        )

    groups = ["General", "general", "Phòng Đất đai", "Phong Dat dai", "!", "W" * 60]
    path = write("small.xes", small_log("".join(trace(str(i), group) for i, group in enumerate(groups))))
    report = import_log(path, mapping.model_copy(update={"lead": "case:group"}))
    assert report.complete
    top = Unit.objects.get(code="LOG-SMALL")
    units = {it.name: it for it in Unit.objects.filter(parent=top)}
    assert set(units) == set(groups)
    assert units["General"].code == "LOG-SMALL.General"
    assert {it.kind for it in units.values()} == {Kind.LOG}
    assert all(it.path == [top.pk, it.pk] and it.lineage == [it.pk] for it in units.values())
    assert set(Case.objects.values_list("lead__name", flat=True)) == set(groups)
