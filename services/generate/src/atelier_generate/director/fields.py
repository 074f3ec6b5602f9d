"""The fields of a direction: their paths in order, and the ranges that the API promises."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, TypeAlias

from atelier.v1 import generate_pb2, light_pb2
from buf.validate import validate_pb2
from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from google.protobuf.descriptor import Descriptor
    from google.protobuf.message import Message

Value: TypeAlias = str | float

MANY: Final = frozenset({
    "subject.hair", "subject.facial_hair", "subject.eyewear", "shot", "scene", "pose", "expression", "mood", "grade",
    "purpose", "preset",
})  # fmt: skip
"""Fields that several phrases can say together."""

NAMED: Final[tuple[str, ...]] = (
    "lighting.pattern",
    "skin.finish",
    "composition.aspect",
    "composition.size",
    "composition.framing",
)
"""Fields that take a name and nothing else."""

PROSE: Final[tuple[str, ...]] = ("subject.description", "shot", "scene", "pose", "expression", "mood", "extra")
"""Fields whose words may say other fields too."""

FRAMES: Final[Mapping[str, tuple[str, ...]]] = {
    "composition.aspect": ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9"),
    "composition.size": ("1K", "2K", "4K"),
}
"""Fields whose names are figures of the frame: a name that is not here has none, whoever brings it."""

_SIDES: Final[Mapping[int, str]] = {light_pb2.LIGHT_SIDE_LEFT: "left", light_pb2.LIGHT_SIDE_RIGHT: "right"}


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a direction: its path, for a number the range it lies in, for a figure of the frame its names."""

    path: str
    low: float | None = None
    high: float | None = None
    names: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        """Say whether the field is a number."""
        return self.low is not None

    def takes(self, value: Value) -> bool:
        """Say whether a value is one of the field's."""
        if self.low is None or self.high is None:
            return isinstance(value, str) and (not self.names or value in self.names)
        return not isinstance(value, str) and self.low <= value <= self.high


@cache
def fields() -> Mapping[str, Field]:
    """Return the fields of a direction by their paths, in the order of its message."""
    return {field.path: field for field in _fields(generate_pb2.Direction.DESCRIPTOR, "")}


def given(direction: generate_pb2.Direction) -> dict[str, Value]:
    """Read what a direction holds, by path; empty words are not given. Control characters become spaces."""
    found: dict[str, Value] = {}
    for path in fields():
        value = _value(direction, path.split("."))
        if value is not None:
            found[path] = value
    return found


def _fields(descriptor: Descriptor, before: str) -> Iterator[Field]:
    for field in descriptor.fields:
        path = before + field.name
        if field.message_type is not None:
            yield from _fields(field.message_type, f"{path}.")
            continue
        yield Field(path, *_range(field), names=FRAMES.get(path, ()))


def _range(field: FieldDescriptor) -> tuple[float | None, float | None]:
    rules = field.GetOptions().Extensions[validate_pb2.field]
    if field.type == FieldDescriptor.TYPE_INT32:
        return rules.int32.gte, rules.int32.lte
    return (rules.float.gte, rules.float.lte) if field.type == FieldDescriptor.TYPE_FLOAT else (None, None)


def _value(direction: Message, steps: list[str]) -> Value | None:
    message = direction
    for step in steps[:-1]:
        message = getattr(message, step)
    field = message.DESCRIPTOR.fields_by_name[steps[-1]]
    value = getattr(message, field.name)
    if field.type == FieldDescriptor.TYPE_ENUM:
        return _SIDES.get(value)
    if field.type == FieldDescriptor.TYPE_STRING:
        return clean(value) or None
    return round(float(value), 6) if message.HasField(field.name) else None


def clean(text: str) -> str:
    """Make one line of words: whatever cannot be printed becomes a space, and several spaces one."""
    return " ".join("".join(one if one.isprintable() else " " for one in text.replace("\n", ", ")).split()).strip(" ,")
