"""Exposure, tones and colour of the face; names as in ISO/IEC 29794-5."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import rgb_to_lab
from atelier_imaging.region import Region

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


def under_exposure_prevention(scene: Scene) -> Sample:
    """Measure the share of the face that is darker than 25 of 255."""
    return Sample(float((scene.luma[_face(scene)] < _DARK).mean()), scene.whole_face.box)


def over_exposure_prevention(scene: Scene) -> Sample:
    """Measure the share of the face that is brighter than 247 of 255."""
    return Sample(float((scene.luma[_face(scene)] > _BRIGHT).mean()), scene.whole_face.box)


def dynamic_range(scene: Scene) -> Sample:
    """Measure the entropy of the face's luminance in bits of 8."""
    share = np.histogram(scene.luma[_face(scene)], 256, (0, 1))[0] / max(1, int(_face(scene).sum()))
    share = share[share > 0]
    return Sample(float(-(share * np.log2(share)).sum()), scene.whole_face.box)


def colours(scene: Scene) -> NDArray[np.float64] | None:
    """Return a* and b* of the skin (2,), its median; None where the picture has no colour.

    The whites of the eyes were tried beside it and told less: at 50 pixels between the pupils lids and lashes mix in.
    """
    if scene.whole.picture.source.was_grey or scene.patches.sum() < _FEWEST_PIXELS:
        return None
    picture = scene.portrait.picture
    values = np.median(rgb_to_lab(picture.pixels[scene.patches], picture.space)[:, 1:], axis=0)
    return None if float(np.hypot(*values)) < _LEAST_CHROMA else np.asarray(values, np.float64)


def _face(scene: Scene) -> NDArray[np.bool_]:
    inside = scene.certain(Region.FACE)
    if inside.any():
        return inside
    box, inside = scene.face.box, np.zeros(scene.luma.shape, bool)
    inside[max(0, int(box.top)) : int(box.top + box.height), max(0, int(box.left)) : int(box.left + box.width)] = True
    return inside if inside.any() else np.ones(scene.luma.shape, bool)


def background_uniformity(scene: Scene) -> Sample:
    """Measure how even the background is: the mean gradient of lightness there, in L* a pixel at 64 pixels."""
    behind = cv2.erode(scene.background.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0
    if behind.sum() < 4 * _FEWEST_PIXELS:
        return Sample(None, None, "Too little background is visible.")
    lightness = cv2.GaussianBlur(scene.lightness, (0, 0), 1.0)
    gradient = np.hypot(cv2.Sobel(lightness, cv2.CV_32F, 1, 0), cv2.Sobel(lightness, cv2.CV_32F, 0, 1)) / 8
    return Sample(float(gradient[behind].mean()), scene.box_of(behind))
