"""Turn a head: ears and hair go along, the neck bends, the shoulders stay.

The face turns as the mesh that it is. The rest of the head has no mesh; it is a body whose depth is the mesh's at the
face's outline and falls to that of the skull's middle where its silhouette is. So the silhouette, which is where a
turning body's surface passes out of sight, moves with the skull's middle, and the texture within moves with its depth.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.guided import step
from atelier_imaging.pose import HeadFrame, head_pose
from atelier_imaging.topology import FACE_POINTS
from atelier_imaging.warp.fill import filled
from atelier_imaging.warp.flow import Flow, backward, looked_up, unfolded
from atelier_imaging.warp.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.face import Face
    from atelier_imaging.warp.mesh import Raster
    from numpy.typing import NDArray

# Places in the head's own frame, in distances between the outer eye corners (about 9 cm).
_SKULL: Final = (0.0, 0.22, -0.75)
# Nodding and turning happen around the top of the neck, tilting lower in it.
_NOD_PIVOT: Final = (0.0, -0.5, -0.8)
_TILT_PIVOT: Final = (0.0, -1.15, -0.6)
# Over this distance outside the face's outline depth falls to the skull's middle: beside the face, and more above it.
# Where the person's silhouette is nearer, it falls until there, but over no less than the shortest.
_ROUNDING: Final = 0.5
_ROUNDING_ABOVE: Final = 0.55
_SHORTEST_ROUNDING: Final = 0.3
# How far below the jaw the neck still moves.
_NECK: Final = 0.85
# Below the jaw, what is this far beside the middle is collar and shoulder.
_NECK_WIDTH: Final = (0.9, 1.7)
# How far above and beside the face's outline hair moves like the head, and where nothing moves any more.
_HEAD_REACH: Final = (0.8, 2.6)
# Towards sides of the picture that cut the person all movement across them ends over this distance.
_SIDE: Final = 0.55
# How softly, in nodes, that begins and ends along a side.
_SOFT_END: Final = 3.0
# A turn is smooth: it is worked out at every third node.
_COARSER: Final = 3


@dataclass(frozen=True, slots=True)
class Turn:
    """By how much a head turns, in degrees, with the signs of `HeadPose`."""

    pitch_degrees: float = 0.0
    yaw_degrees: float = 0.0
    roll_degrees: float = 0.0

    def __bool__(self) -> bool:
        """Tell whether it turns anything."""
        return any((self.pitch_degrees, self.yaw_degrees, self.roll_degrees))


def turned(frame: HeadFrame, turn: Turn) -> HeadFrame:
    """Return where a head is after a turn."""
    pose = head_pose(frame)
    nodded = rotation(pose.pitch_degrees + turn.pitch_degrees, pose.yaw_degrees + turn.yaw_degrees, pose.roll_degrees)
    after = _around(frame, nodded, np.array(_NOD_PIVOT))
    tilt = rotation(0.0, 0.0, turn.roll_degrees)
    return _around(after, tilt @ after.rotation, np.array(_TILT_PIVOT))


def rotation(pitch_degrees: float, yaw_degrees: float, roll_degrees: float) -> NDArray[np.float64]:
    """Return the rotation (3, 3) whose angles `head_pose` reads back."""
    pitch, yaw, roll = (-np.radians(angle) for angle in (pitch_degrees, yaw_degrees, roll_degrees))
    nod = np.array([[1, 0, 0], [0, np.cos(pitch), -np.sin(pitch)], [0, np.sin(pitch), np.cos(pitch)]])
    turn = np.array([[np.cos(yaw), 0, -np.sin(yaw)], [0, 1, 0], [np.sin(yaw), 0, np.cos(yaw)]])
    tilt = np.array([[np.cos(roll), -np.sin(roll), 0], [np.sin(roll), np.cos(roll), 0], [0, 0, 1]])
    return np.asarray(tilt @ turn @ nod)


def turn_points(mesh: NDArray[np.float32], frame: HeadFrame, after: HeadFrame) -> NDArray[np.float32]:
    """Carry mesh points (n, 3) along from one place of the head to the other."""
    head = frame.to_head(mesh)
    moved = after.scale * head @ after.rotation.T + after.origin
    return np.asarray(moved * (1, -1, 1), np.float32)


def turn_flow(
    raster: Raster,
    mesh: NDArray[np.float32],
    frame: HeadFrame,
    after: HeadFrame,
    grid: Grid,
    size: tuple[int, int],
    others: Sequence[Face] = (),
    person: NDArray[np.float32] | None = None,
) -> Flow:
    """Return the flow of a head that goes from `frame` to `after` in a picture of (width, height).

    `mesh` (478, 3) is the face before the turn and `raster` the same face drawn onto the grid; `others` are faces that
    stay where they are. `person` (H, W), 0..1, says where the head's silhouette is; without it a head of usual size is
    taken for granted.
    """
    coarse = grid.every(_COARSER)
    inside = raster.inside[::_COARSER, ::_COARSER]
    own = raster.values(mesh[:FACE_POINTS, 2:3] - np.float32(frame.origin[2]))[::_COARSER, ::_COARSER, 0]
    depth = _depth(own, inside, frame, coarse, person)
    relative = after.rotation @ frame.rotation.T
    nodes = coarse.nodes()
    x, y = nodes[..., 0] - np.float32(frame.origin[0]), -nodes[..., 1] - np.float32(frame.origin[1])
    goal_x, goal_y = (
        np.float32(row[0]) * x + np.float32(row[1]) * y + np.float32(row[2]) * depth + np.float32(origin)
        for row, origin in zip(relative[:2], after.origin[:2], strict=True)
    )
    rigid = np.stack([goal_x - nodes[..., 0], -goal_y - nodes[..., 1]], axis=-1)
    rigid *= (_share(inside, frame, coarse) * _own(mesh, others, coarse))[..., None]
    rigid *= _kept_at_sides(coarse, size, frame.scale, person)
    return backward(unfolded(np.asarray(rigid, np.float32), coarse), coarse).on(grid)


def _around(frame: HeadFrame, rotated: NDArray[np.float64], pivot: NDArray[np.float64]) -> HeadFrame:
    """Rotate a head so that one point of it, in its own frame, stays where it is."""
    origin = frame.origin + frame.scale * (frame.rotation - rotated) @ pivot
    return replace(frame, rotation=rotated, origin=origin)


def _depth(
    own: NDArray[np.float32],
    inside: NDArray[np.bool_],
    frame: HeadFrame,
    grid: Grid,
    person: NDArray[np.float32] | None,
) -> NDArray[np.float32]:
    """Return how far towards the lens from the frame's origin every node is, in pixels; `own` is that of the face."""
    known = inside.astype(np.uint8)
    edge = filled(own, known.astype(np.float32))
    away = cv2.distanceTransform(1 - known, cv2.DIST_L2, 5) * np.float32(grid.step / frame.scale)
    rounding = _ROUNDING + _ROUNDING_ABOVE * step(_upright(frame, grid)[1], 0.2, 0.8)
    if person is not None:
        rounding = np.clip(away + _to_silhouette(person, grid) / np.float32(frame.scale), _SHORTEST_ROUNDING, rounding)
    skull = np.float32(frame.scale * (frame.rotation @ np.array(_SKULL))[2])
    depth = edge + step(np.asarray(away / rounding, np.float32), 0.0, 1.0) * (skull - edge)
    return np.asarray(cv2.GaussianBlur(depth, (0, 0), 0.03 * frame.scale / grid.step), np.float32)


