"""What an author says of an edit, so that the kit can hold it to the contract."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Fields = Mapping[str, Any]
"""Fields of a request, as JSON names and nests them."""

Effect = Callable[["NDArray[np.uint8]", "NDArray[np.uint8]"], float]
"""How much a result, (height, width, 4), is changed against its source: any number that grows with the change."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of the kit's portrait, in pixels."""

    left: int
    top: int
    width: int
    height: int

    def of(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Cut it out."""
        return pixels[self.top : self.top + self.height, self.left : self.left + self.width]


def mean_difference(source: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
    """Return the mean absolute difference of two pictures of one size, in levels of 255."""
    return float(np.abs(source.astype(np.int16) - result.astype(np.int16)).mean())


@dataclass(frozen=True, slots=True, eq=False)
class Edit:
    """One control of one RPC that gives back a picture; equal to itself alone.

    `rpc` is its name (`Desaturate`). `request` holds the fields that every request has besides the picture. With
    `neutral` on top of them nothing changes. `control` is the path of the field (`grade.strength`) whose `effect` grows
    with each of the five `settings`. Where the edit works through a mask, `untouched` names rectangles of the kit's
    portrait outside of it. `keeps_frame` is false where the whole picture is meant to move, as by a lens.
    """

    rpc: str
    neutral: Fields
    control: str
    settings: tuple[float, float, float, float, float] = (0.2, 0.4, 0.6, 0.8, 1.0)
    request: Fields = field(default_factory=dict)
    effect: Effect = mean_difference
    untouched: tuple[Box, ...] = ()
    keeps_frame: bool = True

    def at(self, setting: float) -> Fields:
        """Return the fields of a request with the control at a setting."""
        nested: Any = setting
        for name in reversed(self.control.split(".")):
            nested = {name: nested}
        return merged(self.request, nested)

    @property
    def unchanged(self) -> Fields:
        """Return the fields of a request that changes nothing."""
        return merged(self.request, self.neutral)

    def __str__(self) -> str:
        return f"{self.rpc}.{self.control}"


def merged(below: Fields, above: Fields) -> Fields:
    """Return `below` with the fields of `above` put on top, level by level."""
    result = dict(below)
    for name, value in above.items():
        known = result.get(name)
        both = isinstance(known, Mapping) and isinstance(value, Mapping)
        result[name] = merged(known, value) if both and known is not None else value
    return result
