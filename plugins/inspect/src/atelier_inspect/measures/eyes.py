"""Whether both eyes saw the same lamp."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.topology import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_inspect.scene import Scene

BOTH_EYES: Final = (*RIGHT_EYE, *LEFT_EYE)
MAX_YAW_DEGREES: Final = 15.0
MIN_RADIUS_PIXELS: Final = 3.5
MIN_OPENING: Final = 0.17
# A patch of an iris has so many pixels, its radius is half of them.
_SIDE: Final = 25
_GRID: Final = (np.arange(_SIDE) - _SIDE // 2) / (_SIDE // 2)
_FROM_MIDDLE: Final = np.hypot(_GRID[:, None], _GRID[None])
# Light is compared in the inner half: beyond, the lids' shadow and the white of the eye differ between real eyes. Lamps
# are compared nearly up to the rim: what is brighter than a blur of a quarter of the radius is no shadow.
_INNER, _NEARLY_ALL = _FROM_MIDDLE < 0.5, _FROM_MIDDLE < 0.9
_LAMP_PIXELS: Final = 3.0
# Both eyes may show a lamp this many pixels of the patch apart, a third of the radius, since the middle of an iris is
# not known better; but the farther, the less alike they are, by this much for a whole radius.
_SHIFTS: Final = range(-4, 5)
_APART: Final = 1.0
# Irises that vary less than this show no lamp that could be compared.
_LEAST_SPREAD: Final = 0.004


def catchlight_agreement(scene: Scene) -> Sample:
    """Measure how alike both irises and the lamps in them are: their correlation at the best shift, to 1.

    It is the mean of two correlations, of the light of the irises' middles and of what is brighter than its
    surroundings nearly up to their rims, less what the shift costs.

    The premise is that of Hu, Li and Lyu, "Exposing GAN-generated faces using inconsistent corneal specular highlights"
    (ICASSP 2021): both corneas show the same room. Their thresholded outlines need irises of some 40 pixels; the
    correlations told faults in irises of 10.
    """
    face = scene.whole_face
    box = scene.box_around(BOTH_EYES)
    if abs(face.pose.yaw_degrees) > MAX_YAW_DEGREES:
        return Sample(None, box, "The head is turned too far to compare both eyes.")
    if min(face.expression.left_eye_open, face.expression.right_eye_open) < MIN_OPENING:
        return Sample(None, box, "The eyes are not open far enough to show a lamp.")
    radii = [_radius(face.mesh, iris) for iris in (RIGHT_IRIS, LEFT_IRIS)]
    if min(radii) < MIN_RADIUS_PIXELS:
        return Sample(None, box, "The irises have too few pixels to show a lamp.")
    first, second = (_patch(scene, iris, radius) for iris, radius in zip((RIGHT_IRIS, LEFT_IRIS), radii, strict=True))
    lamp, other = (_lamps(each) for each in (first, second))
    if max(lamp[_NEARLY_ALL].std(), other[_NEARLY_ALL].std()) < _LEAST_SPREAD:
        return Sample(None, box, "The irises are too dark or too even to show a lamp.")
    alike = (_correlations(first, second, _INNER) + _correlations(lamp, other, _NEARLY_ALL)) / 2
    return Sample(float((alike - _COST).max()), box)


def _lamps(light: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.maximum(light - cv2.GaussianBlur(light, (0, 0), _LAMP_PIXELS), 0), np.float32)


_PLACES: Final = tuple((dy, dx) for dy in _SHIFTS for dx in _SHIFTS)
_COST: Final = np.array([_APART * (dy**2 + dx**2) / (_SIDE // 2) ** 2 for dy, dx in _PLACES])


def _correlations(
    first: NDArray[np.float32], second: NDArray[np.float32], inside: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Return the correlation of two patches inside a mask, (81,), with the second at each of `_PLACES`."""
    one, others = first[inside], np.stack([np.roll(second, place, (0, 1))[inside] for place in _PLACES])
    one, others = one - one.mean(), others - others.mean(axis=1, keepdims=True)
    scale = np.sqrt((one**2).sum() * (others**2).sum(axis=1))
    return np.asarray(others @ one / np.maximum(scale, 1e-9), np.float32)


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
