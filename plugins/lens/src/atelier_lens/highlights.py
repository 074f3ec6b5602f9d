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
_STEPS: Final = 1024


class Expansion:
    """A curve on the brightest channel of linear light; `amount` 0 leaves light alone, 1 makes white 8 times as bright.

    `restored` undoes `expanded`: an even surface comes through unchanged, and what was a point has become a disc that
    is brighter than the picture's numbers would have made it.
    """

    def __init__(self, amount: float) -> None:
        self._before = np.linspace(0, 1, _STEPS, dtype=np.float32)
        rise = np.clip((self._before - _KNEE) / (1 - _KNEE), 0, 1) ** 2
        self._after = np.asarray(self._before * 2 ** (_STOPS * amount * rise), np.float32)

    def expanded(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Brighten linear light (h, w, 3), 0..1."""
        return self._through(light, self._before, self._after)

    def restored(self, light: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring light (h, w, 3) back to 0..1."""
        return self._through(light, self._after, self._before)

    @staticmethod
    def _through(
        light: NDArray[np.float32], start: NDArray[np.float32], end: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        # OpenCV's maximum of planes is many times quicker than one over an axis of three.
        red, green, blue = cv2.split(light)
        brightest = np.asarray(cv2.max(cv2.max(red, green), blue), np.float32)
        high = brightest > _KNEE
        if not high.any():
            return light
        gain = np.ones_like(brightest)
        gain[high] = np.interp(brightest[high], start, end) / brightest[high]
        return np.asarray(cv2.multiply(light, cv2.merge([gain, gain, gain])), np.float32)
