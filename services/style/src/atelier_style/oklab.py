"""Oklab, the perceptual space that looks are shaped in: its blues keep their hue when their chroma changes.

B. Ottosson, "A perceptual color space for image processing", 2020.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.color import ColorSpace, linear_to_xyz, luminance_weights

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
    ],
    np.float32,
)


def linear_to_oklab(linear: NDArray[np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Turn linear light (…, 3) into Oklab (…, 3): L 0..1, a and b about −0.4..0.4; white is exactly (1, 0, 0)."""
    return np.asarray(np.cbrt(linear @ _to_cones(space).T) @ _CONES_TO_LAB.T, np.float32)


def oklab_to_linear(lab: NDArray[np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Turn Oklab (…, 3) into linear light (…, 3), not clipped."""
    roots = lab @ _lab_to_cones().T
    return np.asarray((roots * roots * roots) @ _from_cones(space).T, np.float32)


def into_gamut(lab: NDArray[np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Turn Oklab (…, 3) into linear light 0..1; what does not fit is dimmed a little and mixed with its own grey.

    Mixing is along straight lines in linear light, where the gamut is a cube: so neighbours stay neighbours, which
    lines in Oklab, whose gamut is dented at blue, do not grant. Dimming takes half of what is above white, in stops:
    a yellow too light for the space stays yellow and does not turn white.
    """
    linear = oklab_to_linear(lab, space)
    overshoot = np.maximum(_extreme(linear, np.maximum), np.float32(1.0))
    linear = np.asarray(linear / np.sqrt(overshoot), np.float32)
    grey = np.clip(linear @ luminance_weights(space)[:, None], 0.0, 1.0)
    below = grey / np.maximum(grey - _extreme(linear, np.minimum), 1e-6)
    above = (1.0 - grey) / np.maximum(_extreme(linear, np.maximum) - grey, 1e-6)
    share = np.minimum(np.float32(1.0), np.minimum(below, above))
    return np.asarray(np.clip(grey + share * (linear - grey), 0.0, 1.0))


def _extreme(colours: NDArray[np.float32], choose: np.ufunc) -> NDArray[np.float32]:
    """Give the largest or smallest of three channels (…, 1); three times as fast as reducing an axis of length 3."""
    return np.asarray(choose(choose(colours[..., :1], colours[..., 1:2]), colours[..., 2:]))


@cache
def _to_cones(space: ColorSpace) -> NDArray[np.float32]:
    """Give the matrix from linear light to cone responses, scaled so that white is (1, 1, 1)."""
    to_xyz = linear_to_xyz(np.eye(3, dtype=np.float32), space).T.astype(np.float64)
    cones = _XYZ_TO_CONES @ to_xyz
    return np.asarray(cones / cones.sum(axis=1, keepdims=True), np.float32)


@cache
def _from_cones(space: ColorSpace) -> NDArray[np.float32]:
    """Give the matrix from cone responses to linear light."""
    return np.asarray(np.linalg.inv(_to_cones(space).astype(np.float64)), np.float32)


@cache
def _lab_to_cones() -> NDArray[np.float32]:
    """Give the matrix from Oklab to the cube roots of cone responses."""
    return np.asarray(np.linalg.inv(_CONES_TO_LAB.astype(np.float64)), np.float32)
