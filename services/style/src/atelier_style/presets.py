"""The grades and film stocks that can be asked for by name."""

from __future__ import annotations

import difflib
import tomllib
from dataclasses import dataclass, fields
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, TypeVar

from atelier_imaging.grain.model import GrainModel
from atelier_sdk.errors import FieldViolation, PresetUnknownError

from atelier_style.look import HueShift, Look, Tint

if TYPE_CHECKING:
    from collections.abc import Mapping

Found = TypeVar("Found")
_STOCK_DEFAULTS: Mapping[str, object] = {
    "rgb": False,
    "layer_gains": (1.0, 1.0, 1.0),
    "layer_correlation": 0.0,
    "rms_granularity": None,
    "source": "tuned by eye",
}


@dataclass(frozen=True, slots=True)
class Stock:
    """A film stock as data.

    `iso` is its own speed, at which `model` is its grain. `rgb` says that it is a colour film, with grain in each dye
    layer weighed by `layer_gains` and alike by `layer_correlation`. `rms_granularity` is the manufacturer's figure
    (diffuse, times 1000, 48 µm aperture), with where it was published in `source`; None where there is none and the
    grain is tuned by eye.
    """

    description: str
    iso: float
    model: GrainModel
    rgb: bool
    layer_gains: tuple[float, float, float]
    layer_correlation: float
    rms_granularity: float | None
    source: str


@cache
def grades() -> Mapping[str, Look]:
    """Read the grades, by name, in the order of their file."""
    return {name: _look(entry) for name, entry in _read("grades.toml").items()}


@cache
def stocks() -> Mapping[str, Stock]:
    """Read the film stocks, by name, in the order of their file."""
    return {name: _stock(entry) for name, entry in _read("stocks.toml").items()}


def find(kind: str, name: str, known: Mapping[str, Found], field: str) -> Found:
    """Look a preset up by name; `field` is the request's field that asks for it.

    Raises PresetUnknownError with the nearest names.
    """
    if name in known:
        return known[name]
    near = difflib.get_close_matches(name.lower(), known, n=3, cutoff=0.5) or list(known)[:3]
    message = f"there is no {kind} {name!r}; the nearest are {', '.join(near)}"
    raise PresetUnknownError(
        message,
        metadata={"kind": kind, "name": name, "nearest": ", ".join(near)},
        violations=(FieldViolation(field, message),),
    )


def check_names(grade: str | None, stock: str | None) -> None:
    """Look up all names of a request before any work is done.

    Raises PresetUnknownError that names every unknown one.
    """
    refusals: list[PresetUnknownError] = []
    for kind, name, known, field in (
        ("grade", grade, grades(), "grade.preset"),
        ("film stock", stock, stocks(), "grain.stock"),
    ):
        try:
            if name is not None:
                find(kind, name, dict(known), field)
        except PresetUnknownError as refusal:
            refusals.append(refusal)
    if refusals:
        raise PresetUnknownError(
            "; ".join(refusal.message for refusal in refusals),
            metadata=refusals[0].metadata,
            violations=tuple(violation for refusal in refusals for violation in refusal.violations),
        )


def _read(file: str) -> dict[str, dict[str, object]]:
    return tomllib.loads(resources.files("atelier_style").joinpath(file).read_text(encoding="utf-8"))


def _look(entry: dict[str, object]) -> Look:
    """Make a look of a table of the file; a misspelt field stops the start."""
    values = {name: _frozen(value) for name, value in entry.items()}
    for name in ("shadows", "highlights"):
        if name in entry:
            values[name] = Tint(**entry[name])  # type: ignore[arg-type]
    if "hues" in entry:
        values["hues"] = tuple(HueShift(**shift) for shift in entry["hues"])  # type: ignore[attr-defined]
    return Look(**values)  # type: ignore[arg-type]


def _stock(entry: dict[str, object]) -> Stock:
    """Make a stock of a table of the file; a misspelt field stops the start."""
    grain = {field.name: entry.pop(field.name) for field in fields(GrainModel) if field.name in entry}
    values = dict(_STOCK_DEFAULTS)
    values |= {name: _frozen(value) for name, value in entry.items()}
    return Stock(model=GrainModel(**grain), **values)  # type: ignore[arg-type]


def _frozen(value: object) -> object:
    """Turn lists into tuples, however deep."""
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
