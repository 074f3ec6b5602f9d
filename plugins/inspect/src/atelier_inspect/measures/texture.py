"""Whether skin is as finely textured as the rest of the face."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.region import Region

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from atelier_inspect.scene import Scene

_DARKEST: Final = 0.01
_FINE_PIXELS: Final = 1.3
_FEWEST_PIXELS: Final = 80
LEAST_INTEROCULAR: Final = 36.0


def skin_texture(scene: Scene) -> Sample:
    """Measure fine relief of skin against that of lashes and brows: log2 of the ratio of both root mean squares.

    Relief is what a blur of 1.3 pixels takes out of the logarithm of light at 64 pixels between the pupils. The ratio
    says whether the skin alone was smoothed: a soft lens softens lashes as well.
    """
    if scene.face.interocular_pixels < LEAST_INTEROCULAR:
        return Sample(None, scene.whole_face.box, "The face has too few pixels to show pores.")
    inside = cv2.erode(scene.patches.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    edges = scene.certain(Region.EYES) | scene.certain(Region.BROWS)
    if min(inside.sum(), edges.sum()) < _FEWEST_PIXELS:
        return Sample(None, scene.whole_face.box, "Too little skin or lashes are visible.")
    light = np.log(scene.linear + np.float32(_DARKEST))
    fine = light - cv2.GaussianBlur(light, (0, 0), _FINE_PIXELS)
    skin, lashes = (float(np.sqrt(np.mean(fine[part] ** 2))) for part in (inside, edges))
    return Sample(float(np.log2(max(skin, 1e-5) / max(lashes, 1e-5))), scene.box_of(scene.patches))
