"""Where on a portrait skin, hair and clothes are to be expected, before any colour is looked at.

Lengths are in units of the pupils' distance, from the middle of the eyes, along the head's own axes (`FaceFrame`). The
numbers are proportions of a head with room for long hair, big ears and open collars; colour decides within that room.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.guided import step

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.faceframe import FaceFrame

_CHIN, _JAW_LEFT, _JAW_RIGHT, _BROWS = 152, 397, 172, (105, 334)
# No kind is ever impossible.
_LEAST: Final = 1e-4


class Expectation:
    """What is expected where around one face; every map is float32 (h, w) over the frame's pixels."""

    def __init__(self, frame: FaceFrame) -> None:
        self._x, self._y = frame.coordinates()
        self._depth = frame.depth_inside_oval()
        marks = frame.landmarks()
        self._chin = float(marks[_CHIN, 1])
        self._brow = float(marks[list(_BROWS), 1].mean())
        half_jaw = max(float(marks[_JAW_LEFT, 0] - marks[_JAW_RIGHT, 0]) / 2, 0.1)
        middle = float(marks[_JAW_LEFT, 0] + marks[_JAW_RIGHT, 0]) / 2
        # How far beside the neck's middle, in halves of the jaw's width.
        self._beside = np.abs(self._x - np.float32(middle)) / np.float32(half_jaw)

    def shares(self) -> NDArray[np.float32]:
        """Return the share (4, h, w) expected of skin, hair, clothes and anything else; they sum to 1."""
        inside = step(self._depth, -0.03, 0.03)
        outside = 1 - inside
        beard, skin = np.float32(0.08) * self.beard(), self._skin_beyond()
        priors = np.stack(
            [
                np.maximum(inside, outside * skin),
                inside * self._hair_within() + outside * self._hair_beyond() + beard,
                outside * step(self._y, self._chin - 0.5, self._chin + 0.7),
                inside * np.float32(0.06) + outside * (1 - skin) * np.float32(0.04) + beard,
            ]
        )
        priors += np.float32(_LEAST)
        return np.asarray(priors / priors.sum(axis=0), np.float32)

    def beard(self) -> NDArray[np.float32]:
        """Return where hair would be a beard, 0..1; what is dark below the chin is mostly its shadow."""
        return step(self._depth, -0.06, 0.04) * step(self._y, 0.6, 0.85)

    def fringe(self) -> NDArray[np.float32]:
        """Return where hair on the face would be a fringe, 0..1: above the brows."""
        return step(self._y, self._brow, self._brow - 0.15)

    def long_hair(self, hair: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return a factor for hair below the ears: 1 on a side where hair passes the ear, 0 where it ends above.

        `hair` (h, w) is what is taken for hair so far. What looks like hair below short hair is a shoulder.
        """
        beside = step(self._depth, -0.75, -0.6) * step(self._depth, -0.08, -0.16)
        # Two bands, at the ear lobe and below it: a shoulder may reach into the lower one, only hair fills both.
        bands = [
            beside * step(self._y, low - 0.05, low + 0.05) * step(self._y, low + 0.35, low + 0.25)
            for low in (0.4, 0.75)
        ]
        below = step(self._y, 0.5, 0.95)
        factor = np.ones_like(hair)
        for side in (self._x < 0, self._x >= 0):
            filled = [float((hair * band * side).sum() / max((band * side).sum(), 1.0)) for band in bands]
            factor[side] -= below[side] * (1 - step(np.float32(min(filled)), 0.15, 0.4))
        return factor

    def _skin_beyond(self) -> NDArray[np.float32]:
        """Neck, ears and a bare scalp."""
        fading = np.exp(-np.clip(self._y - self._chin - 0.25, 0, None) / 0.45)
        neck = 0.8 * step(self._beside, 1.25, 0.85) * step(self._y, self._chin - 0.7, self._chin - 0.2) * fading
        ears = 0.6 * step(self._depth, -0.5, -0.2) * step(self._y, -0.75, -0.35) * step(self._y, 1.35, 0.9)
        scalp = 0.4 * step(self._depth, -1.3, -0.2) * step(self._y, self._brow + 0.2, self._brow - 0.3)
        return np.asarray(np.maximum.reduce([neck, ears, scalp]), np.float32)

    def _hair_within(self) -> NDArray[np.float32]:
        """Hair inside the face's outline: a fringe, temples."""
        upper = step(self._y, self._brow + 0.9, self._brow - 0.1)
        near_edge = np.exp(-np.clip(self._depth, 0, None) / 0.28)
        return np.asarray(0.35 * near_edge * upper + 0.02 * step(self._y, 0.9, 0.3), np.float32)

    def _hair_beyond(self) -> NDArray[np.float32]:
        """Hair around the face, and long hair beside the neck."""
        around = 0.8 * step(self._depth, -1.7, -0.5) * step(self._y, 1.0, 0.4)
        beside_neck = step(self._beside, 0.8, 1.2) * step(self._beside, 2.2, 1.4)
        falling = 0.5 * step(self._y, 0.4, 1.0) * step(self._y, self._chin + 2.5, self._chin - 0.2) * beside_neck
        return np.asarray(around + falling, np.float32)
