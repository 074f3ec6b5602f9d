"""How sharp edges are, and whether they are sharper than a lens draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_inspect.scene import Scene

# Profiles across edges, in pixels: lines of sharpening are looked for within 3, what the sides are beyond.
_REACH: Final = 6
_NEAR: Final = 3
_LEAST_STEP: Final = 0.12
_FEWEST_EDGES: Final = 60
_MOST_EDGES: Final = 2000
_MOST_INTEROCULAR: Final = 160.0


def edge_overshoot(scene: Scene) -> Sample:
    """Measure how far edges go beyond their two sides, as a share of their step: the median over edges of the face.

    Taken of edge-spread functions along the gradient; a lens draws them without a line on either side, whereas
    sharpening leaves a bright and a dark one (the reason why MTF50 must not be asked: it rewards these lines).
    """
    luma = scene.whole_luma
    by = _MOST_INTEROCULAR / max(scene.whole_face.interocular_pixels, 1.0)
    if by < 1:
        luma = np.asarray(cv2.resize(luma, None, fx=by, fy=by, interpolation=cv2.INTER_AREA), np.float32)
    profiles = _profiles(luma)
    low, high = np.median(profiles[:, :_NEAR], axis=1), np.median(profiles[:, -_NEAR:], axis=1)
    step = high - low
    kept = step > _LEAST_STEP
    if kept.sum() < _FEWEST_EDGES:
        return Sample(None, scene.whole_face.box, "The face shows too few clear edges.")
    middle = profiles[:, _NEAR:-_NEAR]
    above = np.maximum(middle[:, _REACH - _NEAR + 1 :].max(axis=1) - high, 0)
    below = np.maximum(low - middle[:, : _REACH - _NEAR].min(axis=1), 0)
    return Sample(float(np.median(((above + below) / 2)[kept] / step[kept])), scene.whole_face.box)


def sharpness(scene: Scene) -> Sample:
    """Measure the sharpness of the face: the spread of the Laplacian over that of the light, at 64 pixels."""
    box = scene.face.box
    rows = slice(max(0, int(box.top)), int(box.top + box.height))
    columns = slice(max(0, int(box.left)), int(box.left + box.width))
    part = scene.luma[rows, columns]
    if min(part.shape) < 16:
        return Sample(None, scene.whole_face.box, "The face is cut off.")
    return Sample(float(cv2.Laplacian(part, cv2.CV_32F).std() / max(float(part.std()), 1e-3)), scene.whole_face.box)


def _profiles(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return light (n, 13) across the strongest edges, from dark to bright."""
    smooth = cv2.GaussianBlur(luma, (0, 0), 0.8)
    right, down = cv2.Sobel(smooth, cv2.CV_32F, 1, 0), cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    strength = np.hypot(right, down)
    peak = (strength >= cv2.dilate(strength, np.ones((3, 3), np.uint8))) & (strength > 4 * np.median(strength))
    rows, columns = np.nonzero(peak)
    order = np.argsort(-strength[rows, columns], kind="stable")[:_MOST_EDGES]
    rows, columns = rows[order], columns[order]
    length = np.maximum(strength[rows, columns], 1e-6)
    reach = np.arange(-_REACH, _REACH + 1, dtype=np.float32)
    x = columns[:, None] + (right[rows, columns] / length)[:, None] * reach
    y = rows[:, None] + (down[rows, columns] / length)[:, None] * reach
    if not len(rows):
        return np.zeros((0, 2 * _REACH + 1), np.float32)
    found = cv2.remap(luma, x.astype(np.float32), y.astype(np.float32), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(found, np.float32)
