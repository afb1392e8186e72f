"""Offices as the catalogue states them (`catalog/units/*.yaml`), and what is checked of them."""

import gzip
import json
import string
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from tinhso.kernel.catalogue import CatalogueError, Entry, Finding, Place, Source, Words, read_yaml, validate
from tinhso.kernel.units.models import Kind, Unit
from tinhso.kernel.units.rules import sort_key

OfficeKind = Literal["ministry", "committee", "department", "centre", "desk", "agency", "operator"]
LONGEST_NAME = 200
LONGEST_KEY = 250
"""Of the key that names are sorted by."""


def _checked_name(words: Words) -> Words:
    if max(len(words.vi), len(words.en)) > LONGEST_NAME or len(sort_key(words.vi)) > LONGEST_KEY:
        raise ValueError(f"a name has at most {LONGEST_NAME} signs")
    return words


def _checked_pattern(text: str, name: str) -> None:
    """Raises ValueError unless `{name}`, and nothing else, can be filled in."""
    used = {part[1] for part in string.Formatter().parse(text) if part[1] is not None}
    if used != {name}:
        raise ValueError(f"{text!r} has {{{name}}} in it and no other braces")


Name = Annotated[Words, AfterValidator(_checked_name)]
Code = Annotated[str, Field(min_length=2, max_length=32)]


class Period(Entry):
    """From the first to the last day in force."""

    from_: date
    to: date | None = None

    @model_validator(mode="after")
    def _in_order(self) -> "Period":
        if self.to and self.to < self.from_:
            raise ValueError("to is earlier than from")
        return self

    def covers(self, day: date) -> bool:
        """Whether *day* lies in it."""
        return self.from_ <= day and (self.to is None or self.to >= day)


class OfficeEntry(Period):
    """One office; `parent` is the code of an office and `area` of an area, both in force on `from`."""

    code: Code
    name: Name
    kind: OfficeKind
    parent: str | None = None
    area: str | None = None
    aliases: list[Code] = []


class CommunesEntry(Period):
    """An office for every commune of the province with the area code `area`, numbered from `start` in code order."""

    area: str
    under: str
    name: Name
    code: str
    start: Annotated[int, Field(ge=0)]
    kind: OfficeKind

    @model_validator(mode="after")
    def _patterns_fit(self) -> "CommunesEntry":
        for text, name in ((self.name.vi, "name"), (self.name.en, "name"), (self.code, "n")):
            _checked_pattern(text, name)
        try:
            self.code.format(n=self.start)
            self.name.vi.format(name="x"), self.name.en.format(name="x")
        except (LookupError, TypeError, AttributeError) as error:
            raise ValueError(f"the braces cannot be filled in: {error}") from error
        return self

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


def _files(folder: Path, findings: list[Finding]) -> Iterator[tuple[Source, UnitsEntry]]:
    for path in sorted((folder / "units").glob("*.yaml")):
        try:
            source = read_yaml(path, folder)
            yield source, validate(source, UnitsEntry)
        except CatalogueError as error:
            findings += error.findings


def read_offices(folder: Path) -> list[UnitsEntry]:
    """Every file of `<folder>/units`. Raises CatalogueError."""
    findings: list[Finding] = []
    entries = [entry for _, entry in _files(folder, findings)]
    if findings:
        raise CatalogueError(findings)
    return entries


def area_rows() -> Iterator[dict[str, Any]]:
    """The data file of areas: a row for each identity (`kind`), then a row for each succession (`old`)."""
    packed = files("tinhso.kernel.units") / "data" / "areas.jsonl.gz"
    with packed.open("rb") as raw, gzip.open(raw, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


@dataclass(frozen=True)
class _Area:
    code: str
    name: str
    kind: str
    parent: str | None
    since: date
    until: date | None

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or self.until >= day)


@lru_cache(maxsize=1)
def _areas() -> dict[str, list[_Area]]:
    """Every identity of every area, by code; read once per process."""
    found: dict[str, list[_Area]] = defaultdict(list)
    for row in area_rows():
        if "kind" in row and "code" in row:
            until = date.fromisoformat(row["to"]) if row.get("to") else None
            since = date.fromisoformat(row["from"])
            found[row["code"]].append(_Area(row["code"], row["name"], row["kind"], row.get("parent"), since, until))
    return dict(found)


def _area(code: str, day: date) -> _Area | None:
    return next((it for it in _areas().get(code, ()) if it.covers(day)), None)


def _communes(province: str, day: date) -> list[Unit]:
    """The communes of a province on *day*, in code order; not stored, to name their offices by."""
    found = []
    for identities in _areas().values():
        for it in identities:
            if it.kind == Kind.COMMUNE and it.covers(day):
                above: _Area | None = it
                while above and above.parent:
                    above = _area(above.parent, day)
                if above and above.code == province:
                    found.append(Unit(code=it.code, name=it.name))
    return sorted(found, key=lambda it: it.code)


