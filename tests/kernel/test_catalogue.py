"""Wrong catalogues: each is a finding with file, line and reason, never a traceback."""

from pathlib import Path
from shutil import copyfile, copytree

import pytest

from tinhso.kernel.cases.catalogue import check
from tinhso.kernel.catalogue import CatalogueError, read_yaml
from tinhso.kernel.notices.catalogue import REQUIRED

CATALOG = Path(__file__).parents[2] / "catalog"
REPORT = "case-types/report.yaml"
UNITS = "units/dong-nai.yaml"


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
        ("routing/report.yaml", "to: H10.81", "to: H19.81", "never in force together"),
        ("notices/reports.yaml", "{unit} đang xử lý", "{office} đang xử lý", "{office} is not one of"),
        ("calendars/office.yaml", "07:30-11:30", "11:30-07:30", "must follow each other"),
        ("choices/report-outcomes.yaml", "code: planned", "code: solved", "stands twice"),
        (REPORT, "number: PA-", f"number: {'P' * 40}-", "it can grow beyond 40 signs"),
        (REPORT, "version: 1", "version: 2000000001", "version: at most"),
        (REPORT, "channels: {web:", f"channels: {{{'w' * 21}: other, web:", "longer than 20 signs"),
        (REPORT, "category: {choice: report-categories", "category: {text: 30", "of the kind choice"),
        (REPORT, "text: {text: 4000", "text: {flag: true", "of the kind text"),
        (REPORT, "place: {point: true, or: commune", "place: {text: 100", "of the kind point"),
        (
            REPORT,
            "contact: {phone-or-email: true, personal: true",
            "contact: {text: 99",
            "of the kind phone-or-email",
        ),
        (REPORT, "outcome: {choice: report-outcomes", "outcome: {text: 2000", "of the kind choice"),
        (REPORT, "phone-or-email: true, personal: true", "phone-or-email: true", "is personal: true"),
        (REPORT, "answer: {text: 4000", "answer: {number: [5, 1]", "above the greatest"),
        (REPORT, "from: closed", "from: []", "can never be done"),
        (REPORT, "until: [closed]", "until: []", "so it never ends"),
        (REPORT, "default: 5 working days", "default: 99999 working days", "longer than 2,000 working days"),
        (REPORT, "limit: 8 working hours", "limit: 99999 working hours", "16,000 working hours"),
        (REPORT, "    within: 14 days", "    within: 101 years", "longer than 100 years"),
        (REPORT, "rating: {within: 14 days", "rating: {within: 101 years", "longer than 100 years"),
        (REPORT, "personal: 24 months", "personal: 9999 months", "longer than 100 years"),
        (REPORT, "satisfied-from: 4", "satisfied-from: 6", "beyond the scale of 5"),
        (REPORT, 'solved: ["yes", partly, "no"]', "solved: []", "solved names no answer"),
        (REPORT, "opened: report-received", "opend: report-received", "neither opened, merged nor an action"),
        (
            "choices/report-categories.yaml",
            "limit: 3 working days",
            "limit: 9999 working days",
            "9999 working days is",
        ),
        ("routing/report.yaml", "to: H19.81", "to: H10.81", "never in force together"),
        ("routing/report.yaml", "H19: H19.03", "H19: H10.03", "never in force together"),
        ("routing/report.yaml", "H19: H19.03", "H19: H29", "H29 is no office of H19"),
        ("calendars/office.yaml", "calendar: office", "calendar: buro", "named office, as its file is"),
        ("notices/reports.yaml", "{unit} đang xử lý", "{unit!r} đang xử lý", "stands alone"),
        ("notices/reports.yaml", "{unit} đang xử lý", "{unit:>9} đang xử lý", "stands alone"),
        ("notices/sign-in.yaml", "sign-in-code:", "report-received:", "another file has a text of this name"),
        (UNITS, "parent: H19.01", "parent: H77", "there is no office H77 on 2025-07-01"),
        (UNITS, 'area: "75"', 'area: "99999"', "there is no area 99999 on 2025-07-01"),
        (UNITS, "from: 2025-07-01", "from: 2025-07-01\n    to: 2020-01-01", "to is earlier than from"),
        (UNITS, "to: 2025-06-30", "to: 2025-07-01", "two of this code in force at once"),
        (UNITS, "UBND {name}", "UBND {nam}", "{name} in it and no other braces"),
        (UNITS, "UBND {name}", "UBND {name:d}", "format code 'd'"),
        (UNITS, "UBND {name}", f"UBND {'x' * 185} {{name}}", "too long"),
        (UNITS, "H19.{n:03}", "H19.{n:030}", "too long"),
        (UNITS, "Văn phòng UBND Đồng Nai", "x" * 201, "at most 200 signs"),
        (UNITS, "code: H19.02\n", "code: H19.01\n", "H19.01 from 2025-07-01 stands twice"),
        (UNITS, "{old: H19, new: H19,", "{old: H77, new: H19,", "there is no office H77 before 2025-07-01"),
        (UNITS, "{old: H19, new: H19,", "{old: H19, new: H77,", "there is no office H77 on 2025-07-01"),
        (UNITS, "[000.00.00.H19]", "[000.00.00.H19, 000.00.00.H19]", "the alias 000.00.00.H19 stands twice"),
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


