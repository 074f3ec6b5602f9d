"""Shape and texture make a face, and warps keep what they are told to keep."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_generate.base.appearance import flattened
from atelier_generate.base.frame import GRID, HEIGHT, LOW, POINTS, WIDTH, border, grid
from atelier_generate.base.knowledge import knowledge
from atelier_generate.base.quiet import BETWEEN, LOUD, QUIET, face_share, matched, temperature
from atelier_generate.base.warping import spline

APPEARANCE = knowledge().appearance


def test_a_spline_takes_its_points_where_they_go() -> None:
    generator = np.random.default_rng(0)
    points = np.concatenate([generator.uniform(20, 140, (30, 2)), border()]).astype(np.float32)
    moved = points + generator.uniform(-1, 1, points.shape).astype(np.float32)
    # It may pass by them, as the mesh is not exact, but not by half of what they move.
    assert np.abs(spline(points, moved, points) - moved).mean() < 0.5


def test_points_that_stay_move_nothing() -> None:
    assert APPEARANCE.origins(APPEARANCE.mean_shape).reshape(-1, 2) == pytest.approx(grid(), abs=0.01)


def test_the_mean_face_is_drawn_as_it_is() -> None:
    texture = np.zeros(len(APPEARANCE.textures), np.float32)
    drawn = APPEARANCE.draw(APPEARANCE.origins(APPEARANCE.mean_shape), texture)
    assert drawn.shape == (HEIGHT // LOW, WIDTH // LOW, 3)
    assert drawn[2:-2, 2:-2] == pytest.approx(APPEARANCE.mean_texture[2:-2, 2:-2], abs=0.01)


def test_flattening_undoes_drawing() -> None:
    shape = np.random.default_rng(1).normal(0, 0.8, len(APPEARANCE.shapes)).astype(np.float32)
    points = APPEARANCE.points(shape)
    texture = np.zeros(len(APPEARANCE.textures), np.float32)
    drawn = APPEARANCE.draw(APPEARANCE.origins(points), texture)
    assert np.abs(flattened(drawn, points, APPEARANCE.mean_shape) - APPEARANCE.mean_texture).mean() < 0.03


def test_the_grid_covers_the_frame() -> None:
    assert len(grid()) == (HEIGHT // GRID) * (WIDTH // GRID)


@pytest.mark.parametrize(("level", "shares"), [(1.0, LOUD), (BETWEEN[0], LOUD), (BETWEEN[1], QUIET), (0.01, QUIET)])
def test_the_face_is_drawn_more_quietly_than_what_is_around_it(level: float, shares: tuple[float, float]) -> None:
    face = face_share(APPEARANCE, APPEARANCE.origins(APPEARANCE.mean_shape))
    share = temperature(level, face)
    assert share[96, 80] == pytest.approx(shares[0], abs=0.01)
    assert share[5, 5] == pytest.approx(shares[1])


def test_the_face_is_where_the_mouth_goes() -> None:
    shape = np.random.default_rng(2).normal(0, 0.8, len(APPEARANCE.shapes)).astype(np.float32)
    points = APPEARANCE.points(shape)
    face = face_share(APPEARANCE, APPEARANCE.origins(points))
    x, y = points[POINTS.index(13)].astype(int)
    assert face[y, x, 0] > 0.95


def test_both_eyes_are_made_of_the_same_noise() -> None:
    noise = np.random.default_rng(0).standard_normal((HEIGHT, WIDTH, 3)).astype(np.float32)
    pair = matched(noise)
    points = APPEARANCE.points(np.zeros(len(APPEARANCE.shapes), np.float32))
    right, left = (points[POINTS.index(iris)].round().astype(int) for iris in (468, 473))
    around = [pair[y - 4 : y + 5, x - 6 : x + 7] for x, y in ((right[0], right[1]), (WIDTH - 1 - right[0], right[1]))]
    assert (around[0] == around[1][:, ::-1]).all()
    assert abs(WIDTH - 1 - right[0] - left[0]) <= 1
    assert (pair[:, : WIDTH // 2] == noise[:, : WIDTH // 2]).all()
    assert pair.std() == pytest.approx(1, abs=0.01)
