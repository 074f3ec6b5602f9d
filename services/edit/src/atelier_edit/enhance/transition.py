"""Softer steps from light to shadow, with the texture over them as it was.

The base of the skin, with its steps of light and without its texture and its moles, comes from a guided filter (He, Sun
and Tang, "Guided Image Filtering", TPAMI 2013); what is blurred is that base, within the skin alone, and what changes
is the ratio of the two, so that pores keep their contrast in light and in shadow.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.enhance.bands import collapsed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.enhance.bands import Bands
    from atelier_edit.enhance.view import View

# Pixels between the pupils at which the base is worked out.
UNIT: Final = 48.0
# What is smaller than this is a mole, a lash, a nostril and no step of light; in distances between the pupils.
_SMALL: Final = 0.10
_WINDOW: Final = 0.08
_SOFTENED_OVER: Final = 0.10
# Variance of lightness below which the base counts as flat.
_FLAT: Final = 4e-4
# The ratio has no waves as short as those of texture, which the measure of texture counts up to 0.06 of that distance.
_COARSER_THAN_TEXTURE: Final = 0.05
# At 100, this share of a step is spread out. All of it would take the modelling of the face with it.
_MOST: Final = 0.65
OFFSET: Final = np.float32(0.055)
"""Of sRGB's curve: adding it turns a factor on light into a factor on encoded numbers (IEC 61966-2-1)."""


def transition_gain(view: View, bands: Bands, skin: NDArray[np.float32], amount: float) -> NDArray[np.float32]:
    """Return factors (h, w) on (encoded value + 0.055) that soften shadows by `amount`, 0..1, where `skin` says so."""
    base = view.lightness - collapsed(bands.detail)
    scale = min(1.0, UNIT / view.interocular)
    size = (max(4, round(view.shape[1] * scale)), max(4, round(view.shape[0] * scale)))
    small, weight = (
        np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32) for plane in (base, skin)
    )
    unit = view.interocular * scale
    filled = _filled(small, weight, _SOFTENED_OVER * unit)
    kernel = 2 * max(1, round(_SMALL * unit / 2)) + 1
    steps = np.asarray(cv2.medianBlur(filled, min(kernel, 5)), np.float32)
    slope, offset = _coefficients(filled, steps, weight, max(1, round(_WINDOW * unit)))
    soft = _blurred(steps, weight, _SOFTENED_OVER * unit)
    own = _enlarged(slope, view) * base + _enlarged(offset, view)
    target = own + np.float32(_MOST * amount) * skin * (_enlarged(soft, view) - own)
    ratio = np.asarray((target + OFFSET) / np.maximum(own + OFFSET, OFFSET), np.float32)
    return np.asarray(cv2.GaussianBlur(ratio, (0, 0), _COARSER_THAN_TEXTURE * view.interocular), np.float32)


def _enlarged(plane: NDArray[np.float32], view: View) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(plane, view.shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def _filled(plane: NDArray[np.float32], weight: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Fill what is no skin from the skin around, so that a window over its edge sees skin only."""
    return np.asarray(weight * plane + (1 - weight) * _blurred(plane, weight, sigma), np.float32)


def _blurred(plane: NDArray[np.float32], weight: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur within a weight (normalised convolution)."""
    share = weight + np.float32(1e-4)
    total = cv2.GaussianBlur(plane * share, (0, 0), max(sigma, 0.5))
    return np.asarray(total / cv2.GaussianBlur(share, (0, 0), max(sigma, 0.5)), np.float32)


def _coefficients(
    guide: NDArray[np.float32], target: NDArray[np.float32], weight: NDArray[np.float32], radius: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return slope and offset that make the target of the guide in each window of skin."""
    share = weight + np.float32(1e-3)

    def mean(plane: NDArray[np.floating]) -> NDArray[np.float32]:
        window = (2 * radius + 1, 2 * radius + 1)
        return np.asarray(cv2.blur(plane * share, window) / cv2.blur(share, window), np.float32)

    guide_mean, target_mean = mean(guide), mean(target)
    variance = mean(guide * guide) - guide_mean * guide_mean
    slope = (mean(guide * target) - guide_mean * target_mean) / (variance + np.float32(_FLAT))
    return mean(slope), mean(target_mean - slope * guide_mean)
