"""Where on a portrait skin, hair and clothes are to be expected, before any colour is looked at.

Lengths are in units of the pupils' distance, from the middle of the eyes, along the head's own axes (`FaceFrame`). The
numbers are proportions of a head with room for long hair, big ears and open collars; colour decides within that room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.faceframe import FaceFrame

_CHIN, _JAW_LEFT, _JAW_RIGHT, _BROWS = 152, 397, 172, (105, 334)
# No kind is ever impossible.
_LEAST: Final = 1e-4


def spatial_priors(frame: FaceFrame) -> NDArray[np.float32]:
    """Return the share (4, h, w) expected of skin, hair, clothes and anything else; they sum to 1."""
    depth = frame.depth_inside_oval()
    inside = step(depth, -0.03, 0.03)
    body = _Body(frame)
    beard = body.beard(depth)
    priors = np.stack(
        [
            np.maximum(inside, (1 - inside) * body.skin(depth)),
            inside * body.fringe(depth) + (1 - inside) * body.hair(depth) + np.float32(0.08) * beard,
            (1 - inside) * step(body.y, body.chin - 0.5, body.chin + 0.7),
            inside * np.float32(0.06) + (1 - inside) * np.float32(0.04) + np.float32(0.08) * beard,
        ]
    ) + np.float32(_LEAST)
    return np.asarray(priors / priors.sum(axis=0), np.float32)


def beard_zone(frame: FaceFrame) -> NDArray[np.float32]:
    """Return where hair would be a beard, (h, w), 0..1: on the face, below the nose."""
    return _Body(frame).beard(frame.depth_inside_oval())


def fringe_zone(frame: FaceFrame) -> NDArray[np.float32]:
    """Return where hair on the face would be a fringe, (h, w), 0..1: above the brows."""
    body = _Body(frame)
    return step(body.y, body.brow, body.brow - 0.15)


def falling_hair(frame: FaceFrame, hair: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return a factor (h, w) for hair below the ears: 1 on a side where hair passes the ear, 0 where it ends above.

    `hair` (h, w) is what is taken for hair so far. What looks like hair below short hair is a shoulder.
    """
    body = _Body(frame)
    depth = frame.depth_inside_oval()
    beside = step(depth, -0.75, -0.6) * step(depth, -0.08, -0.16)
    # Two bands, at the ear lobe and below it: a shoulder may reach into the lower one, only hair fills both.
    bands = [
        beside * step(body.y, low - 0.05, low + 0.05) * step(body.y, low + 0.35, low + 0.25) for low in (0.4, 0.75)
    ]
    factor = np.ones(frame.shape, np.float32)
    for side in (body.x < 0, body.x >= 0):
        shares = [(hair * band * side).sum() / max(float((band * side).sum()), 1.0) for band in bands]
        passes = step(np.float32(min(shares)), 0.15, 0.4)
        factor[side] = 1 - step(body.y, 0.5, 0.95)[side] * (1 - passes)
    return factor


def step(x: NDArray[np.float32] | np.float32, start: float, end: float) -> NDArray[np.float32]:
    """Rise smoothly from 0 at `start` to 1 at `end` (or fall, where `end` is the smaller)."""
    t = np.clip((x - np.float32(start)) / np.float32(end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


class _Body:
    """The outline of head, neck and shoulders that goes with one face."""

    def __init__(self, frame: FaceFrame) -> None:
        self.x, self.y = frame.coordinates()
        marks = frame.landmarks()
        self.chin = float(marks[_CHIN, 1])
        self.brow = float(marks[list(_BROWS), 1].mean())
        half_jaw = max(float(marks[_JAW_LEFT, 0] - marks[_JAW_RIGHT, 0]) / 2, 0.1)
        middle = float(marks[_JAW_LEFT, 0] + marks[_JAW_RIGHT, 0]) / 2
        self.beside = np.abs(self.x - np.float32(middle)) / np.float32(half_jaw)

    def skin(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Neck, ears and a bare scalp."""
        below = np.exp(-np.clip(self.y - self.chin - 0.25, 0, None) / 0.45)
        neck = 0.8 * step(self.beside, 1.25, 0.85) * step(self.y, self.chin - 0.7, self.chin - 0.2) * below
        ears = 0.6 * step(depth, -0.5, -0.2) * step(self.y, -0.75, -0.35) * step(self.y, 1.35, 0.9)
        scalp = 0.4 * step(depth, -1.3, -0.2) * step(self.y, self.brow + 0.2, self.brow - 0.3)
        return np.asarray(np.maximum.reduce([neck, ears, scalp]), np.float32)

    def beard(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Moustache, chin and jaw; what is dark below the chin is mostly its shadow."""
        below_nose = step(self.y, 0.6, 0.85)
        return np.asarray(step(depth, -0.06, 0.04) * below_nose, np.float32)

    def fringe(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Hair inside the face's outline: a fringe, temples."""
        upper = step(self.y, self.brow + 0.9, self.brow - 0.1)
        return np.asarray(0.35 * np.exp(-np.clip(depth, 0, None) / 0.28) * upper + 0.02 * step(self.y, 0.9, 0.3))

    def hair(self, depth: NDArray[np.float32]) -> NDArray[np.float32]:
        """Hair around the face, and long hair beside the neck."""
        around = 0.8 * step(depth, -1.7, -0.5) * step(self.y, 1.0, 0.4)
        beside_neck = step(self.beside, 0.8, 1.2) * step(self.beside, 2.2, 1.4)
        falling = 0.5 * step(self.y, 0.4, 1.0) * step(self.y, self.chin + 2.5, self.chin - 0.2) * beside_neck
        return np.asarray(around + falling, np.float32)
