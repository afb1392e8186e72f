"""The interface's words: `python tools/messages.py update|compile|check`.

English stands in the code and needs no catalogue; Vietnamese stands in `src/tinhso/locale/vi`.

    update   bring the catalogue up to the code: new messages come in empty, gone ones go, the others stay
    compile  write the .mo files that Django reads
    check    say what is missing, untranslated, fuzzy or breaks its placeholders, and fail if anything does
"""

import io
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import django
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src" / "tinhso"
LANGUAGE = "vi"
CATALOGUE = SOURCE / "locale" / LANGUAGE / "LC_MESSAGES" / "django.po"
KEYWORDS = dict(DEFAULT_KEYWORDS) | {
    f"{name}_lazy": DEFAULT_KEYWORDS[name] for name in ("gettext", "ngettext", "pgettext", "npgettext")
}
_PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd%]|\{\w*\}|</?\w+")


def messages() -> Iterator[tuple[Path, tuple[str, ...] | str, str | None, list[str]]]:
    """Every message of the code and the templates: file, text (with its plural), context, comments to translators."""
    for path in sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.html"), *SOURCE.rglob("*.txt")]):
        text = path.read_text()
        code = text if path.suffix == ".py" else templatize(text, origin=str(path))
        file = io.BytesIO(code.encode())
        for _line, found, comments, context in extract("python", file, KEYWORDS, comment_tags=["Translators:"]):
            yield path, found, context, comments


def from_code() -> Catalog:
    """A catalogue without translations of all that the code says."""
    catalogue = Catalog(locale=LANGUAGE, project="Tinhso", copyright_holder="", fuzzy=False)
    for path, text, context, comments in messages():
        place = (path.relative_to(ROOT).as_posix(), 0)
        catalogue.add(text, locations=[place], auto_comments=comments, context=context)
    return catalogue


def stored() -> Catalog:
    """The catalogue as it is on the disk; an empty one where there is none."""
    if not CATALOGUE.exists():
        return Catalog(locale=LANGUAGE, project="Tinhso", fuzzy=False)
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale=LANGUAGE)


def update() -> None:
    """Bring the catalogue up to the code."""
    catalogue = stored()
    catalogue.update(from_code(), no_fuzzy_matching=True, update_header_comment=False)
    catalogue.obsolete.clear()
    catalogue.header_comment = f"# Words of Tinhso in {LANGUAGE}. Kept up by tools/messages.py."
    CATALOGUE.parent.mkdir(parents=True, exist_ok=True)
    out = io.BytesIO()
    write_po(out, catalogue, width=110, sort_output=True, include_lineno=False, omit_header=False)
    # Without the times of the header, which would change with every run.
    kept = [line for line in out.getvalue().decode().splitlines(True) if not re.match(r'"(POT|PO)-\w+-Date', line)]
    CATALOGUE.write_text("".join(kept))
    empty = sum(1 for message in catalogue if message.id and not is_translated(message))
    print(f"{CATALOGUE.relative_to(ROOT)}: {len(catalogue)} messages, {empty} without translation")


def compile_() -> None:
    """Write the .mo file beside the catalogue."""
    with CATALOGUE.with_suffix(".mo").open("wb") as file:
        write_mo(file, stored())


def is_translated(message: Message) -> bool:
    """Whether every form of *message* has words."""
    return all(message.string) if isinstance(message.string, (tuple, list)) else bool(message.string)


def faults() -> Iterator[str]:
    """What is wrong with the catalogue, a line each."""
    catalogue, code = stored(), from_code()
    for wanted in code:
        if not wanted.id:
            continue
        name = repr(wanted.id if isinstance(wanted.id, str) else wanted.id[0])
        place = wanted.locations[0][0]
        found = catalogue.get(wanted.id, wanted.context)
        if found is None:
            yield f"{place}: {name} is not in the catalogue; run tools/messages.py update"
        elif found.fuzzy:
            yield f"{place}: {name} is fuzzy"
        elif not is_translated(found):
            yield f"{place}: {name} is not translated"
        elif changed := changed_placeholders(found):
            yield f"{place}: {name} has other placeholders or tags in its translation: {', '.join(changed)}"
    for message in catalogue:
        if message.id and code.get(message.id, message.context) is None:
            yield f"{message.id!r} is no longer in the code; run tools/messages.py update"


def changed_placeholders(message: Message) -> list[str]:
    """Placeholders and tags that only the text or only its translation has, all forms together."""
    ids = [message.id] if isinstance(message.id, str) else list(message.id)
    strings = [message.string] if isinstance(message.string, str) else list(message.string)
    wanted = set().union(*(_PLACEHOLDER.findall(it) for it in ids))
    given = set().union(*(_PLACEHOLDER.findall(it) for it in strings))
    return sorted(wanted ^ given)


def main() -> int:
    """The command."""
    settings.configure(USE_I18N=False)
    django.setup()
    match sys.argv[1:]:
        case ["update"]:
            update()
        case ["compile"]:
            compile_()
        case ["check"]:
            found = list(faults())
            print("\n".join(found) or "every message is translated")
            return bool(found)
        case _:
            print(__doc__)
            return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
