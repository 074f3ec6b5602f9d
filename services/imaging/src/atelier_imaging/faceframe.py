"""The surroundings of one face at a size that masks are worked out at, in the head's own directions.

Every length is in units of the distance between the pupils (undone of the head's turn), so that one set of numbers
serves every face.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_imaging.topology import FACE_OVAL, LEFT_IRIS, RIGHT_IRIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.vips import Pixels

# How far the frame reaches from the middle of the eyes: to either side, up and down.
_REACH: Final = (3.6, 3.4, 5.5)
_SUBPIXEL_BITS: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class FaceFrame:
    """A reduced cut-out of the picture around a face.

    `rows` and `columns` are the cut-out in the picture; `pixels` uint8 (h, w, 3) the reduced one; `points` (478, 2) the
    mesh in its pixels; `unit` the distance of the pupils in its pixels; `angle` the head's roll in radians, clockwise.
    """

    rows: slice
    columns: slice
    pixels: NDArray[np.uint8]
    points: NDArray[np.float32]
    unit: float
    angle: float

    @property
    def shape(self) -> tuple[int, int]:
        """Return height and width of the reduced cut-out."""
        return (int(self.pixels.shape[0]), int(self.pixels.shape[1]))

    def reduce(self, mask: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cut a full-size mask (H, W) out and reduce it to the frame."""
        size = self.shape[::-1]
        return np.asarray(cv2.resize(mask[self.rows, self.columns], size, interpolation=cv2.INTER_AREA), np.float32)

    def polygon(self, outline: Sequence[int]) -> NDArray[np.float32]:
        """Fill a closed outline of mesh points, float32 (h, w), 0..1, its edge anti-aliased."""
        return fill(self.shape, self.points[list(outline)])

    def coordinates(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return how far right of and below the middle of the eyes every pixel is, along the head's own axes."""
        rows, columns = np.mgrid[: self.shape[0], : self.shape[1]].astype(np.float32) + np.float32(0.5)
        return self._turned(columns, rows)

    def landmarks(self) -> NDArray[np.float32]:
        """Return the mesh (478, 2) in the coordinates of `coordinates`."""
        return np.stack(self._turned(self.points[:, 0], self.points[:, 1]), axis=-1)

    def depth_inside_oval(self) -> NDArray[np.float32]:
        """Return how far inside the face's outline every pixel is; negative outside."""
        inside = (self.polygon(FACE_OVAL) > 0.5).astype(np.uint8)
        within = cv2.distanceTransform(inside, cv2.DIST_L2, 3)
        beyond = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 3)
        return np.asarray((within - beyond) / self.unit, np.float32)

    def _turned(
        self, x: NDArray[np.float32], y: NDArray[np.float32]
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        middle = self.points[[LEFT_IRIS[0], RIGHT_IRIS[0]]].mean(axis=0)
        cos, sin = np.float32(math.cos(self.angle) / self.unit), np.float32(math.sin(self.angle) / self.unit)
        x, y = x - middle[0], y - middle[1]
        return x * cos + y * sin, y * cos - x * sin


def face_frame(pixels: Pixels, face: Face, unit: float) -> FaceFrame | None:
    """Cut out a face's surroundings, reduced until its pupils are `unit` pixels apart; never enlarged.

    Return None where the face lies outside the picture.
    """
    height, width = pixels.shape[:2]
    distance = unit_pixels(face)
    x, y = (float(value) for value in face.mesh[[LEFT_IRIS[0], RIGHT_IRIS[0]], :2].mean(axis=0))
    left, right = max(0, round(x - _REACH[0] * distance)), min(width, round(x + _REACH[0] * distance))
    top, bottom = max(0, round(y - _REACH[1] * distance)), min(height, round(y + _REACH[2] * distance))
    if right <= left or bottom <= top:
        return None
    scale = min(1.0, unit / distance)
    size = (max(1, round((right - left) * scale)), max(1, round((bottom - top) * scale)))
    small = to_bytes(np.asarray(cv2.resize(pixels[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)))
    ratio = np.array([size[0] / (right - left), size[1] / (bottom - top)], np.float32)
    points = (face.mesh[:, :2] - np.array([left, top], np.float32)) * ratio
    angle = math.radians(face.pose.roll_degrees)
    return FaceFrame(slice(top, bottom), slice(left, right), small, points, distance * float(ratio[0]), angle)


def unit_pixels(face: Face) -> float:
    """Return the distance of the pupils in pixels that the face would show if it were not turned away."""
    return max(face.interocular_pixels, 1.0) / max(math.cos(math.radians(face.pose.yaw_degrees)), 0.5)


def fill(shape: tuple[int, int], outline: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill a polygon (N, 2) given in pixels, float32 (h, w), 0..1, with an anti-aliased edge."""
    mask = np.zeros(shape, np.uint8)
    # OpenCV counts from a pixel's middle, in sixteenths.
    corners = np.round((outline - 0.5) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    cv2.fillPoly(mask, [corners], (255,), cv2.LINE_AA, _SUBPIXEL_BITS)
    return mask.astype(np.float32) / np.float32(255)


def to_bytes(pixels: Pixels) -> NDArray[np.uint8]:
    """Return pixels of either depth as uint8."""
    return (pixels >> 8 if pixels.dtype == np.uint16 else pixels).astype(np.uint8, copy=False)
