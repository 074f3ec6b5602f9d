"""Sharpen a whole picture: a pass stage that holds overshoot below what shows as a halo."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.enhance.gain import above_noise, limits
from atelier_edit.enhance.noise import blockiness, quiet_power
from atelier_edit.enhance.transition import OFFSET
from atelier_edit.enhance.view import lightness_of

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from atelier_imaging.strips import PixelArray
    from numpy.typing import NDArray

# Deviation of the blur that is subtracted, in pixels: the softness of a lens or a demosaicing, whatever the size.
_RADIUS: Final = 1.0
_MOST: Final = 1.0
# Rows that the blur, the local power and the local range look at beyond a strip.
_REACH: Final = 8
_SAMPLE_ROWS: Final = 256
_SAMPLES: Final = 4


class SharpenStage:
    """A pass stage that sharpens by `amount`, 0..1.

    What is sharpened is the source's own detail, after all that other stages have done.
    """

    def __init__(self, pixels: PixelArray, space: ColorSpace, amount: float) -> None:
        self._pixels = pixels
        self._space = space
        self._amount = np.float32(_MOST * amount)
        self._floor = self._noise()

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Sharpen display-encoded `rows`, float32 (h, w, 3), in place."""
        first = max(0, top - _REACH)
        part = slice(top - first, top - first + len(rows))
        source = lightness_of(self._pixels[first : top + len(rows) + _REACH], self._space)
        fine = source - cv2.GaussianBlur(source, (0, 0), _RADIUS)
        added = np.asarray(self._amount * fine * above_noise(fine, self._floor), np.float32)[part]
        least, greatest = (limit[part] for limit in limits(source))
        # What the face's controls have made of the rows has used up some of the room already.
        now = lightness_of(rows, self._space)
        wanted = np.clip(now + added, np.minimum(now, least), np.maximum(now, greatest))
        gain = ((wanted + OFFSET) / (now + OFFSET))[..., None]
        rows += OFFSET
        rows *= gain
        rows -= OFFSET

    def _noise(self) -> float:
        """Return the deviation of noise in what is sharpened, from a few bands of rows spread over the picture."""
        height = len(self._pixels)
        tops = np.linspace(0, max(0, height - _SAMPLE_ROWS), _SAMPLES, dtype=int)
        floors = []
        for top in dict.fromkeys(int(top) // 8 * 8 for top in tops):
            lightness = lightness_of(self._pixels[top : top + _SAMPLE_ROWS], self._space)
            fine = lightness - cv2.GaussianBlur(lightness, (0, 0), _RADIUS)
            blocks = 2 * blockiness(lightness, top)
            floors.append(float(np.sqrt(quiet_power(np.asarray(fine, np.float32), lightness) + blocks**2)))
        return float(np.median(floors))
