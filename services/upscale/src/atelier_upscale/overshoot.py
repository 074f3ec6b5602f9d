"""Whether edges of an enlargement ring: how far they go beyond their two sides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.measures import Gate, Measure, judged, not_measurable
from atelier_imaging.transfer import to_float

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

# From 18 % on a bright line is seen beside a dark one. On nineteen pictures made four times as large the truth had 1 %
# (at most 6), our networks' drawing at most 1, and that with an unsharp mask of 100 % 14 (at most 20).
OVERSHOOT: Final = Gate(maximum=0.08, fail_above=0.18)
# The part that it is measured on: at most so many pixels of the input on a side.
_PATCH_PIXELS: Final = 384
# An edge, display-encoded 0..1: what is between its two sides, which lie within a window of so many pixels.
_EDGE: Final = 0.25
_WINDOW: Final = 5
_PERCENTILE: Final = 95
_LEAST_PIXELS: Final = 200
_LUMA: Final = np.array([[0.299, 0.587, 0.114]])


def overshoot(before: Pixels, after: Pixels, middle: tuple[float, float]) -> Measure:
    """Measure how far edges of an enlargement go beyond what lies on their two sides in the picture, over their height.

    `before` is (h, w, 3), `after` the enlargement. What counts is luma around `middle` (x, y), in pixels of `before`:
    where a window of five pixels spans an edge, how far the enlargement leaves the window's range; the 95th percentile.
    """
    name, unit = "overshoot", "ratio"
    rows, columns = (_around(at, side) for at, side in zip(middle[::-1], before.shape[:2], strict=True))
    own = _luma(before[rows, columns])
    high, low = _largest(own), -_largest(-own)
    height = high - low
    by = (after.shape[0] / before.shape[0], after.shape[1] / before.shape[1])
    part = _luma(after[times(rows, by[0]), times(columns, by[1])])
    size = (part.shape[1], part.shape[0])
    high, low, height = (_repeated(each, size) for each in (high, low, height))
    on_edge = height > _EDGE
    if np.count_nonzero(on_edge) < _LEAST_PIXELS:
        return not_measurable(name, unit, OVERSHOOT, "There are no plain edges in the picture.")
    beyond = np.maximum(np.maximum(part - high, low - part), 0.0)[on_edge] / height[on_edge]
    value = float(np.percentile(beyond, _PERCENTILE))
    explanation = f"Edges go beyond their two sides by {100 * value:.1f} % of their height."
    return judged(name, value, unit, OVERSHOOT, explanation)


def times(part: slice, by: float) -> slice:
    """Return the part of the enlargement that shows a part of the picture; at least a pixel."""
    start = round(part.start * by)
    return slice(start, max(round(part.stop * by), start + 1))


def _around(at: float, side: int) -> slice:
    start = min(max(int(at) - _PATCH_PIXELS // 2, 0), max(side - _PATCH_PIXELS, 0))
    return slice(start, min(start + _PATCH_PIXELS, side))


def _luma(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(cv2.transform(to_float(pixels), _LUMA), np.float32).reshape(pixels.shape[:2])


def _repeated(plane: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_NEAREST), np.float32)


def _largest(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.dilate(plane, np.ones((_WINDOW, _WINDOW), np.uint8)), np.float32)
