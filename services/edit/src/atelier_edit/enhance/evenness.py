"""Blemishes and blotches of colour, evened out where they are wider than texture.

Worked out on a small picture of the face and applied as smooth factors on light, so that no pore can be lost: what is
small, dark and sharp, a mole, a scar, a freckle, is no blotch and stays. Everything happens in CIELAB within the skin,
and the skin's mean colour stays what it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import lab_to_linear, linear_to_lab

from atelier_edit.enhance.transition import UNIT

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from numpy.typing import NDArray

    from atelier_edit.enhance.view import View

# Sizes in distances between the pupils. A spot is what differs from skin a few times as far around.
_SPOT: Final = 0.02
_AROUND_SPOT: Final = 0.12
_BLOTCH: Final = 0.04
_AROUND_BLOTCH: Final = 0.30
# A spot is redder than its surroundings by this much in a*, rising to certain; less is the skin's own unevenness.
_REDDER: Final = (0.8, 2.5)
# Darker than its surroundings by this much in L* makes it a mole, rising to certain.
_DARKER: Final = (5.0, 11.0)
_BLEMISH_MOST: Final = 0.85
_EVEN_MOST: Final = 0.7
# Factors beyond these would be an edge of a mask, no skin.
_LEAST, _MOST = 0.75, 1.35
_CERTAIN: Final = 0.5


def evenness_gain(
    view: View, skin: NDArray[np.float32], space: ColorSpace, blemish: float, even: float
) -> NDArray[np.float32] | None:
    """Return factors (h, w, 3) on linear light for controls of 0..1; None where the face shows too little skin."""
    scale = min(1.0, UNIT / view.interocular)
    size = (max(4, round(view.shape[1] * scale)), max(4, round(view.shape[0] * scale)))
    light = np.asarray(cv2.resize(view.linear, size, interpolation=cv2.INTER_AREA), np.float32)
    weight = np.asarray(cv2.resize(skin, size, interpolation=cv2.INTER_AREA), np.float32)
    sure = np.asarray(np.clip((weight - _CERTAIN) / (1 - _CERTAIN), 0, 1), np.float32)
    if float(sure.sum()) < UNIT:
        return None
    lab, unit = linear_to_lab(light, space), view.interocular * scale
    change = np.zeros_like(lab)
    if blemish > 0:
        change += np.float32(_BLEMISH_MOST * blemish) * _spots(lab, sure, unit)
    if even > 0:
        change += np.float32(_EVEN_MOST * even) * _blotches(lab + change, sure, unit)
    change[..., 1:] -= (change[..., 1:] * sure[..., None]).sum(axis=(0, 1)) / sure.sum()
    change *= sure[..., None]
    ratio = (lab_to_linear(lab + change, space) + np.float32(1e-3)) / (light + np.float32(1e-3))
    ratio = np.clip(ratio, _LEAST, _MOST)
    full = cv2.resize(ratio, view.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray(1 + (full - 1) * skin[..., None], np.float32)


def _spots(lab: NDArray[np.float32], sure: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return what takes red spots to the colour around them, moles left out."""
    fine, around = _within(lab, sure, _SPOT * unit), _within(lab, sure, _AROUND_SPOT * unit)
    redder = _rise(fine[..., 1] - around[..., 1], *_REDDER)
    # Darkness is looked for unblurred: a mole is dark in its middle, however small.
    mole = _rise(around[..., 0] - lab[..., 0], *_DARKER)
    mole = np.asarray(cv2.dilate(mole, np.ones((3, 3), np.uint8)), np.float32)
    return np.asarray((around - fine) * (redder * (1 - mole))[..., None], np.float32)


def _blotches(lab: NDArray[np.float32], sure: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return what takes blotches of a* and b* to the colour of the skin around; lightness is form and stays."""
    change = _within(lab, sure, _AROUND_BLOTCH * unit) - _within(lab, sure, _BLOTCH * unit)
    change[..., 0] = 0
    return change


def _within(lab: NDArray[np.float32], sure: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur within the skin (normalised convolution)."""
    share = sure + np.float32(1e-4)
    total = cv2.GaussianBlur(lab * share[..., None], (0, 0), max(sigma, 0.5))
    return np.asarray(total / cv2.GaussianBlur(share, (0, 0), max(sigma, 0.5))[..., None], np.float32)


def _rise(values: NDArray[np.float32], start: float, end: float) -> NDArray[np.float32]:
    share = np.clip((values - np.float32(start)) / np.float32(end - start), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
