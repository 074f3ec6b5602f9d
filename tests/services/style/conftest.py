"""What the tests of style share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage.data

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
