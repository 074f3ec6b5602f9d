"""The face's own surface: the fitted mesh drawn on a grid, with smooth normals."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.extent import bounds
from atelier_imaging.faceframe import fill, unit_pixels
from atelier_imaging.topology import FACE_POINTS, LEFT_EYE, LIPS_INNER, RIGHT_EYE
from atelier_imaging.warp.mesh import Raster, triangulate

from atelier_edit.form.field import normalised, spread

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.warp.grid import Grid
    from numpy.typing import NDArray

# The mesh's normals are smoothed over this share of the pupils' distance.
_MESH_BLUR: Final = 0.055
# The mesh's border fades out over these shares at the jaw and, more, at the forehead.
_FADE: Final = (0.09, 0.25)


@dataclass(frozen=True, slots=True, eq=False)
class FaceSurface:
    """A face on a grid of (h, w) nodes, of which `unit` make the distance of the pupils.

    `points` (468, 3) are places in nodes and heights in units. `inside` is where the mesh lies, `share` (0..1) how far
    it counts there, `openings` (0..1) where eyes and mouth are open. `normals` (h, w, 3) and `height` (h, w) are 0
    outside.
    """

    unit: float
    points: NDArray[np.float32]
    raster: Raster
    inside: NDArray[np.bool_]
    share: NDArray[np.float32]
    openings: NDArray[np.float32]
    normals: NDArray[np.float32]
    height: NDArray[np.float32]


def face_surface(face: Face, grid: Grid) -> FaceSurface:
    """Draw a face's mesh on a grid."""
    unit = unit_pixels(face) / grid.step
    places, heights = grid.cells(face.mesh[:FACE_POINTS, :2]), face.mesh[:FACE_POINTS, 2:] / unit_pixels(face)
    points = np.concatenate([places, heights], axis=1).astype(np.float32)
    triangles = triangulate(face.mesh)
    raster = Raster(grid, face.mesh[:FACE_POINTS], triangles, face.mesh[:FACE_POINTS, 2])
    drawn = raster.values(np.concatenate([_point_normals(points, unit, triangles), points[:, 2:]], axis=1))
    openings = _openings(raster.inside, points, unit)
    return FaceSurface(
        unit=unit,
        points=points,
        raster=raster,
        inside=raster.inside,
        share=_share(raster.inside, points, unit),
        openings=openings,
        normals=_calmed(drawn[..., :3], raster.inside, openings, unit),
        height=drawn[..., 3],
    )


def _point_normals(points: NDArray[np.float32], unit: float, triangles: NDArray[np.int32]) -> NDArray[np.float32]:
    """Average the normals of the triangles around each point, large ones counting more."""
    places = points * (1 / unit, -1 / unit, 1)
    a, b, c = (places[triangles[:, i]] for i in range(3))
    facing = np.cross(b - a, c - a)
    facing *= np.sign(facing[:, 2:])
    total = np.zeros_like(places)
    for corner in range(3):
        np.add.at(total, triangles[:, corner], facing)
    return normalised(total)


def _share(inside: NDArray[np.bool_], points: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Say where the mesh counts: all but its border, which fades out widely at the forehead, sharply at the jaw."""
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5) / unit
    up = points[10, :2] - points[152, :2]
    up = up / max(float(np.hypot(*up)), 1e-6)
    rows, columns = np.mgrid[: inside.shape[0], : inside.shape[1]].astype(np.float32)
    lift = ((columns - points[1, 0]) * up[0] + (rows - points[1, 1]) * up[1]) / unit
    width = _FADE[0] + _FADE[1] * np.clip(lift / 0.8, 0, 1)
    share = np.clip(depth / width, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _openings(inside: NDArray[np.bool_], points: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return where eyes and mouth are open, (h, w), soft."""
    outlines = [points[list(outline), :2] + 0.5 for outline in (LIPS_INNER, LEFT_EYE, RIGHT_EYE)]
    drawn = np.maximum.reduce([fill((inside.shape[0], inside.shape[1]), outline) for outline in outlines])
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.05 * unit), np.float32)


def _calmed(
    drawn: NDArray[np.float32], inside: NDArray[np.bool_], openings: NDArray[np.float32], unit: float
) -> NDArray[np.float32]:
    """Smooth the mesh's normals: a little everywhere, so that no triangle shows, and more over teeth and eyeballs.

    The mesh has no teeth: between open lips it hangs a curtain whose folds are nobody's.
    """
    part = bounds(inside.astype(np.float32), margin=round(unit / 4))
    if part is None:
        return drawn
    weight = inside[part].astype(np.float32)
    fine, broad = (spread(drawn[part], weight, sigma * unit) for sigma in (_MESH_BLUR, 3.5 * _MESH_BLUR))
    calm = drawn.copy()
    calm[part] = fine + openings[part][..., None] * (broad - fine)
    return calm
