"""`import-log` and `export-log` as an operator uses them."""

import json
from contextlib import nullcontext
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.kernel.cases.histories.conftest import read_xes, small_log
from tinhso.kernel.cases.models import Case
from tinhso.shell.cli import histories, main

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_database(catalogue: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The commands work on the database of the test, which is running."""
    monkeypatch.setattr(histories, "database_running", lambda _: nullcontext())


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "small.xes"
    path.write_text(small_log())
    return path


def test_a_log_goes_in_and_out_with_the_catalogues_mapping(log: Path, tmp_path: Path) -> None:
    done = CliRunner().invoke(main, ["import-log", str(log)])
    assert done.exit_code == 0, done.output
    assert "2 cases, 4 events added as history under LOG-SMALL" in done.output
    assert "In 1 cases time goes backwards" in done.output
    out = tmp_path / "out.xes.gz"
    done = CliRunner().invoke(main, ["export-log", "--type", "history", str(out), "--json"])
    assert json.loads(done.stdout) == {"file": str(out), "cases": 2, "events": 4}
    assert read_xes(out) == read_xes(log)


def test_what_is_refused_is_said_by_line_and_ends_in_code_1(log: Path) -> None:
    log.write_text(log.read_text().replace('value="2020-02-01T00:00:00-05:00"', 'value="soon"'))
    done = CliRunner().invoke(main, ["import-log", str(log)])
    assert done.exit_code == 1
    assert "line 32 (B): time:timestamp: 'soon' is no date" in done.output
    assert Case.objects.filter(imported_from="small:A").exists()


def test_a_dry_run_reports_in_json_and_writes_nothing(log: Path) -> None:
    done = CliRunner().invoke(main, ["import-log", str(log), "--dry-run", "--json"])
    assert done.exit_code == 0
    report = json.loads(done.stdout)
    assert (report["added"], report["dry_run"], report["refused"]) == (2, True, [])
    assert not Case.objects.exists()


def test_a_faulty_mapping_is_said_in_one_line(log: Path, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("type: history\nchannel: {default: web}\nstep: step\n")
    done = CliRunner().invoke(main, ["import-log", str(log), "--map", str(own)])
    assert done.exit_code == 1
    assert done.output.strip() == "Error: own.yaml:2: channel: history has no channel web"


def test_a_file_that_is_no_log_and_an_unknown_type_are_said_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "odd.xes"
    path.write_bytes(b"no log")
    done = CliRunner().invoke(main, ["import-log", str(path)])
    assert done.exit_code == 1
    assert "line 1: not XML" in done.output
    done = CliRunner().invoke(main, ["export-log", "--type", "letter", str(tmp_path / "out.xes")])
    assert done.output.strip() == "Error: there is no case type letter"
