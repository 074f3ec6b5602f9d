"""Light rigs as YAML files.

    key: {azimuth_degrees: 45, elevation_degrees: 40, softness: 0.4, kelvin: 5200}
    fill: {azimuth_degrees: -30, softness: 0.8}
    rim: {azimuth_degrees: -150, elevation_degrees: 30, intensity: 0.8, kelvin: 3400}
    ambient: 0.1
    ratio: 4

Every key may be left out; what each means and its default stand with `Lamp` and `LightRig`.
"""

from __future__ import annotations

import difflib
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import yaml

from atelier_client.light import Lamp, LightRig

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_LAMPS = ("key", "fill", "rim")


class RigFileError(ValueError):
    """A file holds no light rig; the message names every key that is wrong."""


def read_rig(path: Path) -> LightRig:
    """Read a rig. Errors: RigFileError; OSError of a file that cannot be read.

    Whether a number lies within its limits is for the service to say.
    """
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise RigFileError(f"{path.name} is no YAML: {_where(error)}") from error
    wrong = list(_wrong(content))
    if wrong:
        raise RigFileError(f"{path.name}: " + "; ".join(wrong))
    values: dict[str, Any] = {name: _lamp(value) if name in _LAMPS else value for name, value in content.items()}
    return LightRig(**values)


def _lamp(content: Any) -> Lamp:
    """Make a lamp; one without any key is of its place's defaults. Any: what was found to be right."""
    return Lamp(**(content or {}))


def _wrong(content: Any) -> Iterator[str]:
    """Say everything that is wrong. Any: whatever the file holds."""
    if not isinstance(content, dict) or not content:
        yield f"a rig has the keys {', '.join(field.name for field in fields(LightRig))}"
        return
    yield from _unknown("", content, LightRig)
    for name, value in content.items():
        if name in ("ambient", "ratio"):
            yield from _no_number(name, value)
        elif name not in _LAMPS:
            continue
        elif value is not None and not isinstance(value, dict):
            yield f"{name} is a lamp with keys such as azimuth_degrees, not {value!r}"
        else:
            lamp = value or {}
            yield from _unknown(f"{name}.", lamp, Lamp)
            for key, number in lamp.items():
                yield from _no_number(f"{name}.{key}", number)


def _unknown(place: str, found: dict[Any, Any], kind: type[Lamp | LightRig]) -> Iterator[str]:
    known = [field.name for field in fields(kind)]
    for name in found:
        if name not in known:
            near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
            yield f"there is no key {place}{name}; " + (f"is {near[0]} meant?" if near else f"use {', '.join(known)}")


def _no_number(name: str, value: Any) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield f"{name} is a number, not {value!r}"


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    problem = getattr(error, "problem", None) or str(error)
    return f"line {mark.line + 1}, column {mark.column + 1}: {problem}" if mark else problem
