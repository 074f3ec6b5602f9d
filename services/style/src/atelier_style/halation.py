"""Light that strays: the glow of film around highlights, and a lens's falloff towards the corners.

Both act in linear light, before the film's curves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging.color import ColorSpace, decode_transfer, luminance

if TYPE_CHECKING:
    from atelier_imaging.strips import PixelArray
    from numpy.typing import NDArray

# Light that passed the layers is thrown back by the film's base into the red layer first, a little into the green one.
_GLOW_COLOUR = (1.0, 0.30, 0.05)
# Deviations as shares of the long edge, and their weights: a narrow halo and a wide veil.
_RADII = ((0.005, 0.65), (0.022, 0.35))
_GLOW_EDGE = 1024
_THRESHOLD = 0.45


class Halation:
    """The red-orange glow that a picture's highlights throw around them; `amount` 0..1."""

    def __init__(self, pixels: PixelArray, space: ColorSpace, amount: float) -> None:
        height, width = pixels.shape[:2]
        scale = min(1.0, _GLOW_EDGE / max(height, width))
        small = (max(1, round(width * scale)), max(1, round(height * scale)))
        linear = decode_transfer(shrunk(pixels, small))
        bright = luminance(linear, space)
        bright *= np.clip((bright - _THRESHOLD) / (1.0 - _THRESHOLD), 0.0, 1.0)
        glow = np.zeros_like(bright)
        for share, weight in _RADII:
            glow += weight * cv2.GaussianBlur(bright, (0, 0), share * max(small), borderType=cv2.BORDER_REPLICATE)
        self._glow = amount * glow
        self._size = (height, width)

    def __call__(self, linear: NDArray[np.float32], top: int) -> None:
        """Add the glow to linear-light rows, float32 (h, w, 3), in place; white stays white."""
        glow = rows_of(self._glow, self._size, top, len(linear))
        for channel, share in enumerate(_GLOW_COLOUR):
            light = linear[:, :, channel]
            light += share * glow * (1.0 - light)


class Vignette:
    """The falloff of light towards the corners, cos⁴ of the angle of view; `amount` 1 takes two stops off there."""

    def __init__(self, height: int, width: int, amount: float) -> None:
        corner = (height**2 + width**2) / 4.0
        self._rows = ((np.arange(height) + 0.5 - height / 2.0) ** 2 * (amount / corner)).astype(np.float32)
        self._columns = ((np.arange(width) + 0.5 - width / 2.0) ** 2 * (amount / corner)).astype(np.float32)

    def __call__(self, linear: NDArray[np.float32], top: int) -> None:
        """Darken linear-light rows, float32 (h, w, 3), in place."""
        # cos⁴θ = 1 / (1 + tan²θ)², and tan θ grows with the distance from the middle.
        spread = 1.0 + self._rows[top : top + len(linear), None] + self._columns
        linear /= (spread * spread)[:, :, None]


def rows_of(small: NDArray[np.float32], size: tuple[int, int], top: int, count: int) -> NDArray[np.float32]:
    """Enlarge a small map bilinearly to the picture's size, but only these rows of it."""
    height, width = size
    map_x = (np.arange(width, dtype=np.float32) + 0.5) * (small.shape[1] / width) - 0.5
    map_y = (np.arange(top, top + count, dtype=np.float32) + 0.5) * (small.shape[0] / height) - 0.5
    columns, rows = np.broadcast_arrays(map_x[None, :], map_y[:, None])
    grown = cv2.remap(
        small,
        np.ascontiguousarray(columns),
        np.ascontiguousarray(rows),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(grown, np.float32)


def shrunk(pixels: PixelArray, size: tuple[int, int]) -> PixelArray:
    """Shrink a picture to (width, height) by averaging areas."""
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), pixels.dtype)
