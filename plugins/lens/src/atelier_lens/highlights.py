"""Highlights that a picture clipped, brightened again before they are defocused, and brought back afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_lens.layers import Planes

# Light below this share of white is as bright as it was. White itself was at most three stops brighter.
_KNEE: Final = 0.55
_STOPS: Final = 3.0
_STEPS: Final = 65536


class Expansion:
    """A curve on the brightest channel of linear light; `amount` 0 leaves light alone, 1 makes white 8 times as bright.

    `restored` undoes `expanded`: an even surface comes through unchanged, and what was a point has become a disc that
    is brighter than the picture's numbers would have made it. Light is three planes (h, w).
    """

    def __init__(self, amount: float) -> None:
        self._curve = _curve(amount)

    def gain(self, brightest: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the factors (h, w) of `expanded` for the brightest channel (h, w) of linear light, 0..1."""
        return _looked_up(brightest, self._curve.up, 1.0)

    def expanded(self, light: Planes) -> Planes:
        """Brighten linear light, 0..1."""
        return multiplied(light, self.gain(brightest(light)))

    def restored(self, light: Planes) -> Planes:
        """Bring light back to 0..1."""
        return multiplied(light, _looked_up(brightest(light), self._curve.down, self._curve.white))


@dataclass(frozen=True, slots=True, eq=False)
class _Curve:
    """Gains (n,) of brightest channels: `up` of even steps to 1, `down` of even steps to `white`, what 1 becomes."""

    up: NDArray[np.float32]
    down: NDArray[np.float32]
    white: float


@lru_cache(maxsize=8)
def _curve(amount: float) -> _Curve:
    before = np.linspace(0, 1, _STEPS)
    after = before * 2 ** (_STOPS * amount * np.clip((before - _KNEE) / (1 - _KNEE), 0, 1) ** 2)
    bright = np.linspace(0, float(after[-1]), _STEPS)
    up = np.divide(after, before, out=np.ones(_STEPS), where=before > _KNEE)
    down = np.divide(np.interp(bright, after, before), bright, out=np.ones(_STEPS), where=bright > _KNEE)
    return _Curve(np.asarray(up, np.float32), np.asarray(down, np.float32), float(after[-1]))


def brightest(light: Planes) -> NDArray[np.float32]:
    """Return the brightest channel (h, w) of light."""
    red, green, blue = light
    return np.maximum(np.maximum(red, green), blue)


def multiplied(light: Planes, factors: NDArray[np.float32]) -> Planes:
    """Multiply every plane of light by the same factors (h, w)."""
    return [plane * factors for plane in light]


def _looked_up(bright: NDArray[np.float32], gains: NDArray[np.float32], white: float) -> NDArray[np.float32]:
    """Return the gains of light (h, w); they are those of even steps up to white."""
    # Out of a table: several times as fast as the power.
    steps = cv2.addWeighted(bright, (_STEPS - 1) / white, bright, 0.0, 0.0, dtype=cv2.CV_16U)
    return np.asarray(cv2.LUT(steps, gains), np.float32)
