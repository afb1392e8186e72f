"""Offices as the catalogue states them (`catalog/units/*.yaml`)."""

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from tinhso.kernel.catalogue import CatalogueError, Entry, Words, read
from tinhso.kernel.units.models import Unit

OfficeKind = Literal["ministry", "committee", "department", "centre", "desk", "agency", "operator"]


class OfficeEntry(Entry):
    """One office; `parent` is the code of an office and `area` of an area, both in force on `from`."""

    code: Annotated[str, Field(min_length=2, max_length=32)]
    name: Words
    kind: OfficeKind
    from_: date
    to: date | None = None
    parent: str | None = None
    area: str | None = None
    aliases: list[str] = []


class CommunesEntry(Entry):
    """An office for every commune of the province with the area code `area`, numbered from `start` in code order."""

    area: str
    under: str
    from_: date
    to: date | None = None
    name: Words
    code: str
    start: int
    kind: OfficeKind

    def offices(self, communes: Iterable[Unit]) -> Iterator[OfficeEntry]:
        for n, commune in enumerate(communes, self.start):
            yield OfficeEntry(
                code=self.code.format(n=n),
                name=Words(
                    vi=self.name.vi.format(name=commune.name[:1].lower() + commune.name[1:]),
                    en=self.name.en.format(name=commune.name),
                ),
                kind=self.kind,
                from_=self.from_,
                to=self.to,
                parent=self.under,
                area=commune.code,
            )


class LinkEntry(Entry):
    """*new* took over from *old* on a day."""

    old: str
    new: str
    on: date
    kind: Literal["whole", "partial"]
    share: Annotated[float, Field(gt=0, le=1)] | None = None
    source: str = ""


class UnitsEntry(Entry):
    """A file of `catalog/units/`."""

    units: list[OfficeEntry] = []
    communes: list[CommunesEntry] = []
    successions: list[LinkEntry] = []


def read_offices(folder: Path) -> list[UnitsEntry]:
    """Every file of `<folder>/units`. Raises CatalogueError."""
    entries, findings = [], []
    for path in sorted((folder / "units").glob("*.yaml")):
        try:
            entries.append(read(path, UnitsEntry, folder))
        except CatalogueError as error:
            findings += error.findings
    if findings:
        raise CatalogueError(findings)
    return entries


def office_codes(entries: Iterable[UnitsEntry]) -> set[str]:
    """Every office code that the catalogue gives out by name (offices of communes are numbered at loading)."""
    return {office.code for entry in entries for office in entry.units}
