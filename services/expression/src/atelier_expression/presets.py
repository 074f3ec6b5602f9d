"""The expressions that can be asked for by name."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

from atelier_sdk.errors import FieldViolation, PresetUnknownError

from atelier_expression.controls import Adjustment

if TYPE_CHECKING:
    from collections.abc import Mapping

# One control of the request moves both eyes.
_BOTH_EYES = ("left_eye_open", "right_eye_open")


@dataclass(frozen=True, slots=True)
class NamedExpression:
    """An expression as data: what it shows, and the controls that make it."""

    description: str
    adjustment: Adjustment


@cache
def expressions() -> Mapping[str, NamedExpression]:
    """Read the expressions, by name, in the order of their file."""
    text = resources.files("atelier_expression").joinpath("expressions.toml").read_text(encoding="utf-8")
    return {name: _expression(entry) for name, entry in tomllib.loads(text).items()}


def expression(name: str) -> Adjustment:
    """Look an expression up by name.

    Raises PresetUnknownError with the nearest names.
    """
    known = expressions()
    if name in known:
        return known[name].adjustment
    near = difflib.get_close_matches(name.lower().replace(" ", "_"), known, n=3, cutoff=0.5) or list(known)[:3]
    message = f"there is no expression {name!r}; the nearest are {', '.join(near)}"
    raise PresetUnknownError(
        message,
        metadata={"kind": "expression", "name": name, "nearest": ", ".join(near)},
        violations=(FieldViolation("adjustment.expression", message),),
    )


def _expression(entry: dict[str, object]) -> NamedExpression:
    """Make an expression of a table of the file; a misspelt control stops the start."""
    controls = {name: value for name, value in entry.items() if name != "description"}
    both = controls.pop("eye_open", None)
    if both is not None:
        controls = dict.fromkeys(_BOTH_EYES, both) | controls
    known = {field.name for field in fields(Adjustment)}
    if not controls or not controls.keys() <= known:
        raise ValueError(f"expressions.toml: {sorted(controls.keys() - known)} are no controls")
    return NamedExpression(str(entry["description"]), Adjustment(**controls))  # type: ignore[arg-type]
