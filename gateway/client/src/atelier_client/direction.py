"""What is to be photographed and how: a text, a preset, and fields by their short names, as one message."""

from __future__ import annotations

import difflib
import math
import tomllib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, TypeAlias

from atelier.v1 import generate_pb2, light_pb2
from google.protobuf.descriptor import FieldDescriptor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from google.protobuf.message import Message

Value: TypeAlias = str | float | int | bool

_SIDES: Mapping[str, int] = {"left": light_pb2.LIGHT_SIDE_LEFT, "right": light_pb2.LIGHT_SIDE_RIGHT}


@dataclass(frozen=True, slots=True)
class ShortName:
    """A short name's field of a direction, as a path, in words what it takes, and its names where it takes no other."""

    path: str
    takes: str
    names: tuple[str, ...] = ()


@cache
def short_names() -> Mapping[str, ShortName]:
    """Read the short names, in the order of a photographer's brief."""
    text = resources.files("atelier_client").joinpath("fields.toml").read_text(encoding="utf-8")
    return {
        name: ShortName(entry["path"], entry["takes"], tuple(entry.get("names", ())))
        for name, entry in tomllib.loads(text).items()
    }


def direction_of(text: str = "", preset: str = "", fields: Mapping[str, Value] | None = None) -> generate_pb2.Direction:
    """Make a direction. `fields` are by short names or whole paths, such as `age` or `subject.age_years`.

    Raises ValueError that names every field that is unknown, with the nearest names, or that takes no such value.
    """
    direction = generate_pb2.Direction(text=text, preset=preset)
    faults: list[str] = []
    for name, value in (fields or {}).items():
        try:
            _set(direction, path_of(name), name, value)
        except ValueError as fault:
            faults.append(str(fault))
    if faults:
        raise ValueError("; ".join(faults))
    return direction


def path_of(name: str) -> str:
    """Return the path of a field by its short name or its path.

    Raises ValueError with the nearest names, or with those of a whole group such as `lens`.
    """
    known = short_names()
    asked = name.strip().casefold()
    paths = {one.path: one.path for one in known.values()} | {short: one.path for short, one in known.items()}
    if asked in paths:
        return paths[asked]
    near = [short for short, one in known.items() if one.path.startswith(f"{asked}.")]
    near = near or difflib.get_close_matches(asked, paths, n=3, cutoff=0.5)
    hint = f"; the nearest {'is' if len(near) == 1 else 'are'} {', '.join(near)}" if near else ""
    raise ValueError(f"there is no field {name!r}{hint}")


def _set(direction: Message, path: str, name: str, value: Value) -> None:
    """Set a field by its path. Raises ValueError for what is no number where one is wanted."""
    *groups, leaf = path.split(".")
    message = direction
    for group in groups:
        message = getattr(message, group)
    descriptor = message.DESCRIPTOR.fields_by_name[leaf]
    setattr(message, leaf, _named(path, name, value) or _typed(descriptor, name, value))


def _named(path: str, name: str, value: Value) -> str:
    """Take one of a field's names where it takes no other; empty where it does, or where nothing is said."""
    field = next(one for one in short_names().values() if one.path == path)
    if field.names and value and value not in field.names:
        raise ValueError(f"{name} is {field.takes}, not {value!r}; there are {', '.join(field.names)}")
    return str(value) if field.names else ""


def _typed(descriptor: FieldDescriptor, name: str, value: Value) -> Value:
    if descriptor.type == FieldDescriptor.TYPE_ENUM:
        side = _SIDES.get(str(value).strip().casefold())
        if side is None:
            raise ValueError(f"{name} is left or right, not {value!r}")
        return side
    if descriptor.type == FieldDescriptor.TYPE_STRING:
        return str(value)
    return _number(name, value, whole=descriptor.type == FieldDescriptor.TYPE_INT32)


def _number(name: str, value: Value, *, whole: bool) -> float:
    """Read a number; what a range says of it is the service's to say."""
    try:
        number = float(value)
    except ValueError:
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number) or abs(number) > 1e6 or (whole and number % 1):
        raise ValueError(f"{name} takes a {'whole ' if whole else ''}number, not {value!r}")
    return int(number) if whole else number
