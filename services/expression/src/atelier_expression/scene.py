"""The moved face as flows: one for the skin, one for the eyeballs that only turn with the head."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_imaging.pose import HeadFrame, head_frame
from atelier_imaging.topology import FACE_POINTS
from atelier_imaging.warp.flow import Flow
from atelier_imaging.warp.grid import Grid
from atelier_imaging.warp.mesh import Raster, mesh_flow, triangulate

from atelier_expression.movement import Movement, displaced, iris_shifts
from atelier_expression.turn import turn_flow, turn_points, turned

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from atelier_imaging.face import Face
    from numpy.typing import NDArray

    Points = NDArray[np.float32]

# Nodes over the distance between the outer eye corners, and how far the grid reaches in that unit: to either side, up
# and down from between the eyes, where the head turns and where only the face moves.
_NODES: Final = 64
_HEAD_REACH: Final = (2.8, 3.2, 3.4)
_FACE_REACH: Final = (1.5, 1.3, 1.8)
# How far outside the mesh's outline a changed expression still moves the skin, in that unit.
SKIN_REACH: Final = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """A face that moved.

    `flow` moves everything, `head` only what the turn of the head moves. `mesh` (478, 3) is where the face's points
    are to be, `shifts` how far each iris slides before the head turns, in pixels.
    """

    face: Face
    movement: Movement
    frame: HeadFrame
    flow: Flow
    head: Flow
    mesh: Points
    shifts: tuple[Points, Points]


def scene(
    face: Face,
    movement: Movement,
    size: tuple[int, int],
    others: Sequence[Face] = (),
    person: NDArray[np.float32] | None = None,
    nodes: int = _NODES,
) -> Scene:
    """Work out where everything goes in a picture of (width, height).

    `others` are faces that stay where they are. `person` (H, W), 0..1, is the mask of people, if at hand: it says where
    a head ends that turns. `nodes` are those of the grid between the outer eye corners.
    """
    frame = head_frame(face.mesh)
    grid = _grid(frame, size, nodes, _HEAD_REACH if movement.turn else _FACE_REACH)
    moved = face.mesh.copy()
    moved[:FACE_POINTS] = displaced(face, frame, movement)
    raster = Raster(grid, moved[:FACE_POINTS], triangulate(face.mesh), moved[:FACE_POINTS, 2])
    skin = head = Flow.still(grid)
    if movement.deforms:
        skin = mesh_flow(face.mesh, moved, grid, SKIN_REACH * frame.scale, raster)
    shifts = iris_shifts(face, frame, movement)
    if movement.turn:
        after = turned(frame, movement.turn)
        head = turn_flow(raster, moved, frame, after, grid, size, others, person)
        moved = turn_points(moved, frame, after)
    return Scene(face, movement, frame, skin.then(head), head, moved, shifts)


def _grid(frame: HeadFrame, size: tuple[int, int], nodes: int, reach: tuple[float, float, float]) -> Grid:
    """Lay a grid around a head, within the picture, not finer than its pixels."""
    x, y = float(frame.origin[0]), -float(frame.origin[1])
    beside, above, below = (distance * frame.scale for distance in reach)
    left, right = max(0.0, x - beside), min(float(size[0]), x + beside)
    top, bottom = max(0.0, y - above), min(float(size[1]), y + below)
    return Grid.covering(left, top, max(right, left + 2), max(bottom, top + 2), max(1.0, frame.scale / nodes))
