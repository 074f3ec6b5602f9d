"""From a mesh that moved to values at every node of a grid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from scipy.spatial import Delaunay

from atelier_imaging.pose import head_frame
from atelier_imaging.topology import FACE_POINTS
from atelier_imaging.warp.fill import filled
from atelier_imaging.warp.flow import Flow, unfolded

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.warp.grid import Grid

_SUBPIXEL_BITS: Final = 6
# Triangles may turn over where points pass each other; there the flow is smoothed until so much of every area is left.
_LEAST_AREA: Final = 0.02


def triangulate(mesh: NDArray[np.float32]) -> NDArray[np.int32]:
    """Join the 468 points of a face mesh (468 or more, 3) to triangles (n, 3), as the face is seen from the front."""
    flat = head_frame(mesh).to_head(mesh[:FACE_POINTS])[:, :2]
    return np.asarray(Delaunay(flat).simplices, np.int32)


class Raster:
    """Triangles drawn onto a grid, the nearer ones over the farther: what any value of the points is at each node.

    `points` are (n, 2 or more), x and y in pixels of the picture; `depth` (n,) grows towards the lens.
    """

    def __init__(
        self, grid: Grid, points: NDArray[np.float32], triangles: NDArray[np.int32], depth: NDArray[np.float32]
    ) -> None:
        corners = grid.cells(points[:, :2].astype(np.float32))[triangles].astype(np.float64)
        drawn = np.zeros(grid.shape, np.int32)
        whole = np.round(corners * (1 << _SUBPIXEL_BITS)).astype(np.int32)
        for index in np.argsort(depth[triangles].mean(axis=1), kind="stable").tolist():
            cv2.fillConvexPoly(drawn, whole[index], (index + 1,), cv2.LINE_8, _SUBPIXEL_BITS)
        self._rows, self._columns = np.nonzero(drawn)
        self._corners = triangles[drawn[self._rows, self._columns] - 1]
        self._weights = self._barycentric(corners[drawn[self._rows, self._columns] - 1])
        self.inside: NDArray[np.bool_] = drawn > 0

    def values(self, of_points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Interpolate values (n, k) of the points: float32 (rows, columns, k), 0 outside the triangles."""
        result = np.zeros((*self.inside.shape, of_points.shape[1]), np.float32)
        result[self._rows, self._columns] = np.einsum("ij,ijk->ik", self._weights, of_points[self._corners])
        return result

    def _barycentric(self, corners: NDArray[np.float64]) -> NDArray[np.float32]:
        """Return the shares (m, 3) of the three corners at each drawn node, for the triangles (m, 3, 2) over them."""
        a, ab, ac = corners[:, 0], corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
        at = np.stack([self._columns, self._rows], axis=-1) - a
        area = ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0]
        area = np.where(np.abs(area) < 1e-9, 1e-9, area)
        second = (at[:, 0] * ac[:, 1] - at[:, 1] * ac[:, 0]) / area
        third = (ab[:, 0] * at[:, 1] - ab[:, 1] * at[:, 0]) / area
        # Nodes on an edge are drawn for either triangle and may lie outside by a rounding.
        shares = np.clip(np.stack([1 - second - third, second, third], axis=-1), 0, 1)
        return np.asarray(shares / shares.sum(axis=1, keepdims=True), np.float32)


def mesh_flow(
    mesh: NDArray[np.float32],
    moved: NDArray[np.float32],
    grid: Grid,
    reach: float,
    raster: Raster | None = None,
) -> Flow:
    """Return the flow that carries a face mesh (468 or more, 3) to where it `moved` to, both in pixels.

    Inside the mesh the flow is linear on every triangle. Outside it continues what the edge does and fades to nothing
    over `reach` pixels, and towards the grid's sides. `raster` is the moved mesh drawn onto the grid, if at hand.
    """
    after, before = moved[:FACE_POINTS], mesh[:FACE_POINTS]
    if raster is None:
        raster = Raster(grid, after, triangulate(mesh), after[:, 2])
    offset = raster.values(np.asarray(before[:, :2] - after[:, :2], np.float32))
    continued = filled(offset, raster.inside.astype(np.float32))
    faded = np.asarray(continued * fading(raster.inside, grid, reach)[..., None], np.float32)
    return Flow(grid, unfolded(faded, grid, _LEAST_AREA))


def fading(inside: NDArray[np.bool_], grid: Grid, reach: float) -> NDArray[np.float32]:
    """Return 1 where `inside` (rows, columns), falling smoothly to 0 over `reach` pixels and at the grid's sides."""
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5) * grid.step
    share = np.clip(1 - away / reach, 0, 1)
    smooth = share * share * (3 - 2 * share)
    rows, columns = (np.minimum(np.arange(n), np.arange(n)[::-1]) for n in grid.shape)
    side = np.clip(np.minimum(rows[:, None], columns[None]) * np.float32(4 * grid.step / reach), 0, 1)
    return np.asarray(smooth * side, np.float32)
