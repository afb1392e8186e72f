"""Reading the YAML that a province edits: a file becomes a typed value, or findings with file, line and reason."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Place = tuple[str | int, ...]
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")  # PostgreSQL refuses them


@dataclass(frozen=True, order=True)
class Finding:
    """One thing wrong in the catalogue."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.reason}"


class CatalogueError(Exception):
    """A catalogue file that cannot be used; `findings` says where and why."""

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__("\n".join(str(finding) for finding in findings))
        self.findings = findings


class Entry(BaseModel):
    """A part of a catalogue file. Unknown keys are refused; keys are written with hyphens."""

    model_config = ConfigDict(
        extra="forbid",
        frozen=True,
        populate_by_name=True,
        alias_generator=lambda name: name.rstrip("_").replace("_", "-"),
    )


class Words(Entry):
    """A text in both languages of the interface."""

    vi: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]

    def in_language(self, language: str | None) -> str:
        """The text in *language*; Vietnamese for any language but English."""
        return self.en if (language or "").startswith("en") else self.vi


M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Source:
    """A parsed YAML file that remembers on which line each of its values stands."""

    file: str
    value: Any
    lines: dict[Place, int]

    def line(self, place: Place) -> int:
        """The line of the value at *place*, or of the nearest value around it."""
        while place and place not in self.lines:
            place = place[:-1]
        return self.lines.get(place, 1)

    def finding(self, place: Place, reason: str) -> Finding:
        """A finding at *place*."""
        return Finding(self.file, self.line(place), reason)


def read_yaml(path: Path, root: Path | None = None) -> Source:
    """Parse one YAML file; *root* shortens its name in messages. Raises CatalogueError."""
    name = str(path.relative_to(root)) if root and path.is_relative_to(root) else path.name
    lines: dict[Place, int] = {}
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_what_is_not_plain(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        if node is None:
            raise CatalogueError([Finding(name, 1, "the file is empty")])
        value = _build(node, (), lines, name, yaml.SafeLoader(""))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise CatalogueError([Finding(name, mark.line + 1 if mark else 1, f"not YAML: {problem}")]) from error
    except OSError as error:  # a folder, a dangling link, a file that may not be read
        reason = f"the file cannot be read: {error.strerror or error}"
        raise CatalogueError([Finding(name, 1, reason)]) from error
    except RecursionError as error:
        raise CatalogueError([Finding(name, max(lines.values(), default=1), "nested too deeply")]) from error
    return Source(name, value, lines)


def _refuse_what_is_not_plain(text: str, name: str) -> None:
    """A few nested aliases unfold to gigabytes, and a reader would have to look up what stands elsewhere; tags ask
    for types that no field has.
    """
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        line = event.start_mark.line + 1 if event.start_mark else 1
        if getattr(event, "anchor", None):
            raise CatalogueError([Finding(name, line, "anchors (& and *) are not used here: write it out")])
        if tag := getattr(event, "tag", None):
            raise CatalogueError([Finding(name, line, f"tags are not used here: leave out {tag}")])


def _build(node: yaml.Node, place: Place, lines: dict[Place, int], name: str, loader: yaml.SafeLoader) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = _key(key_node, name, loader)
            if key in result:
                raise CatalogueError([Finding(name, key_node.start_mark.line + 1, f"the key {key!r} stands twice")])
            result[key] = _build(value_node, (*place, str(key)), lines, name, loader)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(part, (*place, i), lines, name, loader) for i, part in enumerate(node.value)]
    return _plain(node, name, loader)


def _key(node: yaml.Node, name: str, loader: yaml.SafeLoader) -> Any:
    if not isinstance(node, yaml.ScalarNode):
        raise CatalogueError([Finding(name, node.start_mark.line + 1, "a key is one word")])
    key = _plain(node, name, loader)
    # YAML 1.1 reads a bare `on` as true; here it is a word
    return node.value if key is True and node.value in {"on", "On", "yes", "y"} else key


def _plain(node: yaml.Node, name: str, loader: yaml.SafeLoader) -> Any:
    """The value of a scalar; what looks like a date or a number and is none is a finding."""
    try:
        value = loader.construct_object(node, deep=True)
    except (yaml.YAMLError, ValueError) as error:
        reason = f"{str(node.value)[:40]!r} cannot be read: {getattr(error, 'problem', None) or error}"
        raise CatalogueError([Finding(name, node.start_mark.line + 1, reason)]) from error
    if isinstance(value, str) and _UNSTORABLE.search(value):
        raise CatalogueError([Finding(name, node.start_mark.line + 1, "a sign that no text can hold")])
    return value


def validate(source: Source, model: type[M], place: Place = ()) -> M:
    """The value at *place* of *source* as *model*. Raises CatalogueError with every fault found."""
    value = source.value
    for step in place:
        value = value[step]
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise CatalogueError(
            [source.finding((*place, *fault["loc"]), _reason(fault)) for fault in error.errors()]
        ) from error


def read(path: Path, model: type[M], root: Path | None = None) -> M:
    """Parse and validate one file. Raises CatalogueError."""
    return validate(read_yaml(path, root), model)


def _reason(fault: Any) -> str:
    where = ".".join(str(step) for step in fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown field {where}"
    if fault["type"] == "missing":
        return f"{where} is missing"
    return f"{where}: {fault['msg'].removeprefix('Value error, ')}"
