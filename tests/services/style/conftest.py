"""What the tests of style share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage.data
from scipy.ndimage import gaussian_filter

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture(scope="session")
def astronaut() -> NDArray[np.uint8]:
    """A real portrait, 512 x 512."""
    return np.asarray(skimage.data.astronaut())


@pytest.fixture(scope="session")
def tetrahedral() -> Callable[[NDArray[np.floating], NDArray[np.floating]], NDArray[np.float64]]:
    """Tetrahedral interpolation written down plainly: walk from node to node along the axes, largest fraction first."""

    def interpolate(colours: NDArray[np.floating], table: NDArray[np.floating]) -> NDArray[np.float64]:
        last = len(table) - 1
        position = np.clip(colours.reshape(-1, 3).astype(np.float64), 0, 1) * last
        corner = np.minimum(position.astype(int), last - 1)
        fraction = position - corner
        order = np.argsort(-fraction, axis=1, kind="stable")
        ranked = np.take_along_axis(fraction, order, axis=1)
        weights = np.column_stack(
            [1 - ranked[:, 0], ranked[:, 0] - ranked[:, 1], ranked[:, 1] - ranked[:, 2], ranked[:, 2]]
        )
        result = weights[:, :1] * table[tuple(corner.T)]
        for step in range(3):
            corner[np.arange(len(corner)), order[:, step]] += 1
            result = result + weights[:, step + 1, None] * table[tuple(corner.T)]
        return np.asarray(result).reshape(colours.shape)

    return interpolate


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
