"""Oklab, the perceptual space that looks are shaped in: its blues keep their hue when their chroma changes.

B. Ottosson, "A perceptual color space for image processing", 2020. Float64, since tables are small and are made once.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.color import ColorSpace, linear_to_xyz

if TYPE_CHECKING:
    from numpy.typing import NDArray

_XYZ_TO_CONES = np.array(
    [
        [0.8189330101, 0.3618667424, -0.1288597137],
        [0.0329845436, 0.9293118715, 0.0361456387],
        [0.0482003018, 0.2643662691, 0.6338517070],
    ]
)
_CONES_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_BISECTIONS = 14


def linear_to_oklab(linear: NDArray[np.float64], space: ColorSpace) -> NDArray[np.float64]:
    """Turn linear light (…, 3) into Oklab (…, 3): L 0..1, a and b about −0.4..0.4; white is exactly (1, 0, 0)."""
    return np.asarray(np.cbrt(linear @ _to_cones(space).T) @ _CONES_TO_LAB.T)


def oklab_to_linear(lab: NDArray[np.float64], space: ColorSpace) -> NDArray[np.float64]:
    """Turn Oklab (…, 3) into linear light (…, 3), not clipped."""
    return np.asarray((lab @ np.linalg.inv(_CONES_TO_LAB).T) ** 3 @ np.linalg.inv(_to_cones(space)).T)


def into_gamut(lab: NDArray[np.float64], space: ColorSpace) -> NDArray[np.float64]:
    """Turn Oklab (…, 3) into linear light 0..1, lowering chroma at the same hue and lightness where it does not fit."""
    lightness = np.clip(lab[..., :1], 0.0, 1.0)
    low, high = np.zeros_like(lightness), np.ones_like(lightness)
    inside = _fits(np.concatenate([lightness, lab[..., 1:]], axis=-1), space)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2.0
        fits = _fits(np.concatenate([lightness, lab[..., 1:] * middle], axis=-1), space)
        low, high = np.where(fits, middle, low), np.where(fits, high, middle)
    share = np.where(inside, 1.0, low)
    return np.clip(oklab_to_linear(np.concatenate([lightness, lab[..., 1:] * share], axis=-1), space), 0.0, 1.0)


def _fits(lab: NDArray[np.float64], space: ColorSpace) -> NDArray[np.bool_]:
    """Tell which colours a space can show, to a tenth of a step of 8 bits."""
    linear = oklab_to_linear(lab, space)
    return np.asarray(((linear > -1e-4) & (linear < 1.0 + 1e-3)).all(axis=-1, keepdims=True))


@cache
def _to_cones(space: ColorSpace) -> NDArray[np.float64]:
    """Give the matrix from linear light to cone responses, scaled so that white is (1, 1, 1)."""
    to_xyz = linear_to_xyz(np.eye(3, dtype=np.float32), space).T.astype(np.float64)
    cones = _XYZ_TO_CONES @ to_xyz
    return np.asarray(cones / cones.sum(axis=1, keepdims=True))
