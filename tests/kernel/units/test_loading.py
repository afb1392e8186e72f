"""What a change of the catalogue does to offices that are stored already."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from shutil import copytree

import pytest

from tinhso.kernel.catalogue import CatalogueError
from tinhso.kernel.units import queries
from tinhso.kernel.units.actions import load
from tinhso.kernel.units.models import Unit

CATALOG = Path(__file__).parents[3] / "catalog"
START = date(2025, 7, 1)
Change = Callable[..., Path]


@pytest.fixture
def changed(catalogue: None, tmp_path: Path) -> Iterator[Change]:
    """Loads the catalogue with words of the file of Đồng Nai replaced, each at its first place after the code."""

    def change(code: str, *words: tuple[str, str]) -> Path:
        copytree(CATALOG / "units", tmp_path / "units", dirs_exist_ok=True)
        file = tmp_path / "units/dong-nai.yaml"
        text = file.read_text(encoding="utf-8")
        at = text.index(f"code: {code}\n") if code else 0
        for old, new in words:
            assert old in text[at:]
            text = text[:at] + text[at:].replace(old, new, 1)
        file.write_text(text, encoding="utf-8")
        load(tmp_path)
        return tmp_path

    yield change
    queries.forget()


def office(code: str) -> Unit:
    return Unit.objects.get(code=code, valid_from=START)


def test_a_last_day_and_a_name_given_later_reach_the_stored_office(changed: Change) -> None:
    before = office("H19.09")
    changed("H19.09", ("from: 2025-07-01", "from: 2025-07-01\n    to: 2026-12-31"), ("Sở Xây dựng Đồng Nai", "Sở Ấy"))
    after = office("H19.09")
    assert (after.pk, after.path, after.lineage) == (before.pk, before.path, before.lineage)
    assert (after.name, after.valid_to) == ("Sở Ấy", date(2026, 12, 31))
    assert after.sort_key != before.sort_key
    with pytest.raises(queries.UnknownUnitError):
        queries.unit("H19.09", date(2027, 1, 1))


def test_the_offices_of_communes_are_renamed_by_their_rule(changed: Change) -> None:
    changed("", ("UBND {name}", "Ủy ban nhân dân {name}"))
    assert office("H19.101").name.startswith("Ủy ban nhân dân ")


def test_an_office_that_ends_and_begins_anew_has_two_identities(changed: Change) -> None:
    anew = (
        "to: 2026-12-31\n  - code: H19.09\n    name: {vi: Sở Mới, en: New}\n    kind: department\n"
        "    from: 2027-01-01\n    parent: H19\n    area"
    )
    changed("H19.09", ("parent: H19\n    area", f"parent: H19\n    area: '75'\n    {anew}"))
    old, new = Unit.objects.filter(code="H19.09", valid_from__gte=START).order_by("valid_from")
    assert (old.valid_to, new.valid_from) == (date(2026, 12, 31), date(2027, 1, 1))
    assert new.path == [office("H19").pk, new.pk]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("parent: H19\n", "parent: H19.01\n", r"H19\.09 from 2025-07-01: its parent was H19; .* a new `from`"),
        ("kind: department", "kind: agency", r"H19\.09 from 2025-07-01: its kind was department; .* a new `from`"),
        ('area: "75"', 'area: "01"', r"H19\.09 from 2025-07-01: its area was 75; .* a new `from`"),
    ],
)
def test_another_parent_kind_or_area_asks_for_a_new_identity(changed: Change, old: str, new: str, said: str) -> None:
    before = office("H19.09")
    with pytest.raises(CatalogueError, match=said):
        changed("H19.09", (old, new))
    after = office("H19.09")
    assert (after.parent_id, after.kind, after.area_id) == (before.parent_id, before.kind, before.area_id)
