from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree  # type: ignore[import-untyped]

from tests.kernel.cases.histories.conftest import TWO_CASES, read_xes, read_xes_head, small_log
from tests.province import MONDAY, Staff
from tinhso.kernel.cases import actions
from tinhso.kernel.cases.histories.exporting import export_log
from tinhso.kernel.cases.histories.importing import import_log
from tinhso.kernel.cases.histories.mapping import LogMapping
from tinhso.kernel.cases.models import Case
from tinhso.kernel.cases.queries import UnknownTypeError
from tinhso.kernel.cases.rules.parties import SYSTEM

pytestmark = pytest.mark.django_db
Write = Callable[[str, str | bytes], Path]


@pytest.mark.parametrize("name", ["out.xes", "out.xes.gz"])
def test_a_log_goes_out_as_it_came_in(
    catalogue: None, write: Write, mapping: LogMapping, tmp_path: Path, name: str
) -> None:
    path = write("small.xes", small_log())
    import_log(path, mapping)
    out = tmp_path / name
    assert export_log("history", out) == (2, 4)
    assert read_xes(out) == read_xes(path)
    assert read_xes_head(out) == read_xes_head(path)


def test_a_log_that_went_out_comes_in_as_the_same_cases(
    catalogue: None, write: Write, mapping: LogMapping, tmp_path: Path
) -> None:
    import_log(write("small.xes", small_log()), mapping)
    out = tmp_path / "small.xes.gz"
    export_log("history", out)
    again = import_log(out, mapping)
    assert (again.added, again.unchanged, again.complete) == (0, 2, True)


def test_one_log_of_several_can_go_out_alone(
    catalogue: None, write: Write, mapping: LogMapping, tmp_path: Path
) -> None:
    first, second = (write(name, small_log(TWO_CASES.replace("R1", name))) for name in ("one.xes", "two.xes"))
    import_log(first, mapping)
    import_log(second, mapping)
    out = tmp_path / "out.xes"
    assert export_log("history", out)[0] == 4
    assert ("global", {"scope": "event"}, []) not in [(kind, has, []) for kind, has, _ in read_xes_head(out)]
    assert export_log("history", out, log="two")[0] == 2
    assert read_xes(out) == read_xes(second)
    assert read_xes_head(out) == read_xes_head(second)


def test_cases_opened_here_go_out_by_action_office_and_time_without_a_word_of_people(
    report: Callable[..., Case],
    staff: Staff,
    tmp_path: Path,
) -> None:
    case = report(contact="0912345678")
    actions.act(case.pk, "accept", {}, actor=staff.officer, at=MONDAY + timedelta(hours=1))
    answer = {"outcome": "solved", "answer": "Đã vá xong mặt đường"}
    actions.act(case.pk, "close", answer, actor=staff.officer, at=MONDAY + timedelta(hours=2))
    out = tmp_path / "report.xes"
    assert export_log("report", out) == (1, 3)
    text = out.read_text()
    for secret in ("Ổ gà", "0912345678", "Đã vá", "officer", case.secret):
        assert secret not in text
    [(own, events)] = read_xes(out)
    assert ("string", "concept:name", case.number, []) in own
    found = [{key: value for _, key, value, _ in event} for event in events]
    assert [event["concept:name"] for event in found] == ["opened", "accept", "close"]
    assert [event["org:group"] for event in found] == ["H19.101"] * 3
    assert [event["time:timestamp"] for event in found] == [
        (MONDAY + timedelta(hours=hours)).isoformat() for hours in range(3)
    ]
    assert found[1]["org:resource"] == found[2]["org:resource"]


def test_what_happens_to_an_imported_case_here_goes_out_after_its_log(
    catalogue: None,
    staff: Staff,
    write: Write,
    mapping: LogMapping,
    tmp_path: Path,
) -> None:
    import_log(write("small.xes", small_log()), mapping)
    case = Case.objects.get(imported_from="small:B")
    actions.act(case.pk, "close", {}, actor=SYSTEM, at=MONDAY)
    out = tmp_path / "out.xes"
    export_log("history", out)
    _, events = read_xes(out)[1]
    assert [activity for event in events for _, key, activity, _ in event if key == "concept:name"] == [
        "Register",
        "close",
    ]


def test_an_unknown_type_and_a_failure_leave_no_file(
    catalogue: None, write: Write, mapping: LogMapping, tmp_path: Path
) -> None:
    out = tmp_path / "out.xes"
    with pytest.raises(UnknownTypeError):
        export_log("no-such-type", out)
    import_log(write("small.xes", small_log()), mapping)

    def fail(cases: int, events: int) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        export_log("history", out, progress=fail)
    assert [path.name for path in tmp_path.iterdir()] == ["small.xes"]


def test_the_log_is_in_the_order_that_the_schema_asks_for(
    catalogue: None, write: Write, mapping: LogMapping, tmp_path: Path
) -> None:
    """IEEE 1849, annex A: extensions, globals, classifiers, attributes, traces; a decimal version."""
    import_log(write("small.xes", small_log()), mapping)
    out = tmp_path / "out.xes"
    export_log("history", out)
    root = etree.parse(out).getroot()
    order = ["extension", "global", "classifier", "string", "trace"]
    places = [order.index(child.tag) for child in root]
    assert places == sorted(places)
    assert float(root.get("xes.version")) == 1849.2016
