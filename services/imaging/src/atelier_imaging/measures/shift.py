"""Whether the whole picture was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging import color
from atelier_imaging.measures.measure import Gate, Measure, judged, not_measurable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.color import ColorSpace
    from atelier_imaging.vips import Pixels

GLOBAL_SHIFT = Gate(maximum=0.5, fail_above=1.0)
MINIMUM_SIDE_PIXELS = 32
# Below this height of the correlation's peak the pictures share too little to be laid on each other. Measured on
# portraits: 0.3 and more for any grade, grain or light; below 0.05 for different people.
MINIMUM_RESPONSE = 0.08
_LARGEST_SIDE_PIXELS = 1024


def global_shift(before: Pixels, after: Pixels, space: ColorSpace, gate: Gate | None = GLOBAL_SHIFT) -> Measure:
    """Measure by how many pixels the picture as a whole has moved.

    `before` and `after` are (height, width, 3), display-encoded in `space`, of one size. Phase correlation of lightness
    under a Hann window, over at most the middle 1024 x 1024 pixels, refined to parts of a pixel (Kuglin and Hines 1975;
    Foroosh et al., IEEE TIP 11, 2002).
    """
    if before.shape != after.shape:
        raise ValueError(f"sizes differ: before {before.shape}, after {after.shape}")
    name, unit = "global_shift", "px"
    if min(before.shape[:2]) < MINIMUM_SIDE_PIXELS:
        return not_measurable(name, unit, gate, f"The picture is smaller than {MINIMUM_SIDE_PIXELS} pixels.")
    if np.array_equal(before, after):
        return judged(name, 0.0, unit, gate, "The picture was not moved.")
    first, second = (_structure(_middle(pixels), space) for pixels in (before, after))
    height, width = first.shape
    window = cv2.createHanningWindow((width, height), cv2.CV_32F)
    (right, down), response = cv2.phaseCorrelate(first, second, window)
    if response < MINIMUM_RESPONSE:
        return not_measurable(name, unit, gate, "The pictures share too little structure to be laid on each other.")
    value = float(np.hypot(right, down))
    return judged(
        name, value, unit, gate, f"The picture moved by {value:.2f} pixels ({right:+.2f} right, {down:+.2f} down)."
    )


def _middle(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    top, left = max(height - _LARGEST_SIDE_PIXELS, 0) // 2, max(width - _LARGEST_SIDE_PIXELS, 0) // 2
    return pixels[top : top + _LARGEST_SIDE_PIXELS, left : left + _LARGEST_SIDE_PIXELS]


def _structure(pixels: Pixels, space: ColorSpace) -> NDArray[np.float32]:
    lightness = color.encode_transfer(color.luminance(color.decode_transfer(pixels), space))
    return np.asarray(lightness - lightness.mean(dtype=np.float32))
