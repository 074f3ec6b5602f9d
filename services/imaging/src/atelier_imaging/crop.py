"""Square crops of a picture, turned as wanted, and the way back from crop to picture.

Networks see small upright squares. A `Crop` says which square of the picture that is; `sample` draws it and
`Crop.to_picture` carries the network's points home. Coordinates are continuous: a pixel's middle is at half integers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_imaging.vips import Pixels

# Bilinear sampling is free of aliasing down to half size; anything smaller is averaged first.
_LARGEST_BILINEAR_REDUCTION = 2.0


@dataclass(frozen=True, slots=True)
class Crop:
    """A square of the picture: its centre and side in pixels, turned clockwise, its content mirrored if asked.

    `angle` is in radians. A crop taken with `angle` makes a head upright that is rolled clockwise by `angle`.
    """

    x: float
    y: float
    side: float
    angle: float = 0.0
    mirrored: bool = False

    def matrix(self, size: int) -> NDArray[np.float64]:
        """Return the affine map (2, 3) from crop pixels (0..`size`) to picture pixels."""
        scale = self.side / size
        cos, sin = scale * math.cos(self.angle), scale * math.sin(self.angle)
        flip = -1.0 if self.mirrored else 1.0
        linear = np.array([[flip * cos, -sin], [flip * sin, cos]])
        centre = np.array([self.x, self.y]) - linear @ np.full(2, size / 2)
        return np.column_stack([linear, centre])

    def to_picture(self, points: NDArray[np.float32], size: int) -> NDArray[np.float32]:
        """Carry points (…, 2 or 3) from crop pixels to picture pixels; a third coordinate is only scaled."""
        matrix = self.matrix(size)
        flat = points[..., :2] @ matrix[:, :2].T + matrix[:, 2]
        depth = points[..., 2:] * (self.side / size)
        return np.concatenate([flat, depth], axis=-1).astype(np.float32)


def sample(pixels: Pixels, crop: Crop, size: int) -> NDArray[np.float32]:
    """Draw a crop as float32 (size, size, 3), 0..1, still display-encoded; black where it leaves the picture.

    Averages before it shrinks, so that a large face does not alias.
    """
    matrix = crop.matrix(size)
    factor = int(crop.side / size / _LARGEST_BILINEAR_REDUCTION) if crop.side > 0 else 1
    if factor > 1:
        pixels, matrix = _shrink(pixels, crop, matrix, factor)
    # OpenCV puts a pixel's middle at the integer: shift by half a pixel on either side.
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ np.full(2, 0.5) - 0.5
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    drawn = cv2.warpAffine(pixels, shifted, (size, size), flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return drawn.astype(np.float32) * np.float32(1.0 / np.iinfo(pixels.dtype).max)


def sample_batch(pixels: Pixels, crops: Sequence[Crop], size: int) -> NDArray[np.float32]:
    """Draw several crops as one float32 batch (N, size, size, 3), 0..1."""
    return np.stack([sample(pixels, crop, size) for crop in crops])


def _shrink(pixels: Pixels, crop: Crop, matrix: NDArray[np.float64], factor: int) -> tuple[Pixels, NDArray[np.float64]]:
    """Average the crop's surroundings down by a whole `factor` and adapt the map to them."""
    height, width = pixels.shape[:2]
    reach = crop.side * 0.75  # a little more than half a diagonal
    left, top = max(0, math.floor(crop.x - reach)), max(0, math.floor(crop.y - reach))
    right, bottom = min(width, math.ceil(crop.x + reach)), min(height, math.ceil(crop.y + reach))
    columns, rows = (right - left) // factor, (bottom - top) // factor
    if columns < 1 or rows < 1:
        return pixels, matrix
    part = pixels[top : top + rows * factor, left : left + columns * factor]
    small = cv2.resize(part, (columns, rows), interpolation=cv2.INTER_AREA).astype(part.dtype, copy=False)
    moved = matrix.copy()
    moved[:, 2] -= (left, top)
    return small, moved / factor
