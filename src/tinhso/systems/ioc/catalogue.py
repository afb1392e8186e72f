"""Pasts that the demo plays (`catalog/demo/*.yaml`), for the board to offer and to explain."""

from collections.abc import Iterator
from datetime import date
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from pydantic import ConfigDict

from tinhso.kernel.catalogue import Entry, Words, read_yaml, validate
from tinhso.kernel.units.models import Unit
from tinhso.kernel.units.queries import UnknownUnitError, directory
from tinhso.systems.ioc.rules import Period


class SourceEntry(Entry):
    """Where a past is written of: a file of the sources, its line, and the facts drawn from it."""

    file: str
    line: int
    facts: list[str] = []


class PastEntry(Entry):
    """What the board needs to know of a past; whoever plays it reads the rest of the file.

    The first sentence of the note names the past, the others explain it.
    """

    model_config = ConfigDict(extra="ignore")

    unit: str
    type: str
    from_: date
    to: date
    note: Words
    source: SourceEntry

    def said(self, language: str | None) -> tuple[str, str]:
        """The name of the past, and what must be said of it."""
        name, _, rest = self.note.in_language(language).partition(". ")
        return name.rstrip("."), rest

    @property
    def period(self) -> Period:
        return Period(self.from_, self.to)

    def office(self) -> Unit | None:
        """The unit as it was in those days, or nothing where the installation does not know it."""
        try:
            return directory().unit(self.unit, self.from_)
        except UnknownUnitError:
            return None


@lru_cache(maxsize=1)
def pasts() -> dict[str, PastEntry]:
    """The pasts of the catalogue by name; none outside a demo. Read once per process. Raises CatalogueError."""
    return dict(_read(Path(settings.TINHSO_CATALOG))) if settings.TINHSO_DEMO else {}


def _read(folder: Path) -> Iterator[tuple[str, PastEntry]]:
    for path in sorted((folder / "demo").glob("*.yaml")):
        source = read_yaml(path, folder)
        if isinstance(source.value, dict) and "rows" in source.value:  # beside the pasts lies the demo of today
            yield path.stem, validate(source, PastEntry)
