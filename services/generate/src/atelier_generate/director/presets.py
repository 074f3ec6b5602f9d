"""Presets: values of fields that are left open, for a purpose or a look."""

from __future__ import annotations

import difflib
import logging
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import FieldViolation

from atelier_generate.director.fields import fields
from atelier_generate.director.kept import kept_for_the_last
from atelier_generate.director.vocabulary import data

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from atelier_sdk.preset import Preset as Offered

    from atelier_generate.director.fields import Value

_LISTED: Final = 5  # so few names are all listed, the nearest or not
_SHOWN: Final = 24
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Preset:
    """Values by paths of a direction's fields, under a name. `kind` is `purpose` or `look`."""

    kind: str
    name: str
    description: str
    values: Mapping[str, Value]


@cache
def own_presets() -> Mapping[str, Preset]:
    """Read the presets that come with the director, by name."""
    return {name: Preset(name=name, **entry) for name, entry in data("presets.toml").items()}


@kept_for_the_last
def presets_with(added: Iterable[Offered]) -> Mapping[str, Preset]:
    """Return the presets with those that plugins add; presets of another kind than purpose or look are left out.

    One whose name is taken, or that sets what a field does not take, is left out too, and the log says why.
    """
    known = dict(own_presets())
    for one in added:
        if one.kind not in {"purpose", "look"}:
            continue
        values = _checked(one)
        if one.name in known or values is None:
            _LOG.warning("a plugin's preset %s is left out: its name is taken, or its values are no field's", one.name)
        else:
            known[one.name] = Preset(one.kind, one.name, one.description, values)
    return known


def unknown(kind: str, name: str, known: Iterable[str], field: str) -> FieldViolation:
    """Say that there is no such name, and which there are: all where they are few, else the nearest."""
    names = list(known)
    near = difflib.get_close_matches(name.casefold(), names, n=3, cutoff=0.5)
    shown = name if len(name) <= 64 else f"{name[:64]}…"
    if len(names) <= _LISTED or not near:
        known_ones = f"there {'is' if len(names) == 1 else 'are'} {', '.join(names[:_SHOWN])}"
    else:
        known_ones = f"the nearest {'is' if len(near) == 1 else 'are'} {', '.join(near)}"
    return FieldViolation(field, f"there is no {kind} {shown!r}; {known_ones}")


def _checked(one: Offered) -> dict[str, Value] | None:
    """Return the values of a preset as fields have them; None where one has no field or is not taken by it."""
    values: dict[str, Value] = {}
    for path, value in one.values.items():
        known = fields().get(path)
        number = isinstance(value, int | float) and not isinstance(value, bool)
        plain: Value | None = float(value) if number else value if isinstance(value, str) else None  # type: ignore[arg-type]
        if known is None or plain is None or not known.takes(plain):
            return None
        values[path] = plain
    return values