Offices = Mapping[str, list[OfficeEntry]]


def overlap(one: Period, other: Period) -> bool:
    """Whether both were in force on some day."""
    return (one.to is None or one.to >= other.from_) and (other.to is None or other.to >= one.from_)


def _in_force(offices: Offices, code: str, day: date) -> OfficeEntry | None:
    return next((it for it in offices.get(code, ()) if it.covers(day)), None)


def above(offices: Offices, office: OfficeEntry) -> Iterator[OfficeEntry]:
    """The offices above *office*, the nearest first; each once, even where the catalogue goes round in a circle."""
    seen = {office.code}
    while office.parent and office.parent not in seen:
        upper = _in_force(offices, office.parent, office.from_)
        if upper is None:
            return
        yield upper
        seen.add(upper.code)
        office = upper


@dataclass
class _Checking:
    """The offices read so far, and what was found wrong."""

    offices: dict[str, list[OfficeEntry]] = field(default_factory=dict)
    findings: list[Finding] = field(default_factory=list)
    aliases: set[str] = field(default_factory=set)

    def add(self, office: OfficeEntry, source: Source, place: Place) -> None:
        """Note one office; one that stands there already, or bears an alias of another, is a finding."""
        known = self.offices.setdefault(office.code, [])
        if any(it.from_ == office.from_ for it in known):
            self.findings.append(source.finding(place, f"{office.code} from {office.from_} stands twice"))
        elif any(overlap(it, office) for it in known):
            self.findings.append(source.finding(place, f"{office.code}: two of this code in force at once"))
        for alias in office.aliases:
            if alias in self.aliases:
                self.findings.append(source.finding((*place, "aliases"), f"the alias {alias} stands twice"))
            self.aliases.add(alias)
        known.append(office)

    def parents(self, office: OfficeEntry, source: Source, place: Place) -> None:
        """What an office refers to must be there on its first day."""
        if office.parent and _in_force(self.offices, office.parent, office.from_) is None:
            reason = f"{office.code}: there is no office {office.parent} on {office.from_}"
            self.findings.append(source.finding((*place, "parent"), reason))
        elif (top := [office, *above(self.offices, office)][-1]).parent and _in_force(
            self.offices, top.parent or "", top.from_
        ):
            self.findings.append(
                source.finding((*place, "parent"), f"{office.code}: its parents go round in a circle")
            )
        if office.area and _area(office.area, office.from_) is None:
            reason = f"{office.code}: there is no area {office.area} on {office.from_}"
            self.findings.append(source.finding((*place, "area"), reason))

    def communes(self, rule: CommunesEntry, source: Source, place: Place) -> None:
        """The offices that a rule makes."""
        communes = _communes(rule.area, rule.from_)
        if not communes:
            reason = f"communes: there is no province {rule.area} with communes on {rule.from_}"
            self.findings.append(source.finding((*place, "area"), reason))
        if _in_force(self.offices, rule.under, rule.from_) is None:
            reason = f"communes: there is no office {rule.under} on {rule.from_}"
            self.findings.append(source.finding((*place, "under"), reason))
        try:
            for office in rule.offices(communes):
                self.add(office, source, place)
        except ValueError:  # of an office's own form
            self.findings.append(
                source.finding(place, "communes: an office would get a code or name that is too long")
            )

    def succession(self, link: LinkEntry, source: Source, place: Place) -> None:
        """Both offices of a succession must have been there."""
        if not any(it.from_ < link.on for it in self.offices.get(link.old, ())):
            reason = f"successions: there is no office {link.old} before {link.on}"
            self.findings.append(source.finding((*place, "old"), reason))
        if _in_force(self.offices, link.new, link.on) is None:
            reason = f"successions: there is no office {link.new} on {link.on}"
            self.findings.append(source.finding((*place, "new"), reason))


def check_offices(folder: Path) -> tuple[dict[str, list[OfficeEntry]], list[Finding]]:
    """Every identity of every office by code, those of communes too, and every fault of `<folder>/units`."""
    checking = _Checking()
    read = list(_files(folder, checking.findings))
    for source, entry in read:
        for i, office in enumerate(entry.units):
            checking.add(office, source, ("units", i))
    for source, entry in read:
        for i, office in enumerate(entry.units):
            checking.parents(office, source, ("units", i))
    for source, entry in read:
        for i, rule in enumerate(entry.communes):
            checking.communes(rule, source, ("communes", i))
    for source, entry in read:
        for i, link in enumerate(entry.successions):
            checking.succession(link, source, ("successions", i))
    return checking.offices, checking.findings
