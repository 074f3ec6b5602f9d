"""Where the nodes of a small grid lie in a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Grid:
    """A regular grid of nodes over a part of a picture.

    The node of row i and column j lies at (left + (j + 0.5) * step, top + (i + 0.5) * step), in pixels of the picture,
    whose origin is the top left corner of its top left pixel. So a grid of step 1 from (0, 0) has a node in the middle
    of every pixel.
    """

    left: float
    top: float
    step: float
    columns: int
    rows: int

    @classmethod
    def covering(cls, left: float, top: float, right: float, bottom: float, step: float) -> Grid:
        """Lay a grid over a rectangle; it reaches beyond the right and lower side by less than a step."""
        columns, rows = math.ceil((right - left) / step), math.ceil((bottom - top) / step)
        return cls(left, top, step, max(columns, 2), max(rows, 2))

    def every(self, nth: int) -> Grid:
        """Return the grid that has every nth node of this one, from the first: `values[::nth, ::nth]` lie on it."""
        shift = self.step * (1 - nth) / 2
        columns, rows = -(-self.columns // nth), -(-self.rows // nth)
        return Grid(self.left + shift, self.top + shift, self.step * nth, columns, rows)

    @property
    def shape(self) -> tuple[int, int]:
        """Return the number of rows and of columns."""
        return (self.rows, self.columns)

    def nodes(self) -> NDArray[np.float32]:
        """Return where the nodes are, float32 (rows, columns, 2): x and y in pixels of the picture."""
        x = self.left + (np.arange(self.columns) + 0.5) * self.step
        y = self.top + (np.arange(self.rows) + 0.5) * self.step
        return np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)

    def cells(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Carry points (…, 2) of the picture onto the grid, where node (i, j) lies at (j, i)."""
        return np.asarray((points - (self.left, self.top)) / self.step - 0.5, np.float32)
