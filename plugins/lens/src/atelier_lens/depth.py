"""How far in front of the eyes, or behind them, each part of a person is.

A face is as deep as its mesh. The rest of a head has no mesh: its depth falls from that of the face's edge to that of
the skull's middle, where the silhouette is; neck and shoulders stand about there too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.guided import step
from atelier_imaging.pose import head_frame
from atelier_imaging.topology import FACE_POINTS, LEFT_CHEEK, LEFT_IRIS, RIGHT_CHEEK, RIGHT_IRIS
from atelier_imaging.warp.fill import filled
from atelier_imaging.warp.grid import Grid
from atelier_imaging.warp.mesh import Raster, triangulate

from atelier_lens.optics import pixels_per_mm

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.face import Face
    from numpy.typing import NDArray

# The skull's middle behind the head's origin, and over how far outside the face depth falls to it, in distances between
# the outer eye corners (about 9 cm).
_SKULL: Final = 0.75
_ROUNDING: Final = 0.55
_SOFT: Final = 0.04
# Nodes along the longer edge of a map of the whole picture.
_NODES: Final = 224
_NOSE: Final = 4


@dataclass(frozen=True, slots=True, eq=False)
class Depth:
    """Millimetres towards the lens from the eyes in focus, float32 (rows, columns), at the nodes of a grid.

    `near_mm` (0 or above) and `far_mm` (0 or below) are where the face in focus begins and ends: the tip of its nose
    and the backs of its cheeks.
    """

    grid: Grid
    towards_mm: NDArray[np.float32]
    near_mm: float
    far_mm: float


def depth_of(face: Face, others: Sequence[Face], size: tuple[int, int], distance_mm: float) -> Depth:
    """Work out the depth of people in a picture of (width, height) whose face in focus is `distance_mm` away.

    Faces are taken to be of one size, so that one that appears smaller is farther away; each place belongs to the head
    that is nearest to it in units of that head.
    """
    grid = Grid.covering(0, 0, *size, max(1.0, max(size) / _NODES))
    towards, nearest = _of_one(face, grid)
    for other in others:
        own, reach = _of_one(other, grid)
        behind = distance_mm * (pixels_per_mm(face) / pixels_per_mm(other) - 1)
        towards = np.where(reach < nearest, own - np.float32(behind), towards)
        nearest = np.minimum(reach, nearest)
    points = (face.mesh[:, 2] - _eyes(face)) / pixels_per_mm(face)
    near, far = float(points[_NOSE]), float(np.quantile(points[list(LEFT_CHEEK + RIGHT_CHEEK)], 0.1))
    return Depth(grid, np.asarray(towards, np.float32), max(near, 0.0), min(far, 0.0))


def head_depth(face: Face, grid: Grid) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the depth of a head at a grid's nodes (rows, columns), in pixels from the eyes, and where its face is."""
    frame = head_frame(face.mesh)
    raster = Raster(grid, face.mesh[:FACE_POINTS], triangulate(face.mesh), face.mesh[:FACE_POINTS, 2])
    own = raster.values(face.mesh[:FACE_POINTS, 2:3] - np.float32(_eyes(face)))[..., 0]
    known = raster.inside.astype(np.uint8)
    edge = filled(own, known.astype(np.float32))
    away = cv2.distanceTransform(1 - known, cv2.DIST_L2, 5) * np.float32(grid.step / frame.scale)
    skull = np.float32(frame.origin[2] - _SKULL * frame.scale - _eyes(face))
    depth = edge + step(np.asarray(away / np.float32(_ROUNDING), np.float32), 0.0, 1.0) * (skull - edge)
    smooth = cv2.GaussianBlur(depth, (0, 0), max(_SOFT * frame.scale / grid.step, 0.3))
    return np.asarray(smooth, np.float32), raster.inside


def _of_one(face: Face, grid: Grid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return one head's depth in millimetres from its eyes, and how far from it each node is in its own unit."""
    depth, inside = head_depth(face, grid)
    away = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5) * grid.step / face.interocular_pixels
    return np.asarray(depth / np.float32(pixels_per_mm(face)), np.float32), np.asarray(away, np.float32)


def _eyes(face: Face) -> float:
    """Return the depth of the eye that is nearer to the lens: that is where photographers focus."""
    return float(max(face.mesh[LEFT_IRIS[0], 2], face.mesh[RIGHT_IRIS[0], 2]))
