"""Highlights that a picture clipped, brightened again before they are defocused, and brought back afterwards."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Light below this share of white is as bright as it was. White itself was at most three stops brighter.
_KNEE: Final = 0.55
_STOPS: Final = 3.0
_STEPS: Final = 65536


class Expansion:
    """A curve on the brightest channel of linear light; `amount` 0 leaves light alone, 1 makes white 8 times as bright.

    `restored` undoes `expanded`: an even surface comes through unchanged, and what was a point has become a disc that
    is brighter than the picture's numbers would have made it.
    """

    def __init__(self, amount: float) -> None:
        before = np.linspace(0, 1, _STEPS)
        after = before * 2 ** (_STOPS * amount * np.clip((before - _KNEE) / (1 - _KNEE), 0, 1) ** 2)
        self._white = float(after[-1])
        bright = np.linspace(0, self._white, _STEPS)
        self._up = np.asarray(np.divide(after, before, out=np.ones(_STEPS), where=before > _KNEE), np.float32)
        down = np.interp(bright, after, before)
        self._down = np.asarray(np.divide(down, bright, out=np.ones(_STEPS), where=bright > _KNEE), np.float32)

    def expanded(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Brighten linear light (h, w, 3), 0..1."""
        return _scaled(light, self._up, 1.0)

    def restored(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring light (h, w, 3) back to 0..1."""
        return _scaled(light, self._down, self._white)


def _scaled(light: NDArray[np.float32], gains: NDArray[np.float32], white: float) -> NDArray[np.float32]:
    """Multiply light (h, w, 3) by the gain of its brightest channel; the gains are those of even steps up to white."""
    # Plane by plane, and gains out of a table: several times as fast as array code over an axis of three.
    red, green, blue = cv2.split(light)
    brightest = cv2.max(cv2.max(red, green), blue)
    if cv2.minMaxLoc(brightest)[1] <= _KNEE:
        return light
    steps = cv2.addWeighted(brightest, (_STEPS - 1) / white, brightest, 0.0, 0.0, dtype=cv2.CV_16U)
    gain = cv2.LUT(steps, gains)
    return np.asarray(cv2.merge([cv2.multiply(plane, gain) for plane in (red, green, blue)]), np.float32)
