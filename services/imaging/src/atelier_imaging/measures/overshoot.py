"""Whether sharpening left bright and dark lines along edges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging.extent import bounds, box_of, require_same_shape
from atelier_imaging.measures.measure import Gate, Measure, judged, not_measurable
from atelier_imaging.transfer import to_float

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.region import Region
    from atelier_imaging.vips import Pixels

# Up to 8 % looks sharp; from 18 % on a bright line is seen beside a dark one.
OVERSHOOT = Gate(maximum=0.08, fail_above=0.18)
MINIMUM_EDGE_PIXELS = 50
# An edge, display-encoded 0..1: what lies between its two sides.
_EDGE = 0.25
# Edges are 1 to 3 pixels wide, and lines beside them within 2 pixels of the middle. What they overshoot is looked for
# in a wider window: a bright line that was there already, a little further off, is none of sharpening's.
_BEFORE, _AFTER = 9, 5
_PERCENTILE = 95
_LUMA = np.array([[0.2126, 0.7152, 0.0722]])


def overshoot(
    before: Pixels,
    after: Pixels,
    mask: NDArray[np.float32],
    region: Region | None = None,
    gate: Gate | None = OVERSHOOT,
) -> Measure:
    """Measure how far edges overshoot what they were: beyond their darker and brighter side, as a share of their step.

    `before` and `after` are (height, width, 3), display-encoded; `mask` is float32 (height, width), edges above 0.5 are
    looked at. The value is the 95th percentile over all pixels at edges. A picture that is given a good sharpness stays
    below 0.08; contrast that is raised as a whole counts as well.
    """
    require_same_shape(before, after, mask)
    name, unit, box = "overshoot", "ratio", box_of(mask > 0.5)
    window = bounds(mask > 0.5, margin=_BEFORE)
    if window is None:
        return not_measurable(name, unit, gate, "There is nothing to look for edges in.", region, box)
    low, high = _range(before[window], _BEFORE)
    low_after, high_after = _range(after[window], _AFTER)
    step = high - low
    edge = (step > _EDGE) & (mask[window] > 0.5)
    if np.count_nonzero(edge) < MINIMUM_EDGE_PIXELS:
        return not_measurable(name, unit, gate, "There are too few edges to measure.", region, box)
    beyond = np.maximum(np.maximum(high_after - high, low - low_after), 0)[edge] / step[edge]
    value = float(np.percentile(beyond, _PERCENTILE))
    explanation = f"Edges go {100 * value:.1f} % of their step beyond what they were."
    return judged(name, value, unit, gate, explanation, region, box)


def _range(pixels: Pixels, side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the least and the greatest luma within a square around each pixel."""
    luma = np.asarray(cv2.transform(to_float(pixels), _LUMA), np.float32)
    window = np.ones((side, side), np.uint8)
    return np.asarray(cv2.erode(luma, window), np.float32), np.asarray(cv2.dilate(luma, window), np.float32)
