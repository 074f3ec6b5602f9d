"""The shape of an aperture as a kernel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SUBPIXELS: Final = 5


def kernel(radius: float, blades: int = 0) -> NDArray[np.float32]:
    """Draw the opening of a radius in pixels, float32 (n, n), n odd, with the sum 1: a disc, or a polygon of blades.

    A polygon has the disc's area, so that as much is blurred, and one edge at the bottom as blades are mounted. The
    edge is drawn with 25 looks a pixel. Below half a pixel in radius it is a single 1.
    """
    reach = radius * (math.sqrt(_area_ratio(blades)) if blades else 1.0)
    half = max(0, math.ceil(reach - 0.5))
    fine = (np.arange((2 * half + 1) * _SUBPIXELS) + 0.5) / _SUBPIXELS - half - 0.5
    inside = np.hypot(fine[:, None], fine[None]) <= radius if not blades else _polygon(fine, reach, blades)
    side = 2 * half + 1
    drawn = inside.reshape(side, _SUBPIXELS, side, _SUBPIXELS).mean(axis=(1, 3))
    if drawn.sum() == 0:
        drawn[half, half] = 1
    return np.asarray(drawn / drawn.sum(), np.float32)


def _polygon(fine: NDArray[np.float64], corner: float, blades: int) -> NDArray[np.bool_]:
    """Tell for a square of places which lie in a regular polygon whose corners are `corner` from its middle."""
    apothem = corner * math.cos(math.pi / blades)
    angles = math.pi / 2 + 2 * math.pi * np.arange(blades) / blades
    sides = [fine[None] * math.cos(angle) + fine[:, None] * math.sin(angle) <= apothem for angle in angles]
    return np.asarray(np.logical_and.reduce(sides))


def _area_ratio(blades: int) -> float:
    """Return the area of a circle over that of the regular polygon in it."""
    return 2 * math.pi / (blades * math.sin(2 * math.pi / blades))
