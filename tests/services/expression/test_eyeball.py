"""An eye taken apart and put together again, on a drawn one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_expression.eyeball import Eyeball, eyeball
from atelier_imaging.topology import LEFT_EYE, LEFT_IRIS

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 160
CENTRE, RADIUS = np.array([80.5, 78.5], np.float32), 20.0
SKIN, WHITE, IRIS, LIGHT = 170, 230, 70, 255


def drawn() -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """Draw an eye 100 pixels wide: lids that cover the iris above, a light on it; return it with its mesh."""
    mesh = np.zeros((478, 3), np.float32)
    along = np.linspace(0, np.pi, 9)
    lower = np.stack([130 - 50 * (1 - np.cos(along)), 80 + 22 * np.sin(along)], axis=-1)
    upper = np.stack([130 - 50 * (1 - np.cos(along[1:-1])), 80 - 14 * np.sin(along[1:-1])], axis=-1)[::-1]
    mesh[list(LEFT_EYE), :2] = np.concatenate([lower, upper])
    mesh[list(LEFT_IRIS), :2] = CENTRE + np.array([(0, 0), (RADIUS, 0), (0, RADIUS), (-RADIUS, 0), (0, -RADIUS)])
    pixels = np.full((SIZE, SIZE, 3), SKIN, np.uint8)
    inside = np.zeros((SIZE, SIZE), np.uint8)
    cv2.fillPoly(inside, [np.round(mesh[list(LEFT_EYE), :2]).astype(np.int32)], (1,))
    rows, columns = np.mgrid[:SIZE, :SIZE] + 0.5
    away = np.hypot(columns - CENTRE[0], rows - CENTRE[1])
    pixels[inside > 0] = WHITE
    pixels[(inside > 0) & (away < RADIUS)] = IRIS
    pixels[np.hypot(columns - 74, rows - 76) < 3] = LIGHT
    return pixels, mesh


@pytest.fixture
def ball() -> Eyeball:
    found = eyeball(*drawn(), 0)
    assert found is not None
    return found


def looking(ball: Eyeball, shift: tuple[float, float]) -> NDArray[np.float32]:
    columns, rows = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    places = np.stack([columns, rows], axis=-1).astype(np.float32)
    return ball.looking(places, np.array(shift, np.float32))[..., 0]


def test_an_eye_that_does_not_move_is_the_one_that_was_photographed(ball: Eyeball) -> None:
    columns, rows = np.meshgrid(np.arange(SIZE), np.arange(SIZE))
    seen = ball.opening(np.stack([columns, rows], axis=-1).astype(np.float32)) > 0.95

    again = looking(ball, (0, 0))

    assert seen.sum() > 1000
    difference = np.abs(again - drawn()[0][..., 0])[seen]
    assert np.percentile(difference, 90) < 3  # the soft rim of the iris is softer than the drawn one's
    assert difference.mean() < 5


def test_a_gaze_moves_the_iris_and_leaves_white_where_it_was(ball: Eyeball) -> None:
    after = looking(ball, (16, 0))

    assert after[78, 80 + 16 + 10] == pytest.approx(IRIS, abs=12)
    assert after[82, 80 - 14] == pytest.approx(WHITE, abs=12)


def test_what_the_lid_hid_of_the_iris_is_completed_when_it_comes_down(ball: Eyeball) -> None:
    after = looking(ball, (0, 8))

    above = 78 - int(RADIUS) + 8 + 6  # inside the disc, and under the lid before
    assert after[above, 88] == pytest.approx(IRIS, abs=15)


def test_the_light_goes_half_the_iriss_way(ball: Eyeball) -> None:
    after = looking(ball, (12, 0))

    bright = np.argwhere(after[60:95, 60:110] > 0.8 * LIGHT) + np.array([60, 60])
    near = bright[np.hypot(bright[:, 1] - (74 + 6), bright[:, 0] - 76) < 5]
    assert len(near) > 5
    assert after[76, 74 + 12 + 3] == pytest.approx(IRIS, abs=25)


def test_an_eye_outside_the_picture_is_none() -> None:
    pixels, mesh = drawn()

    assert eyeball(pixels, mesh + np.float32(1000), 0) is None
