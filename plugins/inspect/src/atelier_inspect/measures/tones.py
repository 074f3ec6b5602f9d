"""Exposure, tones and colour of the face; names as in ISO/IEC 29794-5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.faceframe import fill
from atelier_imaging.region import Region
from atelier_imaging.topology import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_inspect.scene import Scene

_DARK, _BRIGHT = 25 / 255, 247 / 255
_LEAST_CHROMA: Final = 2.0
_FEWEST_PIXELS: Final = 40


def luminance_mean(scene: Scene) -> Sample:
    """Measure the mean display-encoded luminance of the face, 0..1."""
    return Sample(float(scene.luma[_face(scene)].mean()), scene.whole_face.box)


def luminance_variance(scene: Scene) -> Sample:
    """Measure the variance of the face's display-encoded luminance."""
    return Sample(float(scene.luma[_face(scene)].var()), scene.whole_face.box)


def under_exposure(scene: Scene) -> Sample:
    """Measure the share of the face that is darker than 25 of 255."""
    return Sample(float((scene.luma[_face(scene)] < _DARK).mean()), scene.whole_face.box)


def over_exposure(scene: Scene) -> Sample:
    """Measure the share of the face that is brighter than 247 of 255."""
    return Sample(float((scene.luma[_face(scene)] > _BRIGHT).mean()), scene.whole_face.box)


def dynamic_range(scene: Scene) -> Sample:
    """Measure the entropy of the face's luminance in bits of 8."""
    share = np.histogram(scene.luma[_face(scene)], 256, (0, 1))[0] / max(1, int(_face(scene).sum()))
    share = share[share > 0]
    return Sample(float(-(share * np.log2(share)).sum()), scene.whole_face.box)


def colours(scene: Scene) -> NDArray[np.float64] | None:
    """Return a* and b* of skin and of the whites of the eyes (4,); None where the picture has no colour."""
    if scene.whole.picture.source.was_grey:
        return None
    skin, white = scene.patches, _whites(scene)
    if min(skin.sum(), white.sum()) < _FEWEST_PIXELS // 4:
        return None
    values = np.concatenate([np.median(scene.lab[part][:, 1:], axis=0) for part in (skin, white)])
    return None if float(np.hypot(*values[:2])) < _LEAST_CHROMA else np.asarray(values, np.float64)


def _whites(scene: Scene) -> NDArray[np.bool_]:
    """Return the brighter half of what lies between the lids beside the irises, (h, w)."""
    shape = (scene.luma.shape[0], scene.luma.shape[1])
    mesh = scene.face.mesh[:, :2]
    open_eyes = np.maximum(fill(shape, mesh[list(LEFT_EYE)]), fill(shape, mesh[list(RIGHT_EYE)])) > 0.5
    for iris in (LEFT_IRIS, RIGHT_IRIS):
        radius = float(np.linalg.norm(mesh[list(iris[1:])] - mesh[iris[0]], axis=1).max())
        rows, columns = np.ogrid[: shape[0], : shape[1]]
        open_eyes &= np.hypot(rows + 0.5 - mesh[iris[0], 1], columns + 0.5 - mesh[iris[0], 0]) > 1.1 * radius
    if open_eyes.any():
        open_eyes &= scene.luma > np.median(scene.luma[open_eyes])
    return np.asarray(open_eyes)


def _face(scene: Scene) -> NDArray[np.bool_]:
    inside = scene.certain(Region.FACE)
    if inside.any():
        return inside
    box, inside = scene.face.box, np.zeros(scene.luma.shape, bool)
    inside[max(0, int(box.top)) : int(box.top + box.height), max(0, int(box.left)) : int(box.left + box.width)] = True
    return inside if inside.any() else np.ones(scene.luma.shape, bool)


def background_uniformity(scene: Scene) -> Sample:
    """Measure how even the background is: the mean gradient of lightness there, in L* a pixel at 64 pixels."""
    behind = cv2.erode((scene.portrait.mask(Region.PERSON) < 0.05).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if behind.sum() < 4 * _FEWEST_PIXELS:
        return Sample(None, None, "Too little background is visible.")
    lightness = cv2.GaussianBlur(scene.lab[..., 0], (0, 0), 1.0)
    gradient = np.hypot(cv2.Sobel(lightness, cv2.CV_32F, 1, 0), cv2.Sobel(lightness, cv2.CV_32F, 0, 1)) / 8
    return Sample(float(gradient[behind].mean()), scene.box_of(behind))