def _to_silhouette(person: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
    """Return how far inside a person every node is, in pixels, smoothly; 0 outside."""
    depth = cv2.distanceTransform((_seen(person, grid) > 0.5).astype(np.uint8), cv2.DIST_L2, 5) * np.float32(grid.step)
    return np.asarray(cv2.GaussianBlur(depth, (0, 0), 2.0), np.float32)


def _share(inside: NDArray[np.bool_], frame: HeadFrame, grid: Grid) -> NDArray[np.float32]:
    """Return which part of the head's movement every node takes: 1 on the head, 0 on the shoulders."""
    cells = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 5)
    away = np.asarray(cells * (grid.step / frame.scale), np.float32)
    across, height = _upright(frame, grid)
    collar = step(np.abs(across), *_NECK_WIDTH) * step(height, -0.4, -0.8)
    low = (1 - step(away, 0.0, _NECK)) * (1 - collar)
    high = 1 - step(away, *_HEAD_REACH)
    upper = step(height, -1.0, -0.25)
    share = low + upper * (high - low)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), 0.04 * frame.scale / grid.step), np.float32)


def _own(mesh: NDArray[np.float32], others: Sequence[Face], grid: Grid) -> NDArray[np.float32]:
    """Return 1 where this head is nearer than any other, falling to 0 halfway to the next."""
    share = np.ones(grid.shape, np.float32)
    nodes = grid.nodes()
    here = np.linalg.norm(nodes - mesh[:FACE_POINTS, :2].mean(axis=0), axis=-1)
    for other in others:
        there = np.linalg.norm(nodes - other.mesh[:FACE_POINTS, :2].mean(axis=0), axis=-1)
        share *= step(np.asarray(here / np.maximum(here + there, 1e-6), np.float32), 0.52, 0.36)
    return share


