"""Texts of messages as the catalogue states them (`catalog/notices/*.yaml`)."""

import string
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from django.conf import settings
from pydantic import AfterValidator, Field

from tinhso.kernel.catalogue import CatalogueError, Entry, Finding, Words, read_yaml, validate

PARAMETERS = frozenset({"number", "unit", "due", "link", "text", "code", "minutes", "category", "reason"})
"""What a text can speak of, in braces."""


REQUIRED = frozenset({"escalation-warning", "escalation-overdue", "followed-answer", "sign-in-code"})
"""Texts that the code names; those of a case type are named by the type."""


def _checked(words: Words) -> Words:
    for text in (words.vi, words.en):
        try:
            parts = [part for part in string.Formatter().parse(text) if part[1] is not None]
        except ValueError as error:
            raise ValueError(f"braces do not fit: {error}") from error
        for _, name, form, conversion in parts:
            if name not in PARAMETERS:
                raise ValueError(f"{{{name}}} is not one of {', '.join(sorted(PARAMETERS))}")
            if form or conversion:
                raise ValueError(f"{{{name}}} stands alone, without '!' or ':' in its braces")
        text.format(**dict.fromkeys(PARAMETERS, "x"))
    return words


Text = Annotated[Words, AfterValidator(_checked)]


class NoticeEntry(Entry):
    """One message: a title (of a mail) and a text, each in both languages."""

    title: Text
    text: Text


class NoticesEntry(Entry):
    """A file of `catalog/notices/`."""

    notices: Annotated[dict[Annotated[str, Field(max_length=40)], NoticeEntry], Field(min_length=1)]


def read_notices(folder: Path) -> dict[str, NoticeEntry]:
    """Every text, by name. Raises CatalogueError."""
    found: dict[str, NoticeEntry] = {}
    findings: list[Finding] = []
    for path in sorted((folder / "notices").glob("*.yaml")):
        try:
            source = read_yaml(path, folder)
            entry = validate(source, NoticesEntry)
        except CatalogueError as error:
            findings += error.findings
            continue
        findings += [
            source.finding(("notices", name), f"notices.{name}: another file has a text of this name")
            for name in entry.notices.keys() & found.keys()
        ]
        found |= entry.notices
    if findings:
        raise CatalogueError(findings)
    return found


@lru_cache(maxsize=1)
def texts() -> dict[str, NoticeEntry]:
    """The texts of this installation; read once per process."""
    return read_notices(Path(settings.TINHSO_CATALOG))
