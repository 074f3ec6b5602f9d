"""The frame that every portrait is drawn in, and the points of the mesh that give a face its shape."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging import topology

if TYPE_CHECKING:
    from numpy.typing import NDArray

WIDTH: Final = 160
HEIGHT: Final = 192
# The low-rank picture has half the size, the grid that warps are worked out on a quarter.
LOW: Final = 2
GRID: Final = 4
# The distance of the pupils and their middle (x, y) that portraits are brought to, where their edges allow it.
PUPILS: Final = 38.5
MIDDLE: Final = (80.0, 81.0)

_NOSE: Final = (1, 4, 5, 195, 6, 168, 98, 327, 2, 129, 358)
_BROWS: Final = (46, 52, 55, 105, 276, 282, 285, 334)
_CHEEKS: Final = (50, 280, 205, 425, 187, 411, 9, 151, 199, 200)
_IRISES: Final = (468, 473)
POINTS: Final = (
    *topology.FACE_OVAL,
    *topology.LEFT_EYE,
    *topology.RIGHT_EYE,
    *topology.LIPS_OUTER,
    *topology.LIPS_INNER,
    *_BROWS,
    *_NOSE,
    *_CHEEKS,
    *_IRISES,
)


@cache
def border() -> NDArray[np.float32]:
    """Return the points (20, 2) of the frame's edge that no warp moves."""
    across, down = np.linspace(0, WIDTH, 6), np.linspace(0, HEIGHT, 6)
    edges = [(x, y) for x in across for y in (0, HEIGHT)] + [(x, y) for y in down[1:-1] for x in (0, WIDTH)]
    return np.array(edges, np.float32)


@cache
def grid() -> NDArray[np.float32]:
    """Return the middles (HEIGHT/4 · WIDTH/4, 2) of the grid's cells, x and y in pixels of the frame."""
    x, y = np.meshgrid(np.arange(GRID / 2, WIDTH, GRID), np.arange(GRID / 2, HEIGHT, GRID))
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)
