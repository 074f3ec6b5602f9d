"""How a lens darkens towards the corners."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_lens.optics import HALF_DIAGONAL_MM

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Seen from the corner, the far rim of the barrel is this much beside the pupil, in radii of a pupil of f/1.4.
_CORNER_SHIFT: Final = 0.8
_FASTEST: Final = 1.4
_STEPS: Final = 512


def falloff(radius: NDArray[np.float64], focal_mm: float, aperture: float) -> NDArray[np.float64]:
    """Return the share of light that arrives at radii (n,) of the frame, 1 being its corner.

    Two laws multiply: cos⁴ of the angle at which light comes in, and the part of the pupil that the barrel leaves
    open, which grows to all of it where the lens is stopped down.
    """
    angle = np.arctan(radius * HALF_DIAGONAL_MM / focal_mm)
    return np.asarray(np.cos(angle) ** 4 * _open_share(_CORNER_SHIFT * radius, min(1.0, _FASTEST / aperture)))


def gains(shape: tuple[int, ...], focal_mm: float, aperture: float, strength: float) -> NDArray[np.float32]:
    """Return the factors on linear light of a picture (H, W): 1 in its middle, `strength` 0..1 of the falloff."""
    height, width = shape[:2]
    x, y = (np.arange(count, dtype=np.float32) + np.float32(0.5 - count / 2) for count in (width, height))
    radius = np.hypot(x[None], y[:, None]) / np.float32(math.hypot(width, height) / 2)
    steps = np.linspace(0, 1, _STEPS)
    table = falloff(steps, focal_mm, aperture) ** strength
    return np.asarray(np.interp(radius, steps, table), np.float32)


def _open_share(shift: NDArray[np.float64], pupil: float) -> NDArray[np.float64]:
    """Return the share of a circle of radius `pupil` that lies in a circle of radius 1 whose middle is `shift` away."""
    d, a = np.maximum(shift, 1e-9), pupil
    first = np.arccos(np.clip((d**2 + a**2 - 1) / (2 * d * a), -1, 1))
    second = np.arccos(np.clip((d**2 + 1 - a**2) / (2 * d), -1, 1))
    corner = np.sqrt(np.maximum((1 + a - d) * (d + a - 1) * (d - a + 1) * (d + a + 1), 0)) / 2
    lens = a**2 * first + second - corner
    return np.asarray(np.where(d <= 1 - a, 1.0, lens / (math.pi * a**2)))
