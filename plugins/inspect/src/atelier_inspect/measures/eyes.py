"""Whether both eyes saw the same lamp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.topology import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from atelier_imaging.face import Box
    from numpy.typing import NDArray

    from atelier_inspect.scene import Scene

MAX_YAW_DEGREES: Final = 15.0
MIN_RADIUS_PIXELS: Final = 4.5
MIN_OPENING: Final = 0.17
# A patch of an iris reaches so many radii from its middle, on so many pixels.
_REACH, _SIDE = 1.0, 25
# What is so far above the iris's middle tone towards its brightest is a lamp; with less contrast there is none.
_LAMP_SHARE: Final = 0.5
_LEAST_CONTRAST: Final = 0.08
_SHIFTS: Final = (-2, -1, 0, 1, 2)


def catchlight_agreement(scene: Scene) -> Sample:
    """Measure how alike the lamps in both eyes are: their weighted intersection over union at the best shift, 0..1.

    After Hu, Li and Lyu, "Exposing GAN-generated faces using inconsistent corneal specular highlights" (ICASSP 2021);
    brightness above the threshold is the weight, for irises of a dozen pixels have no clean outline.
    """
    face = scene.whole_face
    box = _box(scene)
    if abs(face.pose.yaw_degrees) > MAX_YAW_DEGREES:
        return Sample(None, box, "The head is turned too far to compare both eyes.")
    if min(face.expression.left_eye_open, face.expression.right_eye_open) < MIN_OPENING:
        return Sample(None, box, "The eyes are not open far enough to show a lamp.")
    radii = [_radius(face.mesh, iris) for iris in (RIGHT_IRIS, LEFT_IRIS)]
    if min(radii) < MIN_RADIUS_PIXELS:
        return Sample(None, box, "The irises have too few pixels to show a lamp.")
    lamps = [_lamp(scene, iris, radius) for iris, radius in zip((RIGHT_IRIS, LEFT_IRIS), radii, strict=True)]
    if not any(lamp.any() for lamp in lamps):
        return Sample(None, box, "Neither eye shows a lamp.")
    return Sample(max(_overlap(lamps[0], lamps[1], dx, dy) for dx in _SHIFTS for dy in _SHIFTS), box)


def _radius(mesh: NDArray[np.float32], iris: tuple[int, ...]) -> float:
    rim = np.linalg.norm(mesh[list(iris[1:]), :2] - mesh[iris[0], :2], axis=1)
    return float(np.sort(rim)[-2:].mean())


def _lamp(scene: Scene, iris: tuple[int, ...], radius: float) -> NDArray[np.float32]:
    """Return by how much each pixel of an iris (25, 25) outshines it; zeros where it shows no lamp."""
    rows, columns = scene.around
    x, y = (float(value) for value in scene.whole_face.mesh[iris[0], :2] - (columns.start, rows.start))
    step = 2 * _REACH * radius / _SIDE
    matrix = np.array([[step, 0, x - 0.5 - step * (_SIDE - 1) / 2], [0, step, y - 0.5 - step * (_SIDE - 1) / 2]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(scene.whole_luma, matrix, (_SIDE, _SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    grid = (np.arange(_SIDE) - (_SIDE - 1) / 2) / ((_SIDE - 1) / 2)
    # The upper lid and the white beside it are brighter than an iris: only its inner part is looked at.
    disc = np.hypot(grid[:, None], grid[None]) < 0.72
    middle, top = float(np.median(patch[disc])), float(np.percentile(patch[disc], 98))
    if top - middle < _LEAST_CONTRAST:
        return np.zeros((_SIDE, _SIDE), np.float32)
    above = np.clip(patch - (middle + _LAMP_SHARE * (top - middle)), 0, None) * disc
    return np.asarray(above / max(float(above.max()), 1e-6), np.float32)


def _overlap(first: NDArray[np.float32], second: NDArray[np.float32], dx: int, dy: int) -> float:
    moved = np.roll(second, (dy, dx), (0, 1))
    return float(np.minimum(first, moved).sum() / max(float(np.maximum(first, moved).sum()), 1e-6))


def _box(scene: Scene) -> Box:
    points = scene.face.mesh[[*RIGHT_EYE, *LEFT_EYE], :2]
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return scene.whole_box(float(left), float(top), float(right), float(bottom))
