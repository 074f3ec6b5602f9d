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
MIN_RADIUS_PIXELS: Final = 3.5
MIN_OPENING: Final = 0.17
# A patch of an iris has so many pixels, its radius is half of them. Its outer half is left out: there the lids' shadow
# and the white of the eye differ between real eyes.
_SIDE: Final = 25
_INNER: Final = 0.5
_GRID: Final = (np.arange(_SIDE) - _SIDE // 2) / (_SIDE // 2)
_DISC: Final = np.hypot(_GRID[:, None], _GRID[None]) < _INNER
# Both eyes may show a lamp this many pixels of the patch apart: a third of the iris's radius.
_SHIFTS: Final = range(-4, 5)
# Irises that vary less than this show nothing that could be compared.
_LEAST_SPREAD: Final = 0.01


def catchlight_agreement(scene: Scene) -> Sample:
    """Measure how alike both irises and the lamps in them are: their correlation at the best shift, -1..1.

    The premise is that of Hu, Li and Lyu, "Exposing GAN-generated faces using inconsistent corneal specular highlights"
    (ICASSP 2021): both corneas show the same room. Their thresholded outlines need irises of some 40 pixels; the
    correlation of brightness told faults in irises of 10.
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
    first, second = (_patch(scene, iris, radius) for iris, radius in zip((RIGHT_IRIS, LEFT_IRIS), radii, strict=True))
    if min(first[_DISC].std(), second[_DISC].std()) < _LEAST_SPREAD:
        return Sample(None, box, "The irises are too dark or too even to compare.")
    moved = (np.roll(second, (dy, dx), (0, 1)) for dx in _SHIFTS for dy in _SHIFTS)
    return Sample(max(_correlation(first[_DISC], each[_DISC]) for each in moved), box)


def _radius(mesh: NDArray[np.float32], iris: tuple[int, ...]) -> float:
    rim = np.linalg.norm(mesh[list(iris[1:]), :2] - mesh[iris[0], :2], axis=1)
    return float(np.sort(rim)[-2:].mean())


def _patch(scene: Scene, iris: tuple[int, ...], radius: float) -> NDArray[np.float32]:
    """Return the light of an iris and its middle's surroundings (25, 25), its radius 12.5 pixels."""
    rows, columns = scene.around
    x, y = (float(value) for value in scene.whole_face.mesh[iris[0], :2] - (columns.start, rows.start))
    step = 2 * radius / _SIDE
    matrix = np.array([[step, 0, x - 0.5 - step * (_SIDE // 2)], [0, step, y - 0.5 - step * (_SIDE // 2)]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    patch = cv2.warpAffine(scene.whole_luma, matrix, (_SIDE, _SIDE), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(patch, np.float32)


def _correlation(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    a, b = first - first.mean(), second - second.mean()
    return float((a * b).sum() / max(float(np.sqrt((a**2).sum() * (b**2).sum())), 1e-9))


def _box(scene: Scene) -> Box:
    points = scene.face.mesh[[*RIGHT_EYE, *LEFT_EYE], :2]
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return scene.whole_box(float(left), float(top), float(right), float(bottom))
