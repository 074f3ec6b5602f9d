"""The individual typology angle: how light a person's skin is, as dermatology counts it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.color import rgb_to_lab
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture

_PATCHES: Final = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
_CERTAIN: Final = 0.8
_FEWEST_PIXELS: Final = 64
# Pixels spread evenly over the skin tell its median as well as all of them.
_ENOUGH_PIXELS: Final = 50_000
# Below this chroma a picture has no colour to speak of, whatever its file says.
_LEAST_CHROMA: Final = 2.0


def typology_angle(picture: Picture, face: Face, mask: Callable[[Region, Face], NDArray[np.float32]]) -> float | None:
    """Measure `atan((L* - 50) / b*)` in degrees on forehead and cheeks; the higher, the lighter.

    Chardon, Cretois and Hourseau, "Skin colour typology and suntanning pathways", 1991, on the median colour of pixels
    that are certainly skin, under D65. None where too few are visible or they have no colour.
    """
    part = _within(face, picture)
    covered = np.maximum.reduce([mask(region, face)[part] for region in _PATCHES])
    skin = picture.pixels[part][covered > _CERTAIN]
    if len(skin) < _FEWEST_PIXELS:
        return None
    skin = skin[:: max(1, len(skin) // _ENOUGH_PIXELS)]
    lightness, a, b = (float(value) for value in np.median(rgb_to_lab(skin, picture.space), axis=0))
    if math.hypot(a, b) < _LEAST_CHROMA:
        return None
    return math.degrees(math.atan2(lightness - 50.0, b))


def _within(face: Face, picture: Picture) -> tuple[slice, slice]:
    """Return the rows and columns of the mesh, which forehead and cheeks are patches of."""
    size = (picture.width, picture.height)
    left, top = np.clip(np.floor(face.mesh[:, :2].min(axis=0)), 0, size).astype(int)
    right, bottom = np.clip(np.ceil(face.mesh[:, :2].max(axis=0)), 0, size).astype(int)
    return slice(int(top), int(bottom)), slice(int(left), int(right))
