"""Pictures made smaller for measuring: a face of 2000 pixels says no more of its colour and texture than one of 500."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging import color

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.vips import Pixels

_SMALLEST_INTEROCULAR = 200
_STRIP_ROWS = 256


def reduction(interocular_pixels: float) -> int:
    """Return by which whole number a picture is reduced so that 200 to 400 pixels stay between the pupils, or 1."""
    return max(1, int(interocular_pixels / _SMALLEST_INTEROCULAR))


def reduced_light(pixels: Pixels, by: int) -> NDArray[np.float32]:
    """Return the linear light (height // by, width // by, 3) of pixels (height, width, 3), averaged over squares."""
    height, width = pixels.shape[0] // by, pixels.shape[1] // by
    light = np.empty((height, width, 3), np.float32)
    for top in range(0, height, _STRIP_ROWS):
        rows = min(_STRIP_ROWS, height - top)
        strip = color.decode_transfer(pixels[top * by : (top + rows) * by, : width * by])
        light[top : top + rows] = strip if by == 1 else cv2.resize(strip, (width, rows), interpolation=cv2.INTER_AREA)
    return light


def reduced_mask(mask: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    """Return a mask (height // by, width // by) of one (height, width), averaged over squares."""
    height, width = mask.shape[0] // by, mask.shape[1] // by
    whole = mask[: height * by, : width * by].astype(np.float32, copy=False)
    if by == 1 or 0 in (height, width):
        return whole[:height, :width]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), dtype=np.float32)
