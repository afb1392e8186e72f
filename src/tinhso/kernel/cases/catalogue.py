"""Case types as the catalogue states them, and every check that a type must pass before it is published."""

import hashlib
from collections.abc import Iterator
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tinhso.kernel.cases.checking import faults_of_limit, faults_of_routing, faults_of_type, stale_rules
from tinhso.kernel.cases.rules.clocks import InWaiting
from tinhso.kernel.cases.rules.numbers import check_pattern
from tinhso.kernel.cases.rules.parties import Party, parse_party
from tinhso.kernel.catalogue import CatalogueError, Entry, Finding, Source, Words, read_yaml, validate
from tinhso.kernel.notices.catalogue import REQUIRED, read_notices
from tinhso.kernel.units.catalogue import check_offices
from tinhso.kernel.worktime.catalogue import read_calendars
from tinhso.kernel.worktime.rules import WorkingTime, parse_plain_time, parse_working_time

Slug = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=40)]


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


def _checked_length(text: str) -> str:
    parse_working_time(text)
    return text


def _checked_plain_length(text: str) -> str:
    parse_plain_time(text)
    return text


def _checked_party(text: str) -> str:
    parse_party(text)
    return text


Length = Annotated[str, AfterValidator(_checked_length)]
PlainLength = Annotated[str, AfterValidator(_checked_plain_length)]
Parties = Annotated[list[Annotated[str, AfterValidator(_checked_party)]], BeforeValidator(_listed)]
Names = Annotated[list[Slug], BeforeValidator(_listed)]


class FieldKind(StrEnum):
    TEXT = "text"
    CHOICE = "choice"
    POINT = "point"
    CONTACT = "phone-or-email"
    UNIT = "unit"
    NUMBER = "number"
    DATE = "date"
    FLAG = "flag"