@pytest.mark.parametrize(
    ("file", "other", "said"),
    [
        (REPORT, "case-types/again.yaml", "type: another file is named report, too"),
        ("routing/report.yaml", "routing/again.yaml", "routing: another file is named report, too"),
        ("choices/report-outcomes.yaml", "choices/zz.yaml", "choices: another file is named report-outcomes, too"),
        (UNITS, "units/zz.yaml", "H19.01 from 2025-07-01 stands twice"),
        (UNITS, "units/zz.yaml", "the alias 000.00.00.H19 stands twice"),
    ],
)
def test_what_two_files_name_is_found(pristine: Path, tmp_path: Path, file: str, other: str, said: str) -> None:
    folder = tmp_path / "catalog"
    copytree(pristine, folder)
    copyfile(folder / file, folder / other)
    assert said in [finding.reason for finding in check(folder)]


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_text_that_every_installation_needs_is_missed(pristine: Path, tmp_path: Path, name: str) -> None:
    folder = tmp_path / "catalog"
    copytree(pristine, folder)
    for path in (folder / "notices").iterdir():
        path.write_text(path.read_text(encoding="utf-8").replace(f"{name}:", "renamed:"), encoding="utf-8")
    assert [finding.reason for finding in check(folder)] == [
        f"no file has the text {name}, which every installation needs"
    ]


def test_parents_that_go_round_are_found(pristine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "catalog"
    copytree(pristine, folder)
    office = "  - {{code: {}, parent: {}, name: {{vi: a, en: b}}, kind: desk, from: 2025-07-01}}\n"
    text = "units:\n" + office.format("Z1", "Z2") + office.format("Z2", "Z1")
    (folder / "units/zz.yaml").write_text(text)
    assert [finding.reason for finding in check(folder)] == [
        "Z1: its parents go round in a circle",
        "Z2: its parents go round in a circle",
    ]


def test_a_folder_without_a_case_type_is_no_catalogue(tmp_path: Path) -> None:
    assert any("has no case type" in finding.reason for finding in check(tmp_path))


def test_a_case_type_that_is_a_list_is_found(pristine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "catalog"
    copytree(pristine, folder)
    (folder / "case-types/zz.yaml").write_text("- type: zz\n")
    assert [str(finding) for finding in check(folder)] == ["case-types/zz.yaml:1: a case type begins with `type:`"]


def test_a_folder_or_a_dangling_link_in_place_of_a_file_is_found(pristine: Path, tmp_path: Path) -> None:
    folder = tmp_path / "catalog"
    copytree(pristine, folder)
    (folder / "case-types/folder.yaml").mkdir()
    (folder / "calendars/link.yaml").symlink_to(tmp_path / "gone")
    found = [(finding.file, finding.reason) for finding in check(folder)]
    assert ("case-types/folder.yaml", "the file cannot be read: Is a directory") in found
    assert ("calendars/link.yaml", "the file cannot be read: No such file or directory") in found


@pytest.mark.parametrize(
    "text",
    [
        *("", "a: [", "\t- x", "a: 1\n b: 2", "\x00", "- *x"),
        *("a: !foo x", "a: !!int abc", "a: !!bool abc", "a: !!python/object/apply:os.system [id]", "a: 2026-99-99"),
        *("<<: {a: b}", "[a, b]: 1", "{a: b}: 1", "a: " + "[" * 3000 + "]" * 3000, 'a: "\\0"', 'a: "\\ud800"'),
    ],
)
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
