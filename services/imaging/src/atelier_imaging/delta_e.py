"""How different two colours look: CIEDE2000.

Sharma, Wu, Dalal: The CIEDE2000 color-difference formula: implementation notes, supplementary test data, and
mathematical observations. Color Research and Application 30 (2005), with k_L = k_C = k_H = 1. Equation numbers in the
comments are theirs. About 1.0 is the smallest difference that an attentive eye sees side by side.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_25_POW_7 = 25.0**7


def delta_e_2000(first: NDArray[np.floating], second: NDArray[np.floating]) -> NDArray[np.float32]:
    """Return the CIEDE2000 difference (…) of two arrays (…, 3) in CIELAB; they may broadcast against each other."""
    l1, a1, b1 = np.moveaxis(first, -1, 0)
    l2, a2, b2 = np.moveaxis(second, -1, 0)
    stretch = _a_stretch((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2)
    chroma1, chroma2 = np.hypot(a1 * stretch, b1), np.hypot(a2 * stretch, b2)
    hue1, hue2 = _hue(a1 * stretch, b1), _hue(a2 * stretch, b2)
    grey = chroma1 * chroma2 == 0

    turn = np.where(grey, 0, _wrapped(hue2 - hue1))
    mean_hue = np.where(grey, hue1 + hue2, _mean_hue(hue1, hue2))
    mean_chroma = (chroma1 + chroma2) / 2
    from_middle = ((l1 + l2) / 2 - 50) ** 2

    lightness = (l2 - l1) / (1 + 0.015 * from_middle / np.sqrt(20 + from_middle))  # (8), (18)
    chroma = (chroma2 - chroma1) / (1 + 0.045 * mean_chroma)  # (9), (19)
    hue = 2 * np.sqrt(chroma1 * chroma2) * np.sin(np.radians(turn / 2))  # (11)
    hue = hue / (1 + 0.015 * mean_chroma * _hue_weight(mean_hue))  # (20)
    rotated = _rotation(mean_hue, mean_chroma) * chroma * hue  # (21)
    square = np.maximum(lightness**2 + chroma**2 + hue**2 + rotated, 0)  # (22)
    return np.asarray(np.sqrt(square), dtype=np.float32)


def _a_stretch(mean_chroma: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return 1 + G, by which a* is stretched so that greys spread evenly: (4), (5)."""
    power = mean_chroma**7
    return np.asarray(1.5 - 0.5 * np.sqrt(power / (power + _25_POW_7)))


def _hue(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the hue angle in degrees, 0..360, and 0 for grey: (7)."""
    return np.asarray(np.degrees(np.arctan2(b, a)) % 360)


def _wrapped(turn: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the shorter way round for a difference of two hues in degrees: (10)."""
    return np.where(turn > 180, turn - 360, np.where(turn < -180, turn + 360, turn))


def _mean_hue(hue1: NDArray[np.floating], hue2: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return the hue in degrees halfway between two by the shorter way: (14)."""
    total = hue1 + hue2
    apart = np.abs(hue1 - hue2) > 180
    return np.asarray(np.where(apart, np.where(total < 360, total + 360, total - 360), total) / 2)


def _hue_weight(mean_hue: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return T, how much a difference of hue counts at a hue in degrees: (15)."""
    return np.asarray(
        1
        - 0.17 * np.cos(np.radians(mean_hue - 30))
        + 0.24 * np.cos(np.radians(2 * mean_hue))
        + 0.32 * np.cos(np.radians(3 * mean_hue + 6))
        - 0.20 * np.cos(np.radians(4 * mean_hue - 63))
    )


def _rotation(mean_hue: NDArray[np.floating], mean_chroma: NDArray[np.floating]) -> NDArray[np.floating]:
    """Return R_T, which couples chroma and hue among the blues: (16), (17), (21)."""
    angle = 30 * np.exp(-(((mean_hue - 275) / 25) ** 2))
    power = mean_chroma**7
    return np.asarray(-np.sin(np.radians(2 * angle)) * 2 * np.sqrt(power / (power + _25_POW_7)))
