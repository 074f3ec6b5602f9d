"""How light models the face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.extent import bounds
from atelier_imaging.region import Region

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_inspect.scene import Scene

_BLUR: Final = 0.12  # of the distance between the pupils: pores and lines are no shading
_FEWEST_PIXELS: Final = 150
_BINS: Final = 32


def shading_contrast(scene: Scene) -> Sample:
    """Measure lit side over shadow side of the face's skin in linear light: the 95th over the 5th percentile."""
    skin = _face_skin(scene)
    part = bounds(skin)
    if part is None or skin.sum() < _FEWEST_PIXELS:
        return Sample(None, scene.whole_face.box, "Too little skin is visible.")
    weight, sigma = skin[part].astype(np.float32), _BLUR * scene.face.interocular_pixels
    total, share = (
        cv2.GaussianBlur(plane, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
        for plane in (scene.linear[part] * weight, weight)
    )
    light = (total / np.maximum(share, 1e-3))[skin[part]]
    low, high = np.percentile(light, (5, 95))
    return Sample(float(high / max(float(low), 1e-3)), scene.box_of(skin))


def illumination_uniformity(scene: Scene) -> Sample:
    """Measure how alike both cheeks are lit: the overlap of their histograms, 0..1 (ISO/IEC 29794-5)."""
    cheeks = [scene.certain(region) for region in (Region.LEFT_CHEEK, Region.RIGHT_CHEEK)]
    if min(cheek.sum() for cheek in cheeks) < _FEWEST_PIXELS // 3:
        return Sample(None, scene.whole_face.box, "A cheek is covered.")
    first, second = (np.histogram(scene.luma[cheek], _BINS, (0, 1))[0] / cheek.sum() for cheek in cheeks)
    return Sample(float(np.minimum(first, second).sum()), scene.box_of(cheeks[0] | cheeks[1]))


def _face_skin(scene: Scene) -> NDArray[np.bool_]:
    return scene.certain(Region.SKIN) & scene.certain(Region.FACE)
