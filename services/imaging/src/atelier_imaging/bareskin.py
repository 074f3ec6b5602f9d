"""Skin that shows by its continuity: colours that drift, without an edge, away from those of the forehead and cheeks.

A bald scalp shines, a neck lies in shadow: their colours may be those of grey or brown hair. What tells them apart is
that no hairline lies between them and the face.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from scipy import ndimage

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.faceframe import FaceFrame

# Mesh points on lower forehead, cheeks and the bridge of the nose that the search starts from, where they show skin.
_STARTS: Final = (151, 108, 337, 9, 69, 299, 104, 333, 50, 280, 205, 425)
# The largest step between neighbouring pixels of the smoothed frame, in 8-bit CIELAB, that is not yet an edge.
_STEP: Final = 4
_LIKE_SKIN: Final = 0.5
_PERSON: Final = 0.5
_SMOOTHING: Final = (5, 12.0, 2.0)
# Hair that is darker than the person's typical skin by this much (8-bit L*) is never taken for shaded skin.
_DARKEST: Final = 60


def continuous_skin(frame: FaceFrame, person: NDArray[np.float32], typical: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return where skin runs on from the face without an edge, float32 (h, w), 0..1.

    `typical` says how like the person's typical skin a pixel is, 0..1.
    """
    lab = cv2.cvtColor(cv2.bilateralFilter(frame.pixels, *_SMOOTHING), cv2.COLOR_RGB2LAB)
    like = typical > _LIKE_SKIN
    if not like.any():
        return np.zeros(frame.shape, np.float32)
    too_dark = lab[..., 0] < float(np.median(lab[..., 0][like])) - _DARKEST
    barrier = np.pad((person < _PERSON) | too_dark, 1, constant_values=True).astype(np.uint8)
    for x, y in np.floor(frame.points[list(_STARTS)]).astype(int):
        if 0 <= x < frame.shape[1] and 0 <= y < frame.shape[0] and like[y, x] and not barrier[y + 1, x + 1]:
            flags = 4 | (2 << 8) | cv2.FLOODFILL_MASK_ONLY
            cv2.floodFill(lab, barrier, (int(x), int(y)), 0, (_STEP,) * 3, (_STEP,) * 3, flags)
    reached = (barrier[1:-1, 1:-1] == 2).astype(np.uint8)
    # A highlight that skin surrounds on all sides is skin too.
    closed = ndimage.binary_fill_holes(cv2.morphologyEx(reached, cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)))
    return np.asarray(cv2.GaussianBlur(closed.astype(np.float32), (0, 0), 0.8), np.float32)
