"""Discs of confusion in linear light: one for the background, growing ones for what of the person is out of focus."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_lens.aperture import kernel
from atelier_lens.scaling import enlarged, reduced

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Kernels of a larger radius than the first are drawn by a Fourier transform, which takes several times as long; beyond
# it half the pixels are enough. No kernel is larger than the second: rims of discs are soft over two reduced pixels.
_DIRECT: Final = 5.5
_LARGEST: Final = 9.0
# Radii, in pixels, that the person is blurred by; between them is interpolated. Each is drawn with a small kernel.
_FIRST: Final = 1.0
_FINE: Final = 2.0
# Pixels of a reduced plane that a kernel of that radius, what is averaged and what is interpolated reach over.
_OVERLAP: Final = 5
# Discs below this radius change nothing that could be seen: those pixels stay the source's own.
SHARP_RADIUS: Final = 0.5


def reduction(radius: float) -> int:
    """Return by which whole number a plane may be reduced for discs of a radius, in its pixels."""
    return 1 if radius <= _DIRECT else max(2, math.ceil(radius / _LARGEST))


def spread(plane: NDArray[np.float32], radius: float, blades: int = 0) -> NDArray[np.float32]:
    """Spread linear light (h, w) by an aperture of a radius in its pixels; beyond its sides it is mirrored."""
    if radius < SHARP_RADIUS:
        return plane
    drawn = cv2.filter2D(plane, cv2.CV_32F, kernel(radius, blades), borderType=cv2.BORDER_REFLECT)
    # A Fourier transform leaves a little below nothing.
    return np.asarray(np.maximum(drawn, 0, out=drawn), np.float32)


def blurred(plane: NDArray[np.float32], radius: float, blades: int = 0) -> NDArray[np.float32]:
    """Blur linear light (H, W) by an aperture of a radius in pixels, on as few pixels as the discs need."""
    by, (height, width) = reduction(radius), plane.shape
    return enlarged(spread(reduced(plane, by), radius / by, blades), by, (slice(0, height), slice(0, width)))


class Discs:
    """Discs whose radius changes from place to place, drawn on premultiplied planes.

    A pixel gathers from its surroundings with weights that leave sharp ones out: what is in focus does not spill over
    what is not. Step by step upwards: where the own disc is larger, the share is 1 and the next disc takes over.
    """

    def __init__(self, radius: NDArray[np.float32], blades: int) -> None:
        """Prepare for discs of a radius (h, w), in pixels."""
        self._steps, low, high, most = [], 0.0, _FIRST, float(radius.max())
        while low < most:
            share = (radius - np.float32(low)) / np.float32(high - low)
            self._steps.append(_Step(radius, high, blades, np.clip(share, 0, 1, out=share)))
            low, high = high, 2 * high

    def drawn(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Blur a plane (h, w), in a new one."""
        result = plane.copy()
        for step in self._steps:
            more = step.gathered(plane)
            more -= result
            more *= step.share
            result += more
        return result


class _Step:
    """One disc, out of the pixels whose own disc is at least about half as large, and its `share` (h, w) of each pixel.

    Larger discs than `_FINE` are drawn on reduced planes.
    """

    def __init__(self, radius: NDArray[np.float32], disc: float, blades: int, share: NDArray[np.float32]) -> None:
        self.share, self._by = share, _step_reduction(disc)
        self._opening = kernel(disc / self._by, blades)
        weight = reduced(radius, self._by) * np.float32(2 / disc)
        self._weight = np.clip(weight, 0.02, 1, out=weight)
        total = self._spread(self._weight)
        self._norm = np.reciprocal(np.maximum(total, np.float32(1e-4), out=total), out=total)

    def gathered(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        """Blur a plane (h, w), in a new one."""
        drawn = self._spread(reduced(plane, self._by) * self._weight)
        drawn *= self._norm
        if self._by == 1:
            return drawn
        return enlarged(drawn, self._by, (slice(0, plane.shape[0]), slice(0, plane.shape[1])), cv2.INTER_LINEAR)

    def _spread(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.filter2D(plane, cv2.CV_32F, self._opening, borderType=cv2.BORDER_REFLECT), np.float32)


def unit_and_reach(most: float) -> tuple[int, int]:
    """Return for discs of at most such a radius what parts of a picture must begin at multiples of, and overlap by.

    Such parts, drawn by `Discs` each on its own, fit together.
    """
    disc = _FIRST
    while disc < most:
        disc *= 2
    unit = _step_reduction(disc)
    return unit, _OVERLAP * unit


def _step_reduction(disc: float) -> int:
    return max(1, round(disc / _FINE))
