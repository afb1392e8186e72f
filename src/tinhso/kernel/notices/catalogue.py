"""Texts of messages as the catalogue states them (`catalog/notices/*.yaml`)."""

import string
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from django.conf import settings
from pydantic import AfterValidator, Field

from tinhso.kernel.catalogue import CatalogueError, Entry, Words, read

PARAMETERS = frozenset({"number", "unit", "due", "link", "text", "code", "minutes", "category", "reason"})
"""What a text can speak of, in braces."""


def _checked(words: Words) -> Words:
    for text in (words.vi, words.en):
        try:
            names = {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}
        except ValueError as error:
            raise ValueError(f"braces do not fit: {error}") from error
        if unknown := names - PARAMETERS:
            raise ValueError(f"{{{sorted(unknown)[0]}}} is not one of {', '.join(sorted(PARAMETERS))}")
    return words


Text = Annotated[Words, AfterValidator(_checked)]


class NoticeEntry(Entry):
    """One message: a title (of a mail) and a text, each in both languages."""

    title: Text
    text: Text


class NoticesEntry(Entry):
    """A file of `catalog/notices/`."""

    notices: Annotated[dict[str, NoticeEntry], Field(min_length=1)]


def read_notices(folder: Path) -> dict[str, NoticeEntry]:
    """Every text, by name. Raises CatalogueError."""
    found: dict[str, NoticeEntry] = {}
    for _, entry in _files(folder):
        found |= entry.notices
    return found


def _files(folder: Path) -> Iterator[tuple[Path, NoticesEntry]]:
    findings = []
    for path in sorted((folder / "notices").glob("*.yaml")):
        try:
            yield path, read(path, NoticesEntry, folder)
        except CatalogueError as error:
            findings += error.findings
    if findings:
        raise CatalogueError(findings)


@lru_cache(maxsize=1)
def texts() -> dict[str, NoticeEntry]:
    """The texts of this installation; read once per process."""
    return read_notices(Path(settings.TINHSO_CATALOG))
