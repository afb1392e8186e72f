"""Wrong catalogues: each is a finding with file, line and reason, never a traceback."""

from pathlib import Path
from shutil import copytree

import pytest

from tinhso.kernel.cases.catalogue import check
from tinhso.kernel.catalogue import CatalogueError, read_yaml

CATALOG = Path(__file__).parents[2] / "catalog"
REPORT = "case-types/report.yaml"


@pytest.fixture(scope="module")
def pristine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("catalogue") / "catalog"
    copytree(CATALOG, folder, ignore=lambda _, names: {"demo", "logs"} & set(names))
    return folder


def test_the_catalogue_that_is_shipped_is_sound() -> None:
    assert check(CATALOG) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        (
            REPORT,
            "to: closed\n    by: [officer of lead",
            "to: handling\n    by: [officer of lead",
            "no action leads here",
        ),
        (REPORT, "    by: [raiser]\n    needs: [reply]", "    by: []\n    needs: [reply]", "nobody may do it"),
        (
            REPORT,
            "    by: [raiser]\n    needs: [reply]",
            "    by: [king of lead]\n    needs: [reply]",
            "names no party",
        ),
        (REPORT, "calendar: office", "calendar: moon", "no calendar named moon"),
        (REPORT, "calendar: office\n", "", "calendar is missing"),
        (
            REPORT,
            "title: {vi: Phản ánh hiện trường",
            "colour: red\ntitle: {vi: Phản ánh hiện trường",
            "unknown field",
        ),
        (REPORT, "needs: [outcome, answer]", "needs: [outcome, answr]", "there is no input answr"),
        (REPORT, "limit: 8 working hours", "limit: 8 hours", "is not a length"),
        (REPORT, "until: [closed]", "until: [shut]", "there is no stage shut"),
        (REPORT, "{choice: report-outcomes", "{choice: report-ends", "no choices named report-ends"),
        (REPORT, "{seq:4}", "{seq}", "a number is made of"),
        (REPORT, "opened: report-received", "opened: report-gone", "there is no text named report-gone"),
        (REPORT, "version: 1", "version: 1\nversion: 2", "stands twice"),
        (REPORT, "type: report\n", "type: report\nextends: report\n", "no other type is named report"),
        (REPORT, "stages:", "stages: &s", "anchors"),
        (REPORT, "reopens: reopen", "reopens: revive", "there is no action revive"),
        ("routing/report.yaml", "to: H19.81", "to: H19.99", "there is no office H19.99"),
        (
            "routing/report.yaml",
            "{within: H19, category: power",
            "{within: H19, category: pover",
            "no category pover",
        ),
        ("routing/report.yaml", "to: H10.81", "to: H19.81", "was closed when"),
        ("notices/reports.yaml", "{unit} đang xử lý", "{office} đang xử lý", "{office} is not one of"),
        ("calendars/office.yaml", "07:30-11:30", "11:30-07:30", "must follow each other"),
        ("choices/report-outcomes.yaml", "code: planned", "code: solved", "stands twice"),
    ],
)
def test_a_fault_is_found_with_file_line_and_reason(
    pristine: Path, tmp_path: Path, file: str, old: str, new: str, said: str
) -> None:
    folder = tmp_path / "catalog"
    copytree(pristine, folder)
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    (folder / file).write_text(text.replace(old, new, 1), encoding="utf-8")
    findings = [finding for finding in check(folder) if said in finding.reason]
    assert findings, check(folder)
    assert findings[0].file == file
    # A stage that cannot be reached is named where it stands, anything else where it was written.
    place = text.index("  closed: {kind") if "no action leads here" in said else text.index(old)
    changed = text[:place].count("\n") + 1
    assert abs(findings[0].line - changed) <= 12, str(findings[0])


@pytest.mark.parametrize("text", ["", "a: [", "\t- x", "a: 1\n b: 2", "\x00", "- *x"])
def test_what_is_not_yaml_is_said_so(tmp_path: Path, text: str) -> None:
    (tmp_path / "x.yaml").write_text(text)
    with pytest.raises(CatalogueError):
        read_yaml(tmp_path / "x.yaml")


def test_aliases_that_would_unfold_to_gigabytes_are_refused_at_once(tmp_path: Path) -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 12)]
    (tmp_path / "bomb.yaml").write_text("\n".join(lines))
    with pytest.raises(CatalogueError, match="anchors"):
        read_yaml(tmp_path / "bomb.yaml")
