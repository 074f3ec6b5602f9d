"""Who is in the picture, as far as usual values of a measure depend on it.

Classes widen what is usual and nothing else: nobody fails for what real people of one of their classes measure.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.topology import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

if TYPE_CHECKING:
    from atelier_inspect.scene import Scene

# Chardon, Cretois and Hourseau 1991; the two darkest classes, of which there are few portraits, are one.
_LIGHT, _INTERMEDIATE, _TAN = 41.0, 28.0, 10.0
# Where the network is less sure than this, a face is of neither class.
_SURELY: Final = 0.8
_SMALL_INTEROCULAR, _LARGE_INTEROCULAR = 50.0, 55.0
_GLASSES_FROM: Final = 0.72
# The bridge of the nose, in distances between the outer corners of the eyes: a strip across it, from above to below.
_ACROSS, _ALONG = np.arange(-0.08, 0.08, 0.008), np.arange(0.16, -0.18, -0.008)
_OWN: Final = np.array([(-0.5, 0.0), (0.5, 0.0), (0.0, -0.62)], np.float32)
_NOSE_BASE: Final = 2


def classes_of(scene: Scene) -> tuple[str, ...]:
    """Return the classes of a face: skin tone, face size, glasses, and sex as a network takes it for, where sure."""
    return (tone_of(scene.ita_degrees), size_of(scene.whole_face.interocular_pixels), glasses_of(scene), *sex_of(scene))


def tone_of(ita_degrees: float | None) -> str:
    """Return the class of a typology angle; `grey` where the picture has no colour."""
    if ita_degrees is None:
        return "grey"
    if ita_degrees > _LIGHT:
        return "light"
    if ita_degrees > _INTERMEDIATE:
        return "intermediate"
    return "tan" if ita_degrees > _TAN else "dark"


def size_of(interocular_pixels: float) -> str:
    """Return the class of a distance between the pupils."""
    if interocular_pixels < _SMALL_INTEROCULAR:
        return "small_face"
    return "medium_face" if interocular_pixels < _LARGE_INTEROCULAR else "large_face"


def sex_of(scene: Scene) -> tuple[str, ...]:
    """Return what the face reads as to a network; nothing where it is unsure or not installed."""
    seen = scene.impression
    if seen is None or max(seen.male, 1 - seen.male) < _SURELY:
        return ()
    return ("reads_male",) if seen.male > 0.5 else ("reads_female",)


def glasses_of(scene: Scene) -> str:
    """Return whether a frame crosses the bridge of the nose."""
    return "glasses" if bridge_contrast(scene) > _GLASSES_FROM else "no_glasses"


def bridge_contrast(scene: Scene) -> float:
    """Return the strongest edge across the bridge of the nose over the skin's light; frames of glasses have one."""
    corners = scene.face.mesh[[RIGHT_EYE_CORNERS[0], LEFT_EYE_CORNERS[0], _NOSE_BASE], :2]
    matrix = cv2.getAffineTransform(_OWN, np.ascontiguousarray(corners, np.float32))
    places = np.stack(np.meshgrid(_ACROSS, _ALONG), axis=-1) @ matrix[:, :2].T + matrix[:, 2] - 0.5
    x, y = np.asarray(places, np.float32).transpose(2, 0, 1)
    strip = cv2.remap(scene.luma, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    edges = np.abs(np.gradient(strip.mean(axis=1))) / max(float(np.median(strip)), 1e-2) * (0.1 / 0.008)
    return float(edges.max())
