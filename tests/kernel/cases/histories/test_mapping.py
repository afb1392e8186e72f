from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from tinhso.kernel.cases.catalogue import read_case_types
from tinhso.kernel.cases.histories.mapping import check_mappings, mapping_for, read_mapping
from tinhso.kernel.catalogue import CatalogueError

CATALOGUE = Path(settings.TINHSO_CATALOG)
SOUND = """type: fine
channel: {default: police}
step: step
"""
Write = Callable[[str, str], Path]


def test_the_mappings_of_the_catalogue_are_sound() -> None:
    assert check_mappings(CATALOGUE, read_case_types(CATALOGUE)) == []


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (SOUND.replace("fine", "fines"), 1, "there is no sound case type named fines"),
        (SOUND + "leads: x\n", 4, "unknown field leads"),
        (SOUND.replace("step: step", "step: stop"), 3, "fine has no action stop"),
        (SOUND.replace("step: step", "step: close"), 3, "close closes a case"),
        (SOUND + "actions:\n  Pay: close\n", 5, "close closes a case"),
        (SOUND.replace("police", "web"), 2, "fine has no channel web"),
        (SOUND + "category: {from: article, values: {'7': town}}\n", 4, "fine has no category town"),
        (SOUND + "due: case:deadline\n", 4, "fine has no clock"),
        (SOUND + "opening: {at: startdate}\n", 4, "an attribute of the trace"),
        (SOUND + "closing: {action: step, at: case:end}\n", 4, "step is no action that closes"),
        (SOUND + "closing: {action: close, when: [{outcome: lost, last: [Pay]}]}\n", 4, "no outcome lost"),
        (SOUND + "closing: {action: close}\n", 4, "either 'at' an attribute, or 'when'"),
        (SOUND + "closing:\n  action: close\n  when: [{last: [Pay], activity: [Pay]}]\n", 6, "exactly one of"),
        (SOUND + "number: 'F-{di}'\n", 4, "a number holds {id} once"),
        (SOUND + "zone: Europe/Atlantis\n", 4, "no time zone"),
        (SOUND + "encoding: vni\n", 4, "no encoding"),
        (SOUND + "columns: {case:concept:name: string, concept:name: string}\n", 4, "time:timestamp is missing"),
    ],
)
def test_a_faulty_mapping_is_refused_with_line_and_reason(tmp_path: Path, text: str, line: int, reason: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(CatalogueError) as refused:
        read_mapping(path, read_case_types(CATALOGUE))
    assert [finding.line for finding in refused.value.findings] == [line]
    assert reason in refused.value.findings[0].reason


def test_a_log_without_a_mapping_of_its_own_takes_the_standard_one() -> None:
    assert mapping_for(Path("x/permit-receipt.csv.gz"), CATALOGUE).name == "permit-receipt.yaml"
    assert mapping_for(Path("Permit Receipt.xes"), CATALOGUE).name == "permit-receipt.yaml"
    assert mapping_for(Path("hospital.xes.gz"), CATALOGUE).name == "standard.yaml"


def test_names_follow_the_file_where_the_mapping_gives_none() -> None:
    entry = read_mapping(CATALOGUE / "logs" / "standard.yaml", read_case_types(CATALOGUE))
    named = entry.named("Hospital (2011) – billing of emergency patients, first year.xes.gz")
    assert named.log is not None
    assert named.log.startswith("hospital-2011-billing")
    assert len(named.log) <= 40
    assert named.unit is not None
    assert len(named.unit.code) <= 20
