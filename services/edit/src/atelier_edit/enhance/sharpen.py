"""Sharpen a whole picture: a pass stage that holds overshoot below what shows as a halo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import decode_transfer, encode_transfer, luminance

from atelier_edit.enhance.gain import above_noise, held
from atelier_edit.enhance.noise import blockiness, quiet_power
from atelier_edit.enhance.transition import OFFSET

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from atelier_imaging.strips import PixelArray
    from numpy.typing import NDArray

# Deviation of the blur that is subtracted, in pixels: the softness of a lens or a demosaicing, whatever the size.
_RADIUS: Final = 1.0
_MOST: Final = 0.9
# Share of the overshoot that does not show: the controls of the face take theirs.
_ROOM: Final = 0.3
# Rows that the blur, the local power and the local range look at beyond a strip.
_REACH: Final = 8
_SAMPLE_ROWS: Final = 256
_SAMPLES: Final = 4


class SharpenStage:
    """A pass stage that sharpens by `amount`, 0..1.

    It looks at the source's own pixels and multiplies what it meets, so that its place among stages does not matter.
    """

    def __init__(self, pixels: PixelArray, space: ColorSpace, amount: float) -> None:
        self._pixels = pixels
        self._space = space
        self._amount = np.float32(_MOST * amount)
        self._floor = self._noise()

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Sharpen display-encoded `rows`, float32 (h, w, 3), in place."""
        first = max(0, top - _REACH)
        lightness = self._lightness(first, top + len(rows) + _REACH)
        fine = lightness - cv2.GaussianBlur(lightness, (0, 0), _RADIUS)
        added = held(lightness, np.asarray(self._amount * fine * above_noise(fine, self._floor), np.float32), _ROOM)
        gain = ((lightness + added + OFFSET) / (lightness + OFFSET))[top - first : top - first + len(rows), :, None]
        rows += OFFSET
        rows *= gain
        rows -= OFFSET

    def _lightness(self, first: int, last: int) -> NDArray[np.float32]:
        light = luminance(decode_transfer(np.ascontiguousarray(self._pixels[first:last])), self._space)
        return np.clip(encode_transfer(light), 0, 1)

    def _noise(self) -> float:
        """Return the deviation of noise in what is sharpened, from a few bands of rows spread over the picture."""
        height = len(self._pixels)
        tops = np.linspace(0, max(0, height - _SAMPLE_ROWS), _SAMPLES, dtype=int)
        floors = []
        for top in dict.fromkeys(int(top) // 8 * 8 for top in tops):
            lightness = self._lightness(top, min(height, top + _SAMPLE_ROWS))
            fine = lightness - cv2.GaussianBlur(lightness, (0, 0), _RADIUS)
            blocks = 2 * blockiness(lightness, top)
            floors.append(float(np.sqrt(quiet_power(np.asarray(fine, np.float32), lightness) + blocks**2)))
        return float(np.median(floors))
