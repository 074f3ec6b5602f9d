"""Fine grain where a picture is smoother than its own noise, so that what was enhanced or evened sits in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.grain.drawing import GrainRecipe, GrainStage, deviation_table
from atelier_imaging.grain.model import GrainModel
from atelier_imaging.strips import to_float

if TYPE_CHECKING:
    from atelier_imaging.strips import PixelArray
    from numpy.typing import NDArray

    from atelier_edit.enhance.view import View

# Grain reaches up to this deviation, in encoded values, or the picture's own noise where that is more.
_MOST: Final = 3.0 / 255.0
# Own noise is what the quieter quarter of places stays below; more than this is no noise but texture.
_OWN: Final = 0.25
_OWN_MOST: Final = 8.0 / 255.0
_FINE: Final = 1.0
_PLACE: Final = 9


class SmartGrainStage:
    """A pass stage that draws grain with weights (h, w) over the window of a view."""

    def __init__(self, view: View, weight: NDArray[np.float32], shape: tuple[int, int], seed: int) -> None:
        recipe = GrainRecipe(model=GrainModel(), seed=seed)
        middle = float(deviation_table(recipe)[32_768])
        # Strength that makes the deviation in the middle tones 1, of which the weights take their share.
        self._grain = GrainStage(GrainRecipe(model=GrainModel(), strength=1.0 / middle, seed=seed), *shape)
        self._view = view
        self._weight = weight

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Draw grain over display-encoded `rows`, float32 (h, w, 3), in place."""
        part = self._view.within(top, len(rows))
        if part is None:
            return
        drawn = rows.copy()
        self._grain(drawn, top)
        inside = rows[part.rows, self._view.columns]
        inside += part.of(self._weight)[..., None] * (drawn[part.rows, self._view.columns] - inside)


def grain_weight(pixels: PixelArray, view: View, mask: NDArray[np.float32], amount: float) -> NDArray[np.float32]:
    """Return the deviation (h, w) of the grain that each place of a view lacks, for a control of 0..1.

    The square root of the control makes the first percents count: they are what is asked for most.
    """
    power = _fine_power(pixels, view)
    own = min(float(np.sqrt(np.quantile(power[mask > 0], _OWN))), _OWN_MOST) if (mask > 0).any() else 0.0
    target = np.sqrt(amount) * max(own, _MOST)
    return np.asarray(np.sqrt(np.maximum(target**2 - power, 0)) * mask, np.float32)


def _fine_power(pixels: PixelArray, view: View) -> NDArray[np.float32]:
    """Return the local power of the picture's finest variation, in encoded values, at the size of the view."""
    # Green is four fifths of luminance and has the least of a sensor's noise.
    green = to_float(np.ascontiguousarray(pixels[view.rows, view.columns, 1]))
    fine = green - cv2.GaussianBlur(green, (0, 0), _FINE)
    return np.asarray(cv2.blur(view.resized(np.asarray(fine * fine, np.float32)), (_PLACE, _PLACE)), np.float32)
