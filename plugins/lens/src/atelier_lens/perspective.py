"""A head as seen from another distance, at the same size.

From the distance s a point that is z nearer than the eyes appears s / (s - z) times as large. Going from one distance
to another changes that ratio by a factor for each depth; what follows keeps the area of the face, as a photographer
does who steps back and takes a longer lens.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.guided import step
from atelier_imaging.pose import head_frame
from atelier_imaging.topology import FACE_OVAL
from atelier_imaging.warp.flow import Flow, backward, unfolded
from atelier_imaging.warp.grid import Grid

from atelier_lens.depth import head_depth

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from numpy.typing import NDArray

# Lengths in distances between the outer eye corners: nodes over one, how far the grid reaches, over what the head's
# movement ends below the jaw, above and beside the face, and towards the picture's sides.
_NODES: Final = 40
_REACH: Final = 3.2
_NECK: Final = 0.9
_HAIR: Final = (0.8, 2.4)
_SIDE: Final = 0.5
_JAW: Final = (-1.1, -0.3)


@dataclass(frozen=True, slots=True, eq=False)
class Reprojection:
    """A head in another perspective: the flow that draws it and where its mesh (478, 3) is then."""

    flow: Flow
    mesh: NDArray[np.float32]


def reprojected(face: Face, size: tuple[int, int], before_pixels: float, after_pixels: float) -> Reprojection:
    """Carry a head of a picture of (width, height) from one distance of the lens to another, in pixels at the eyes."""
    oval = face.mesh[list(FACE_OVAL), :2]
    middle = oval.mean(axis=0)
    eyes = float(face.mesh[[468, 473], 2].max())

    def enlarged(depth: NDArray[np.float32]) -> NDArray[np.float32]:
        before, after = (np.maximum(s - depth, 0.2 * s) / s for s in (before_pixels, after_pixels))
        return np.asarray(before / after, np.float32)

    moved = face.mesh.copy()
    factors = enlarged(face.mesh[:, 2] - np.float32(eyes))[:, None]
    moved[:, :2] = middle + (face.mesh[:, :2] - middle) * factors
    after = moved[list(FACE_OVAL), :2]
    keep = float(np.sqrt(cv2.contourArea(oval) / max(cv2.contourArea(after), 1e-6)))
    shift = middle - (middle + (after.mean(axis=0) - middle) * keep)
    moved[:, :2] = middle + (moved[:, :2] - middle) * keep + shift
    grid = _grid(face, size)
    depth, inside = head_depth(face, grid)
    nodes = grid.nodes()
    displacement = (nodes - middle) * (enlarged(depth)[..., None] * np.float32(keep) - 1) + shift
    displacement *= (_share(face, inside, grid) * _kept_at_sides(face, grid, size))[..., None]
    flow = backward(unfolded(np.asarray(displacement, np.float32), grid), grid)
    return Reprojection(flow, np.asarray(moved, np.float32))


def _grid(face: Face, size: tuple[int, int]) -> Grid:
    frame = head_frame(face.mesh)
    x, y, reach = float(frame.origin[0]), -float(frame.origin[1]), _REACH * frame.scale
    left, top = max(0.0, x - reach), max(0.0, y - reach)
    right, bottom = min(float(size[0]), x + reach), min(float(size[1]), y + reach)
    return Grid.covering(left, top, max(right, left + 2), max(bottom, top + 2), max(1.0, frame.scale / _NODES))


def _share(face: Face, inside: NDArray[np.bool_], grid: Grid) -> NDArray[np.float32]:
    """Return which part of the movement each node takes: 1 on the head, 0 on the shoulders."""
    frame = head_frame(face.mesh)
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5) * np.float32(grid.step / frame.scale)
    nodes = (grid.nodes() - (frame.origin[0], -frame.origin[1])) * (1, -1)
    up = frame.rotation[:2, 1] / max(float(np.linalg.norm(frame.rotation[:2, 1])), 1e-6)
    low = 1 - step(np.asarray(away, np.float32), 0.0, _NECK)
    high = 1 - step(np.asarray(away, np.float32), *_HAIR)
    upper = step(np.asarray(nodes @ up / frame.scale, np.float32), *_JAW)
    share = low + upper * (high - low)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), 0.05 * frame.scale / grid.step), np.float32)


def _kept_at_sides(face: Face, grid: Grid, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a factor that ends movement at the picture's sides: what they cut off is not there to be moved in."""
    nodes, unit = grid.nodes(), np.float32(_SIDE * head_frame(face.mesh).scale)
    near = np.minimum(
        np.minimum(nodes[..., 0], size[0] - nodes[..., 0]), np.minimum(nodes[..., 1], size[1] - nodes[..., 1])
    )
    return step(np.asarray(near / unit, np.float32), 0.0, 1.0)
