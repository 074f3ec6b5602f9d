"""A flow of a mesh that moved."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.topology import FACE_POINTS, MOUTH_CORNERS
from atelier_imaging.warp.grid import Grid
from atelier_imaging.warp.mesh import mesh_flow, triangulate
from atelier_imaging.warp.resample import resample

if TYPE_CHECKING:
    from numpy.typing import NDArray

MEAN = Path(__file__).parents[1] / "mean_mesh.npy"
SIZE = 400


@pytest.fixture(scope="module")
def mesh() -> NDArray[np.float32]:
    """The mean face, 300 pixels high, in the middle of a square of 400."""
    raw = np.load(MEAN).astype(np.float32)[:FACE_POINTS]
    upright = raw * (1, -1, 1) if raw[10, 1] > raw[152, 1] else raw
    scale = 300 / np.ptp(upright[:, 1])
    points = upright * np.float32(scale)
    points[:, :2] += SIZE / 2 - (points[:, :2].max(axis=0) + points[:, :2].min(axis=0)) / 2
    return np.asarray(points, np.float32)


def moved(mesh: NDArray[np.float32], points: tuple[int, ...], by: tuple[float, float]) -> NDArray[np.float32]:
    """Move some points and, the less the farther, their surroundings within 40 pixels."""
    away = np.min([np.linalg.norm(mesh[:, :2] - mesh[point, :2], axis=1) for point in points], axis=0)
    changed = mesh.copy()
    changed[:, :2] += np.clip(1.2 - away / 40, 0, 1)[:, None] * np.array(by, np.float32)
    return changed


def test_what_was_drawn_at_a_mesh_point_is_where_the_point_went(mesh: NDArray[np.float32]) -> None:
    goal = moved(mesh, MOUTH_CORNERS, (0, -9))
    picture = np.zeros((SIZE, SIZE, 3), np.uint8)
    corner = mesh[MOUTH_CORNERS[0], :2]
    cv2.circle(picture, np.round((corner - 0.5) * 16).astype(int).tolist(), 3 * 16, (255, 255, 255), -1, cv2.LINE_AA, 4)

    flow = mesh_flow(mesh, goal, Grid.covering(0, 0, SIZE, SIZE, 2), reach=80)

    drawn = resample(picture, flow)[..., 0].astype(float)
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    centre = [(drawn * axis).sum() / drawn.sum() for axis in (columns, rows)]
    np.testing.assert_allclose(centre, goal[MOUTH_CORNERS[0], :2], atol=0.6)


def test_a_moderate_move_folds_nothing_and_ends_within_its_reach(mesh: NDArray[np.float32]) -> None:
    grid = Grid.covering(0, 0, SIZE, SIZE, 2)

    flow = mesh_flow(mesh, moved(mesh, (152,), (0, 12)), grid, reach=30)

    assert flow.jacobian().min() > 0.3
    beyond = np.abs(flow.offset).max(axis=-1)[grid.nodes()[..., 1] > mesh[152, 1] + 12 + 32]
    assert beyond.max() == 0


def test_a_mesh_that_stays_moves_nothing(mesh: NDArray[np.float32]) -> None:
    flow = mesh_flow(mesh, mesh, Grid.covering(0, 0, SIZE, SIZE, 2), reach=40)

    assert np.abs(flow.offset).max() < 1e-3


def test_triangles_cover_the_mesh_without_gaps(mesh: NDArray[np.float32]) -> None:
    triangles = triangulate(mesh)

    assert set(triangles.ravel().tolist()) == set(range(FACE_POINTS))


def test_points_that_pass_each_other_fold_nothing(mesh: NDArray[np.float32]) -> None:
    goal = mesh.copy()
    goal[13, 1] += 25  # the upper lip's inner middle, far through the lower lip

    flow = mesh_flow(mesh, goal, Grid.covering(0, 0, SIZE, SIZE, 2), reach=40)

    assert flow.jacobian().min() > 0
