"""Flows: where every node of a grid takes its pixels from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.warp.grid import Grid

# Newton's steps that invert a displacement, and how many nodes one of them may go.
_INVERSION_ROUNDS = 6
_LONGEST_STEP = 6.0


@dataclass(frozen=True, slots=True, eq=False)
class Flow:
    """A backward map: the result's pixel at a node comes from `node + offset` in the source.

    `offset` is float32 (rows, columns, 2), x and y in pixels of the picture, one pair a node of `grid`. Beyond the
    grid nothing moves, so offsets should end at 0 on its sides, or at the picture's own sides.
    """

    grid: Grid
    offset: NDArray[np.float32]

    @classmethod
    def still(cls, grid: Grid) -> Flow:
        """Return the flow that moves nothing."""
        return cls(grid, np.zeros((*grid.shape, 2), np.float32))

    def source(self) -> NDArray[np.float32]:
        """Return where every node comes from, float32 (rows, columns, 2), in pixels of the picture."""
        return self.grid.nodes() + self.offset

    def offsets_at(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the offsets at points (h, w, 2) of the picture, bilinear between nodes."""
        return looked_up(self.offset, self.grid, points)

    def on(self, grid: Grid) -> Flow:
        """Return the same flow on another grid, cubic between its nodes."""
        cells = self.grid.cells(grid.nodes())
        offset = cv2.remap(self.offset, cells, None, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
        return Flow(grid, np.asarray(offset, np.float32))

    def then(self, following: Flow) -> Flow:
        """Return the one flow that does this one first and `following`, on the same grid, after it."""
        offset = following.offset + self.offsets_at(following.source())
        return Flow(self.grid, offset)

    def jacobian(self) -> NDArray[np.float32]:
        """Return the determinant of the map from result to source at every node: 1 unmoved, below 0 folded over."""
        dx, dy = slopes(self.offset, self.grid.step)
        return np.asarray((1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0], np.float32)


def looked_up(values: NDArray[np.float32], grid: Grid, points: NDArray[np.float32]) -> NDArray[np.float32]:
    """Look values (rows, columns[, n]) of a grid up at points (h, w, 2), bilinear, continued beyond the sides."""
    cells = grid.cells(points)
    found = cv2.remap(values, cells, None, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return np.asarray(found, np.float32)


def backward(displacement: NDArray[np.float32], grid: Grid) -> Flow:
    """Turn displacements of the source's nodes (rows, columns, 2), in pixels, into the flow that they make.

    The source position s of a node p obeys s + displacement(s) = p. Newton's steps find it at every node; they converge
    where the displacements do not fold the picture over.
    """
    nodes = grid.nodes()
    dx, dy = slopes(displacement, grid.step)
    table = np.concatenate([displacement, dx, dy], axis=-1)
    offset = -displacement
    limit = np.float32(_LONGEST_STEP * grid.step)
    for _ in range(_INVERSION_ROUNDS):
        found = np.concatenate(
            [looked_up(part, grid, nodes + offset) for part in (table[..., :2], table[..., 2:])], axis=-1
        )
        missing = -(offset + found[..., :2])
        a, b, c, d = 1 + found[..., 2], found[..., 4], found[..., 3], 1 + found[..., 5]
        area = np.maximum(a * d - b * c, np.float32(0.1))
        step_x = (d * missing[..., 0] - b * missing[..., 1]) / area
        step_y = (a * missing[..., 1] - c * missing[..., 0]) / area
        offset = offset + np.clip(np.stack([step_x, step_y], axis=-1), -limit, limit)
    return Flow(grid, np.asarray(offset, np.float32))


def slopes(field: NDArray[np.float32], step: float) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the slopes of a field (rows, columns, n) along x and along y, central differences, in units a pixel."""
    dy, dx = np.gradient(field, np.float32(step), axis=(0, 1))
    return np.asarray(dx, np.float32), np.asarray(dy, np.float32)


def unfolded(
    displacement: NDArray[np.float32], grid: Grid, least: float = 0.15, rounds: int = 24
) -> NDArray[np.float32]:
    """Smooth displacements (rows, columns, 2) where they would fold the picture over, until none does.

    `least` is the smallest share of its area, and of its length along x and y, that remains of any place. Only the
    surroundings of folds are smoothed, more widely from round to round. What is left after `rounds` is the caller's to
    see in `Flow.jacobian`.
    """
    field = displacement
    for index in range(rounds):
        dx, dy = slopes(field, grid.step)
        area = (1 + dx[..., 0]) * (1 + dy[..., 1]) - dx[..., 1] * dy[..., 0]
        tight = np.minimum(area, np.minimum(1 + dx[..., 0], 1 + dy[..., 1])) < least
        if not tight.any():
            break
        sigma = 1.5 * 1.12**index
        wide = cv2.dilate(tight.astype(np.float32), np.ones((3, 3)), iterations=max(1, round(sigma)))
        share = np.asarray(cv2.GaussianBlur(wide, (0, 0), sigma), np.float32)
        smooth = np.asarray(cv2.GaussianBlur(field, (0, 0), sigma), np.float32)
        field = field + share[..., None] * (smooth - field)
    return np.asarray(field, np.float32)
