"""Reading the YAML that a province edits: a file becomes a typed value, or findings with file, line and reason."""

from collections.abc import Hashable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

Place = tuple[str | int, ...]


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
    try:
        text = path.read_text(encoding="utf-8")
        _refuse_anchors(text, name)
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise CatalogueError([Finding(name, mark.line + 1 if mark else 1, f"not YAML: {problem}")]) from error
    if node is None:
        raise CatalogueError([Finding(name, 1, "the file is empty")])
    lines: dict[Place, int] = {}
    value = _build(node, (), lines, name, yaml.SafeLoader(""))
    return Source(name, value, lines)


def _refuse_anchors(text: str, name: str) -> None:
    """A few nested aliases unfold to gigabytes; and a reader would have to look up what stands elsewhere."""
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        if getattr(event, "anchor", None):
            line = event.start_mark.line + 1 if event.start_mark else 1
            raise CatalogueError([Finding(name, line, "anchors (& and *) are not used here: write it out")])


def _build(node: yaml.Node, place: Place, lines: dict[Place, int], name: str, loader: yaml.SafeLoader) -> Any:
    lines[place] = node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        result: dict[Any, Any] = {}
        for key_node, value_node in node.value:
            key = loader.construct_object(key_node, deep=True)
            if key is True and key_node.value in {"on", "On", "yes", "y"}:
                key = key_node.value  # YAML 1.1 reads a bare `on` as true; here it is a word
            if not isinstance(key, Hashable) or key in result:
                raise CatalogueError([Finding(name, key_node.start_mark.line + 1, f"the key {key!r} stands twice")])
            result[key] = _build(value_node, (*place, str(key)), lines, name, loader)
        return result
    if isinstance(node, yaml.SequenceNode):
        return [_build(part, (*place, i), lines, name, loader) for i, part in enumerate(node.value)]
    return loader.construct_object(node, deep=True)


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
