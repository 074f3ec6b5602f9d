"""The face is treated apart: where a face is, the faithful network draws along."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.region import Region

from atelier_upscale.share import Amount

if TYPE_CHECKING:
    from atelier_imaging.portrait import Portrait

# Half the freedom: restoring smooths, and a face lives by its texture. What the faithful network draws along starts
# from the cleaned picture, so that noise does not come back.
FREEDOM_ON_FACES: Final = 0.5
# The border of a face is as soft as a fifth of the distance between its pupils, so that no seam shows.
_SOFTNESS_INTEROCULAR: Final = 0.2


def fidelity_of(portrait: Portrait, fidelity: float) -> Amount:
    """Return the fidelity at each pixel of a portrait: as asked, and on faces half-way from there to 1."""
    if fidelity == 1.0 or not portrait.faces:
        return Amount(fidelity)
    sigma = max(1.0, _SOFTNESS_INTEROCULAR * portrait.faces[0].interocular_pixels)
    face = np.asarray(cv2.GaussianBlur(portrait.mask(Region.FACE), (0, 0), sigma), np.float32)
    freedom = (1.0 - fidelity) * (1.0 - FREEDOM_ON_FACES * face)
    return Amount(fidelity, np.asarray(1.0 - freedom, np.float32))
