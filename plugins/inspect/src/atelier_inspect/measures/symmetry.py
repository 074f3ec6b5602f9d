"""Whether both halves of a face are their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_inspect.scene import Scene

MAX_YAW_DEGREES: Final = 20.0
# Each half is laid onto a frame by the bridge of the nose, the outer corner of its eye and the chin.
_BRIDGE, _CHIN, _RIGHT_CORNER, _LEFT_CORNER = 168, 152, 33, 263
_WIDTH, _HEIGHT = 40, 72
_FRAME: Final = np.array([[1.0, 14.0], [32.0, 14.0], [1.0, 70.0]], np.float32)
_SHIFTS: Final = range(-2, 3)
_EDGE_PIXELS: Final = 1.0


def asymmetry(scene: Scene) -> Sample:
    """Measure how unlike the edges of both halves are: 1 less their correlation at the best shift.

    Edges, because light from one side makes halves differ whose features are one and the same.
    """
    face = scene.face
    if abs(face.pose.yaw_degrees) > MAX_YAW_DEGREES:
        return Sample(None, scene.whole_face.box, "The head is turned too far to compare both halves.")
    right, left = (_edges(scene, corner) for corner in (_RIGHT_CORNER, _LEFT_CORNER))
    inner = left[2:-2, 2:-2]
    alike = max(
        _correlation(right[2 + dy : _HEIGHT - 2 + dy, 2 + dx : _WIDTH - 2 + dx], inner)
        for dy in _SHIFTS
        for dx in _SHIFTS
    )
    return Sample(1 - alike, scene.whole_face.box)


def _edges(scene: Scene, corner: int) -> NDArray[np.float32]:
    """Return the strength of edges (72, 40) of a half, the nose on its left."""
    points = np.asarray(scene.face.mesh[[_BRIDGE, corner, _CHIN], :2], np.float32)
    matrix = cv2.getAffineTransform(points, _FRAME)
    flat = cv2.warpAffine(scene.luma, matrix, (_WIDTH, _HEIGHT), borderMode=cv2.BORDER_REPLICATE)
    smooth = cv2.GaussianBlur(flat, (0, 0), _EDGE_PIXELS)
    return np.asarray(np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)), np.float32)


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    a, b = first - first.mean(), second - second.mean()
    return float((a * b).sum() / max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-9))