def _upright(frame: HeadFrame, grid: Grid) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return how far right of and above the eyes' middle every node is along the head's upright, in its own units."""
    up = frame.rotation[:2, 1] / max(float(np.linalg.norm(frame.rotation[:2, 1])), 1e-6)
    nodes = grid.nodes()
    x, y = nodes[..., 0] - frame.origin[0], -nodes[..., 1] - frame.origin[1]
    across, height = (x * up[1] - y * up[0]) / frame.scale, (x * up[0] + y * up[1]) / frame.scale
    return np.asarray(across, np.float32), np.asarray(height, np.float32)


def _kept_at_sides(
    grid: Grid, size: tuple[int, int], scale: float, person: NDArray[np.float32] | None
) -> NDArray[np.float32]:
    """Return a factor (rows, columns, 2) for x and y that ends movement across sides of the picture that cut a person.

    What such a side cuts off is not there to be moved in. Where nobody touches it, movement may pass it.
    """
    nodes = grid.nodes()
    touching = np.zeros(grid.shape, np.float32) if person is None else _seen(person, grid)
    factors = []
    for axis, lines in enumerate((touching.T, touching)):
        first, last = nodes[0, 0, axis], nodes[-1, -1, axis]
        factor = np.ones(grid.shape, np.float32)
        for line, end, limit in ((lines[0], first, 0.0), (lines[-1], last, float(size[axis]))):
            if abs(end - limit) > grid.step:
                continue
            reach = cv2.GaussianBlur(cv2.dilate(line[None], np.ones((1, 9))), (0, 0), _SOFT_END)[0]
            away = np.abs(nodes[..., axis] - np.float32(limit)) / np.float32(_SIDE * scale)
            cut = np.asarray(reach, np.float32)[:, None] if axis == 0 else np.asarray(reach, np.float32)[None]
            factor *= 1 - cut * (1 - step(np.asarray(away, np.float32), 0.0, 1.0))
        factors.append(factor)
    return np.stack(factors, axis=-1)


def _seen(person: NDArray[np.float32], grid: Grid) -> NDArray[np.float32]:
    """Return a person's mask at every node."""
    return looked_up(person, Grid(0, 0, 1, person.shape[1], person.shape[0]), grid.nodes())
