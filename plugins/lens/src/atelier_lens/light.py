"""The linear light of a picture on fewer pixels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging import color

from atelier_lens.scaling import reduced

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_lens.highlights import Expansion
    from atelier_lens.layers import Planes

# Rows that are decoded at a time: their light fits the processor's cache.
_ROWS: Final = 128


def reduced_light(pixels: Pixels, by: int, curve: Expansion | None = None) -> Planes:
    """Return the linear light of pixels (H, W, 3), three planes reduced `by`, brightened by a curve before that."""
    (height, width), rows = pixels.shape[:2], by * max(1, _ROWS // by)
    planes = [np.empty((-(-height // by), -(-width // by)), np.float32) for _ in range(3)]
    for top in range(0, height, rows):
        light = split(color.decode_transfer(pixels[top : top + rows]))
        light = curve.expanded(light) if curve is not None else light
        for plane, strip in zip(planes, light, strict=True):
            plane[top // by : -(-(top + len(strip)) // by)] = reduced(strip, by)
    return planes


def split(light: NDArray[np.float32]) -> Planes:
    """Return light (h, w, 3) as three planes (h, w)."""
    return [np.asarray(plane, np.float32) for plane in cv2.split(light)]


def merged(light: Planes) -> NDArray[np.float32]:
    """Return light in three planes (h, w) as pixels (h, w, 3)."""
    return np.asarray(cv2.merge(list(light)), np.float32)
