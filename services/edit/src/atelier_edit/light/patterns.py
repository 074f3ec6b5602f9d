"""The patterns and moods of light that can be asked for by name."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from atelier_sdk.errors import FieldViolation, PresetUnknownError

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class PatternLamp:
    """A further lamp of a pattern: a fill by its `share` of all that opens the shadows, a rim by its `intensity`."""

    azimuth: float
    elevation: float
    softness: float = 0.5
    share: float = 0.0
    intensity: float = 0.0
    kelvin: float | None = None


@dataclass(frozen=True, slots=True)
class Pattern:
    """A pattern of light as data; `rigs.toml` says what each field means."""

    description: str
    azimuth: float
    elevation: float
    ratio: float
    softness: float
    kelvin: float | None = None
    ambient_kelvin: float | None = None
    turned: str = ""
    exposure_stops: float = 0.0
    falloff: float = 0.0
    background_stops: float = 0.0
    warmth: float = 0.0
    fill: PatternLamp | None = None
    rim: PatternLamp | None = None


@cache
def patterns() -> Mapping[str, Pattern]:
    """Read the patterns, by name, in the order of their file."""
    return {name: _pattern(entry) for name, entry in _read("rigs.toml").items()}


@cache
def moods() -> Mapping[str, Pattern]:
    """Read the moods, by name, in the order of their file, each as the pattern it makes of its own."""
    return {name: _mood(entry) for name, entry in _read("moods.toml").items()}


def check_names(pattern: str | None, mood: str | None) -> None:
    """Look up all names of a request.

    Raises PresetUnknownError that names every unknown one and the nearest that exist.
    """
    violations, metadata = [], dict[str, str]()
    for kind, name, known in (("pattern", pattern, patterns()), ("mood", mood, moods())):
        if name and name not in known:
            near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5) or list(known)[:3]
            message = f"there is no {kind} {name!r}; the nearest are {', '.join(near)}"
            violations.append(FieldViolation(f"relighting.{kind}", message))
            metadata = metadata or {"kind": kind, "name": name, "nearest": ", ".join(near)}
    if violations:
        message = "; ".join(violation.description for violation in violations)
        raise PresetUnknownError(message, metadata=metadata, violations=tuple(violations))


def _read(file: str) -> dict[str, dict[str, object]]:
    return tomllib.loads(resources.files("atelier_edit.light").joinpath(file).read_text(encoding="utf-8"))


def _pattern(entry: dict[str, object]) -> Pattern:
    """Make a pattern of a table of the file; a misspelt field stops the start."""
    lamps = {name: PatternLamp(**entry[name]) for name in ("fill", "rim") if name in entry}  # type: ignore[arg-type]
    return Pattern(**(entry | lamps))  # type: ignore[arg-type]


def _mood(entry: dict[str, object]) -> Pattern:
    own = dict(entry)
    return replace(patterns()[str(own.pop("pattern"))], **own)  # type: ignore[arg-type]
