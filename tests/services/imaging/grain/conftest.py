"""The exact grain that the fast one is measured against."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture(scope="session")
def boolean_grain() -> Callable[[float, float, float, float, int, int], NDArray[np.float64]]:
    """The exact Boolean model of Newson et al., 2017, on an even grey: discs thrown, rasterised finely, then blurred.

    Slow, and therefore small. The answer is one sample a pixel of the blurred indicator.
    """
    fine = 16  # raster points per pixel; a disc of the tests has a diameter of ten of them

    def draw(
        level: float, radius: float, radius_deviation: float, sigma: float, size: int, seed: int
    ) -> NDArray[np.float64]:
        rng = np.random.default_rng(seed)
        log_variance = np.log1p(radius_deviation**2)
        margin = 4
        side = size + 2 * margin
        density = -np.log1p(-level) / (np.pi * radius**2 * (1 + radius_deviation**2))
        count = rng.poisson(density * side**2)
        centres = rng.uniform(0, side * fine, (count, 2))
        radii = fine * rng.lognormal(np.log(radius) - log_variance / 2, np.sqrt(log_variance), count)
        covered = np.zeros((side * fine, side * fine), bool)
        corner = np.floor(centres).astype(int)
        reach = int(np.ceil(radii.max())) + 1
        for dy in range(-reach, reach + 1):
            for dx in range(-reach, reach + 1):
                rows, columns = corner[:, 0] + dy, corner[:, 1] + dx
                inside = (rows + 0.5 - centres[:, 0]) ** 2 + (columns + 0.5 - centres[:, 1]) ** 2 < radii**2
                inside &= (rows >= 0) & (columns >= 0) & (rows < side * fine) & (columns < side * fine)
                covered[rows[inside], columns[inside]] = True
        # Averaging over an eighth of a pixel first costs the blur a hundredth of its variance and saves time.
        coarse = covered.reshape(side * 8, fine // 8, side * 8, fine // 8).mean(axis=(1, 3))
        blurred = gaussian_filter(coarse, np.sqrt((sigma * 8) ** 2 - 1 / 12), truncate=5)
        inner = slice(margin * 8 + 4, (margin + size) * 8 + 4, 8)
        return np.asarray(blurred[inner, inner])

    return draw
