"""The colour of the dress, chosen apart from the styling: who wears somebody's hair does not wear their jacket too."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Dress(NamedTuple):
    """A dress: its cloth's colour in sRGB, None for what comes with the styling, and how many men and women wear it."""

    name: str
    colour: tuple[float, float, float] | None
    men: float
    women: float


DRESSES: Final = (
    Dress("as it comes", None, 0.35, 0.12),
    Dress("charcoal", (0.17, 0.17, 0.18), 0.22, 0.10),
    Dress("black", (0.08, 0.08, 0.09), 0.10, 0.16),
    Dress("navy", (0.11, 0.13, 0.22), 0.20, 0.13),
    Dress("grey", (0.33, 0.33, 0.35), 0.08, 0.08),
    Dress("brown", (0.25, 0.19, 0.15), 0.05, 0.05),
    Dress("burgundy", (0.38, 0.09, 0.13), 0.00, 0.11),
    Dress("red", (0.68, 0.11, 0.12), 0.00, 0.10),
    Dress("rose", (0.72, 0.42, 0.46), 0.00, 0.05),
    Dress("cream", (0.80, 0.76, 0.68), 0.00, 0.06),
    Dress("blue", (0.17, 0.27, 0.50), 0.00, 0.04),
)
# How far a colour may be from the cloth's mean, of display-encoded -1..1, and still be cloth, not a shirt or a scarf.
_ALIKE: Final = 0.4
_SMOOTH: Final = 3.0  # pixels
# The middle part of the frame's width, in shares, where shirts and necklines are.
_MIDDLE: Final = (0.3, 0.7)


def dyed(
    low: NDArray[np.float32], dress: NDArray[np.float32], womanhood: float, generator: np.random.Generator
) -> NDArray[np.float32]:
    """Dye the dress of a low-rank picture (h, w, 3), -1..1, where `dress` (any size), 0..1, is.

    Its folds and its light stay. `womanhood`, 0 or less to 1 or more, is what its wearer is taken for.
    """
    woman = np.clip(womanhood, 0, 1)
    chances = np.array([each.men + (each.women - each.men) * woman for each in DRESSES])
    colour = DRESSES[int(generator.choice(len(DRESSES), p=chances / chances.sum()))].colour
    if colour is None:
        return low
    height, width = low.shape[:2]
    cloth = np.clip(cv2.resize(dress, (width, height), interpolation=cv2.INTER_LINEAR), 0, 1)[..., None]
    sides = cloth.copy()
    sides[:, round(_MIDDLE[0] * width) : round(_MIDDLE[1] * width)] = 0
    mean = (low * sides).sum(axis=(0, 1)) / max(float(sides.sum()), 1.0)
    smooth = cv2.GaussianBlur(low, (0, 0), _SMOOTH)
    alike = np.exp(-np.square(smooth - mean).sum(axis=-1, keepdims=True) / (2 * _ALIKE**2))
    target = 2 * np.array(colour, np.float32) - 1
    return np.asarray(low + cloth * alike * (target - mean), np.float32)
