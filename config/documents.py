"""YAML files that people write, read so that every complaint can name file, line and field.

Plain scalars stay text until a model says what they are: ``01``, ``no`` and ``12:30`` are a station, a word and
a time of day, never 1, False and 750. Duplicate fields, anchors and aliases are refused. Not here: what the
fields mean (``config.rule_pack``, ``records.declaration``).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from yaml.events import AliasEvent
from yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from config.errors import DocumentRefused, Problem

FieldPath = tuple[str | int, ...]
Model = TypeVar("Model", bound=BaseModel)
_NULLS = ("", "~", "null", "Null", "NULL")
_LARGEST_BYTES = 4 << 20  # a city's whole set-up is far below this
_DEEPEST = 32


class _Loader(yaml.SafeLoader):
    """Composes nodes only; refuses what would let one file mean more than it shows."""

    depth = 0

    def compose_node(self, parent: Node | None, index: int) -> Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if self.check_event(AliasEvent) or getattr(event, "anchor", None) is not None:
            raise yaml.MarkedYAMLError(
                problem="anchors and aliases are not supported here; write the value out",
                problem_mark=event.start_mark,
            )
        self.depth += 1
        if self.depth > _DEEPEST:
            raise yaml.MarkedYAMLError(problem="nested too deeply", problem_mark=event.start_mark)
        node = super().compose_node(parent, index)
        self.depth -= 1
        return node


class Document:
    """One YAML file as plain values (mappings, lists, text, None) with the line of every field."""

    def __init__(self, name: str, text: str) -> None:
        """Raises DocumentRefused when the text is not YAML or holds a field twice."""
        self.name = name
        self._lines: dict[FieldPath, int] = {(): 1}
        self._repeated: list[Problem] = []
        self.value = self._value((), self._composed(text))
        if self._repeated:
            raise DocumentRefused(self._repeated)

    @classmethod
    def read(cls, path: Path) -> Document:
        """The document of a file. Raises DocumentRefused when it cannot be read."""
        try:
            with path.open("rb") as file:
                raw = file.read(_LARGEST_BYTES + 1)
        except OSError as error:
            raise DocumentRefused([Problem(str(path), 1, "", f"cannot be read: {error.strerror}")]) from error
        return cls.decoded(str(path), raw)

    @classmethod
    def decoded(cls, name: str, raw: bytes) -> Document:
        """The document of a file's bytes. Raises DocumentRefused when they are too many, or no text."""
        if len(raw) > _LARGEST_BYTES:
            raise DocumentRefused([Problem(name, 1, "", f"is larger than {_LARGEST_BYTES} bytes")])
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise DocumentRefused([Problem(name, line, "", "is not UTF-8 text; save it as UTF-8")]) from error
        return cls(name, text)

    def line(self, field: FieldPath) -> int:
        """The line of a field, or of the nearest thing around it that is written down."""
        while field not in self._lines:
            field = field[:-1]
        return self._lines[field]

    def problem(self, field: FieldPath, message: str) -> Problem:
        return Problem(self.name, self.line(field), spelled(field), message)

    def validated(self, model: type[Model]) -> Model:
        """The document as ``model``. Raises DocumentRefused with every field that breaks the schema."""
        try:
            return model.model_validate(self.value)
        except ValidationError as error:
            raise DocumentRefused([self._schema_problem(each) for each in _own(error.errors())]) from None

    def _schema_problem(self, error: ErrorDetails) -> Problem:
        return self.problem(error["loc"], _said(error))

    def _composed(self, text: str) -> Node | None:
        loader = None
        try:
            loader = _Loader(text)
            return loader.get_single_node()
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = mark.line + 1 if mark is not None else 1
            raise DocumentRefused([Problem(self.name, line, "", f"is not YAML: {error.problem}")]) from None
        except yaml.YAMLError as error:
            raise DocumentRefused([Problem(self.name, 1, "", f"is not YAML: {error}")]) from None
        finally:
            if loader is not None:
                loader.dispose()

    def _value(self, field: FieldPath, node: Node | None) -> Any:
        if isinstance(node, MappingNode):
            return self._mapping(field, node)
        if isinstance(node, SequenceNode):
            for index, item in enumerate(node.value):
                self._lines[(*field, index)] = item.start_mark.line + 1
            return [self._value((*field, index), item) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return None if node.style is None and node.value in _NULLS else node.value
        return None

    def _mapping(self, field: FieldPath, node: MappingNode) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, value_node in node.value:
            line = key_node.start_mark.line + 1
            if not isinstance(key_node, ScalarNode):
                self._repeated.append(Problem(self.name, line, spelled(field), "a field's name must be one word"))
                continue
            key = key_node.value
            below = (*field, key)
            if key in found:
                first = self._lines[below]
                self._repeated.append(Problem(self.name, line, spelled(below), f"is already given in line {first}"))
                continue
            self._lines[below] = line
            found[key] = self._value(below, value_node)
        return found


_GROUP = "must be a group of fields (name: value)"
_SENTENCES = {
    "missing": "is required and missing",
    "extra_forbidden": "is not a known field",
    "string_type": "must be one word or text",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "model_type": _GROUP,
    "model_attributes_type": _GROUP,
    "dict_type": _GROUP,
}


def _own(errors: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without lists that are too short only because an entry of theirs is wrong, which is told for itself."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if error["type"] != "too_short"
        or not any(place[: len(error["loc"])] == error["loc"] != place for place in places)
    ]


def _said(error: ErrorDetails) -> str:
    """A schema error in the words of someone who edits YAML."""
    kind, message = error["type"], error["msg"]
    if error["input"] is None and kind != "missing":
        return "must not be empty"
    if kind in _SENTENCES:
        return _SENTENCES[kind]
    if kind == "value_error":
        return message.removeprefix("Value error, ")
    return message[:1].lower() + message[1:]


def spelled(field: FieldPath) -> str:
    """A field path for people: ``sites[0].rooms[1].id``."""
    text = ""
    for part in field:
        if isinstance(part, int):
            text += f"[{part}]"
        else:
            text += f".{part}" if text else part
    return text
