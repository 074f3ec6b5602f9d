"""The colour of a lamp of some temperature, against that of the picture's own light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.color import ColorSpace, luminance_weights, matrix_from_xyz

if TYPE_CHECKING:
    from numpy.typing import NDArray

# What a picture's white stands for: daylight, unless it is known better.
DAYLIGHT_KELVIN: Final = 5500.0
# Eye and camera follow a warm or cool light part of the way.
_ADAPTATION: Final = 0.35


def tint(kelvin: float | None, space: ColorSpace) -> NDArray[np.float32]:
    """Return the colour (3,) of a light in linear RGB, its luminance 1; None is the picture's own light."""
    if kelvin is None:
        return np.ones(3, np.float32)
    mired = 1e6 / DAYLIGHT_KELVIN + (1 - _ADAPTATION) * (1e6 / kelvin - 1e6 / DAYLIGHT_KELVIN)
    factors = np.maximum(_colour(1e6 / mired, space) / _colour(DAYLIGHT_KELVIN, space), 0.02)
    return np.asarray(factors / (luminance_weights(space) @ factors), np.float32)


def _colour(kelvin: float, space: ColorSpace) -> NDArray[np.float64]:
    """Return linear light (3,) of a black body, 1667 to 25000 K (Kim et al., 2002: splines of its chromaticity)."""
    t = float(np.clip(kelvin, 1667.0, 25000.0))
    k1, k2, k3 = 1e3 / t, 1e6 / t**2, 1e9 / t**3
    if t <= 4000:
        x = -0.2661239 * k3 - 0.2343589 * k2 + 0.8776956 * k1 + 0.179910
    else:
        x = -3.0258469 * k3 + 2.1070379 * k2 + 0.2226347 * k1 + 0.240390
    if t <= 2222:
        y = -1.1063814 * x**3 - 1.34811020 * x**2 + 2.18555832 * x - 0.20219683
    elif t <= 4000:
        y = -0.9549476 * x**3 - 1.37418593 * x**2 + 2.09137015 * x - 0.16748867
    else:
        y = 3.0817580 * x**3 - 5.87338670 * x**2 + 3.75112997 * x - 0.37001483
    return np.asarray(matrix_from_xyz(space) @ np.array([x / y, 1.0, (1 - x - y) / y]))