class FieldEntry(Entry):
    """One thing that is asked: of whoever opens a case, or of whoever acts on it. It has exactly one kind."""

    title: Words
    hint: Words | None = None
    text: Annotated[int, Field(gt=0, le=20_000)] | None = None
    choice: Slug | None = None
    point: Literal[True] | None = None
    or_: Literal["commune"] | None = None
    phone_or_email: Literal[True] | None = None
    unit: Literal[True] | None = None
    number: tuple[int, int] | None = None
    date: Literal[True] | None = None
    flag: Literal[True] | None = None
    required: bool = False
    public: bool | Literal["after-moderation"] = False
    personal: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> "FieldEntry":
        kinds = [kind for kind in FieldKind if getattr(self, kind.replace("-", "_")) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a field has exactly one kind of {', '.join(FieldKind)}")
        if self.or_ and not self.point:
            raise ValueError("only a point can be given as a commune instead")
        if self.personal and self.public:
            raise ValueError("what is personal is never public")
        return self

    @cached_property
    def kind(self) -> FieldKind:
        return next(kind for kind in FieldKind if getattr(self, kind.replace("-", "_")) is not None)


class StageEntry(Entry):
    kind: Literal["open", "waiting", "closed"]
    title: Words


class LimitEntry(Entry):
    """A limit that depends on the category: `limit` of its choice, else the default."""

    by: Literal["category"]
    default: Length


class ClockEntry(Entry):
    title: Words
    limit: Length | LimitEntry
    until: Names
    in_waiting: InWaiting = InWaiting.PAUSE
    main: bool = False


class ActionEntry(Entry):
    """What can be done. Without `to` the stage stays as it is."""

    title: Words
    from_: Names
    to: Slug | None = None
    by: Parties
    needs: Names = []
    may: Names = []
    tells: list[Literal["raiser", "followers"]] = []
    then: Literal["route"] | None = None
    once: bool = False
    within: PlainLength | None = None
    clocks: dict[Slug, Literal["restart"]] = {}
    takes: bool = False
    """Whoever does it becomes the handler."""


class EscalationEntry(Entry):
    """A step at a share of the main clock (`at: 80 %`) or so long after its end (`after: 2 working days`)."""

    at: Annotated[str, Field(pattern=r"^\d{1,3} ?%$")] | None = None
    after: Length | None = None
    tell: Literal["leader of lead", "leader of parent"] | None = None
    do: Literal["push-up"] | None = None

    @model_validator(mode="after")
    def _one_of_each(self) -> "EscalationEntry":
        if (self.at is None) == (self.after is None) or (self.tell is None) == (self.do is None):
            raise ValueError("a step has either 'at' or 'after', and either 'tell' or 'do'")
        return self

    @property
    def percent(self) -> int:
        return int((self.at or "100").rstrip(" %"))

    @property
    def extra(self) -> WorkingTime:
        return parse_working_time(self.after) if self.after else WorkingTime()


class RatingEntry(Entry):
    within: PlainLength
    solved: list[Literal["yes", "partly", "no"]] = ["yes", "partly", "no"]
    scale: Annotated[int, Field(ge=2, le=10)] = 5
    satisfied_from: Annotated[int, Field(ge=1, le=10)] = 4
    reopens: Slug | None = None
    """The action that an answer other than `yes` carries out, where it is still allowed."""


class RetentionEntry(Entry):
    personal: PlainLength


class RightsEntry(Entry):
    """Who may do what every case allows."""

    assign: Parties = ["leader of lead", "operator over lead"]
    take: Parties = ["officer of lead", "leader of lead", "operator over lead"]
    push_up: Parties = ["leader of lead", "operator over lead"]
    merge: Parties = ["leader of lead", "operator over lead"]
    comment: Parties = ["officer of lead", "leader over lead", "operator over lead", "officer of supporting"]
    attach: Parties = ["officer of lead", "leader over lead", "operator over lead", "officer of supporting"]
    redate: Parties = ["leader over lead"]


class ChoiceItem(Entry):
    code: Slug
    title: Words
    icon: str = "dots"
    limit: Length | None = None


class ChoiceEntry(Entry):
    """A file of `catalog/choices/`."""

    choices: Slug
    items: Annotated[list[ChoiceItem], Field(min_length=1)]

    @model_validator(mode="after")
    def _codes_once(self) -> "ChoiceEntry":
        codes = [item.code for item in self.items]
        if len(codes) != len(set(codes)):
            raise ValueError("a code stands twice")
        return self


class CaseType(Entry):
    """A case type with all that it stands on; what is published, and what a running case keeps."""

    type: Slug
    version: Annotated[int, Field(ge=1)]
    extends: Slug | None = None
    root: Slug = ""
    title: Words
    number: Annotated[str, AfterValidator(check_pattern)]
    calendar: Slug
    channels: dict[Slug, Literal["electronic", "other"]]
    fields: dict[Slug, FieldEntry]
    inputs: dict[Slug, FieldEntry] = {}
    stages: Annotated[dict[Slug, StageEntry], Field(min_length=2)]
    clocks: dict[Slug, ClockEntry] = {}
    actions: dict[Slug, ActionEntry]
    rights: RightsEntry = RightsEntry()
    escalation: list[EscalationEntry] = []
    rating: RatingEntry | None = None
    notices: dict[Slug, Slug] = {}
    retention: RetentionEntry | None = None
    choices: dict[Slug, ChoiceEntry] = {}

    @cached_property
    def first_stage(self) -> str:
        """The stage in which a case starts: the first that is named."""
        return next(iter(self.stages))

    @cached_property
    def main_clock(self) -> str | None:
        """The clock that gives the case its due date: the one marked, else the last."""
        marked = [name for name, clock in self.clocks.items() if clock.main]
        return marked[0] if marked else next(reversed(self.clocks), None)

    @cached_property
    def closing_stage(self) -> str:
        """The first closed stage, in which merged cases end."""
        return next(name for name, stage in self.stages.items() if stage.kind == "closed")

    def items(self, field: FieldEntry) -> dict[str, ChoiceItem]:
        """The choices of a field, by code."""
        if field.choice is None:
            return {}
        return {item.code: item for item in self.choices[field.choice].items}

    @cached_property
    def categories(self) -> dict[str, ChoiceItem]:
        """The choices of the field `category`, by code; none where a type has no such field."""
        field = self.fields.get("category")
        return self.items(field) if field else {}

    def limit(self, clock: str, category: str) -> WorkingTime:
        """The limit of *clock* for a case of *category*."""
        limit = self.clocks[clock].limit
        if isinstance(limit, str):
            return parse_working_time(limit)
        item = self.categories.get(category)
        return parse_working_time(item.limit if item and item.limit else limit.default)

    def parties(self, phrases: list[str]) -> list[Party]:
        return [parse_party(phrase) for phrase in phrases]

    def digest(self) -> str:
        """What identifies the content of this version."""
        return hashlib.sha256(self.stored().encode()).hexdigest()

    def stored(self) -> str:
        """As JSON, for publication; the order of stages, clocks and actions is kept."""
        return self.model_dump_json(by_alias=True)


class Target(Entry):
    """Where a rule sends a case: the office of its commune, or a unit by code."""

    within: str
    category: Names = []
    to: str


class RoutingEntry(Entry):
    """A file of `catalog/routing/`: ordered rules, the first that fits takes the case; what none takes goes to the
    centre. `within` is the code of the office on top of the province. `push-up` names the focal point of a field."""

    routing: Slug
    rules: list[Target] = []
    push_up: list[Target] = []
    centre: dict[str, str]


def _named_twice(source: Source, key: str, name: str) -> Finding:
    return source.finding((key,), f"{key}: another file is named {name}, too")


def _merge(base: Any, over: Any) -> Any:
    if isinstance(base, dict) and isinstance(over, dict):
        return {
            **base,
            **{key: _merge(base[key], value) if key in base else value for key, value in over.items()},
        }
    return over


class CaseCatalogue:
    """All case types and routings of a folder. Raises CatalogueError with every fault of every file."""

    def __init__(self, folder: Path) -> None:
        self.findings: list[Finding] = []
        self.folder = folder
        self.calendars = {path.stem for path in (folder / "calendars").glob("*.yaml")}
        self.choices: dict[str, ChoiceEntry] = {}
        self._sources: dict[str, Source] = {}
        self.types: dict[str, CaseType] = {}
        self.routing: dict[str, tuple[Source, RoutingEntry]] = {}
        self._read_choices()
        self._find_types()
        for name in self._sources:
            self._read_type(name)
        for source, entry in self._files("routing", RoutingEntry):
            if entry.routing in self.routing:
                self.findings.append(_named_twice(source, "routing", entry.routing))
            self.routing[entry.routing] = (source, entry)
            self.findings += faults_of_routing(source, entry, self.types)

    def _read_choices(self) -> None:
        for source, entry in self._files("choices", ChoiceEntry):
            if entry.choices in self.choices:
                self.findings.append(_named_twice(source, "choices", entry.choices))
            self.choices[entry.choices] = entry
            for i, item in enumerate(entry.items):
                if item.limit:
                    self.findings += faults_of_limit(source, ("items", i, "limit"), item.limit)

    def _find_types(self) -> None:
        """The files of case types by what they name themselves."""
        for source in self._sources_in("case-types"):
            if not isinstance(source.value, dict):
                self.findings.append(source.finding((), "a case type begins with `type:`"))
                continue
            name = str(source.value.get("type"))
            if name in self._sources:
                self.findings.append(_named_twice(source, "type", name))
            self._sources[name] = source
        if not self._sources and not self.findings:
            self.findings.append(Finding("case-types", 1, f"{self.folder} has no case type"))

    def source(self, type_name: str) -> Source:
        """The file of a case type."""
        return self._sources[type_name]

    def _sources_in(self, name: str) -> Iterator[Source]:
        for path in sorted((self.folder / name).glob("*.yaml")):
            try:
                yield read_yaml(path, self.folder)
            except CatalogueError as error:
                self.findings += error.findings

    def _files(self, name: str, model: type[Any]) -> Iterator[tuple[Source, Any]]:
        for source in self._sources_in(name):
            try:
                yield source, validate(source, model)
            except CatalogueError as error:
                self.findings += error.findings

    def _read_type(self, name: str) -> None:
        source = self._sources[name]
        lineage, value = [name], source.value
        while (base := value.get("extends")) and isinstance(base, str):
            if base not in self._sources or base in lineage:
                self.findings.append(source.finding(("extends",), f"extends: no other type is named {base}"))
                return
            lineage.append(base)
            value = {
                **_merge(self._sources[base].value, value),
                "extends": self._sources[base].value.get("extends"),
            }
        if len(lineage) > 1:
            value = {**value, "extends": lineage[1]}
        merged = Source(source.file, {**value, "root": lineage[-1]}, source.lines)
        try:
            entry = validate(merged, CaseType)
        except CatalogueError as error:
            self.findings += error.findings
            return
        faults = list(faults_of_type(source, entry, self.calendars, self.choices))
        self.findings += faults
        if not faults:
            used = {field.choice for field in (*entry.fields.values(), *entry.inputs.values()) if field.choice}
            choices = {name: self.choices[name] for name in sorted(used)}
            self.types[name] = entry.model_copy(update={"choices": choices})


def read_case_types(folder: Path) -> dict[str, CaseType]:
    """Every case type of a catalogue folder, by name. Raises CatalogueError."""
    catalogue = CaseCatalogue(folder)
    if catalogue.findings:
        raise CatalogueError(sorted(catalogue.findings))
    return catalogue.types


def check(folder: Path) -> list[Finding]:
    """Every fault of a catalogue folder: calendars, units, notices, case types, routing, and what ties them."""
    findings: list[Finding] = []
    notices: set[str] = set()
    try:
        read_calendars(folder)
    except CatalogueError as error:
        findings += error.findings
    try:
        notices = set(read_notices(folder))
        findings += [
            Finding("notices", 1, f"no file has the text {name}, which every installation needs")
            for name in sorted(REQUIRED - notices)
        ]
    except CatalogueError as error:
        findings += error.findings
    offices, faults = check_offices(folder)
    catalogue = CaseCatalogue(folder)
    findings += [*faults, *catalogue.findings]
    for name, case_type in catalogue.types.items():
        source = catalogue.source(name)
        for event, text in case_type.notices.items():
            if text not in notices:
                findings.append(source.finding(("notices", event), f"notices.{event}: there is no text named {text}"))
    for source, routing in catalogue.routing.values():
        findings += stale_rules(source, routing, offices)
    return sorted(set(findings))
