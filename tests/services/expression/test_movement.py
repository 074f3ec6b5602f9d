"""Which way faces move: smile, brows, tension, jaw, lids and irises, on a mean face."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_expression import fields
from atelier_expression.movement import EyeMovement, Movement, displaced, iris_shifts
from atelier_imaging.expression import expression_ratios
from atelier_imaging.gaze import eye_gazes
from atelier_imaging.pose import head_frame
from atelier_imaging.topology import INNER_LIPS, LEFT_LIDS, MOUTH_CORNERS, RIGHT_LIDS

from tests.services.expression.faces import mean_face

if TYPE_CHECKING:
    from atelier_imaging.face import Expression, Face
    from numpy.typing import NDArray

CHEEKS, LOWER_LIDS, BROWS, EYE_CORNERS = (50, 280), (145, 374), (105, 334), (33, 133, 263, 362)


def moved(face: Face, movement: Movement) -> NDArray[np.float32]:
    """Return how far every point goes to the right and up, over the distance of the outer eye corners."""
    frame = head_frame(face.mesh)
    way = displaced(face, frame, movement) - face.mesh[:468]
    return np.asarray(way[:, :2] * (1, -1) / frame.scale, np.float32)


def ratios(face: Face, movement: Movement) -> Expression:
    mesh = face.mesh.copy()
    mesh[:468] = displaced(face, head_frame(face.mesh), movement)
    return expression_ratios(mesh, head_frame(face.mesh))


def test_a_smile_lifts_and_spreads_the_corners_and_takes_cheeks_and_lids_along() -> None:
    way = moved(mean_face(), Movement(smile=1.0))

    right, left = (way[corner] for corner in MOUTH_CORNERS)
    assert right[0] < -0.05
    assert left[0] > 0.05
    assert min(right[1], left[1]) > 0.05
    assert way[list(CHEEKS), 1].min() > 0.01
    assert way[list(LOWER_LIDS), 1].min() > 0.002
    assert np.abs(way[list(BROWS)]).max() < 0.002


def test_each_field_is_the_same_on_both_sides() -> None:
    head = np.asarray(head_frame(mean_face().mesh).to_head(mean_face().mesh)[:468], np.float32)
    for field in (fields.smile, fields.jaw, fields.brows, fields.corners, fields.tension):
        way = field(head)
        for right, left in ((61, 291), (50, 280), (105, 334), (33, 263)):
            np.testing.assert_allclose(way[right, :2] * (-1, 1), way[left, :2], atol=0.012)


@pytest.mark.parametrize("name", ["smile", "jaw"])
def test_a_measured_ratio_grows_with_its_control(name: str) -> None:
    face = mean_face()
    read = {"smile": "smile", "jaw": "mouth_open"}[name]
    movements = [Movement(smile=amount) if name == "smile" else Movement(jaw=amount) for amount in (-0.3, 0, 0.5, 1.0)]
    values = [getattr(ratios(face, movement), read) for movement in movements]

    assert (np.diff(values) > 0).all()


def test_a_closed_mouth_stays_closed_however_it_smiles() -> None:
    face = mean_face()
    closed = replace(face, expression=replace(face.expression, mouth_open=0.02))

    way = moved(closed, Movement(smile=1.3, corners=1.0, tension=-1.0))

    for up, low in INNER_LIPS:
        np.testing.assert_allclose(way[up], way[low], atol=1e-4)


def test_lips_never_pass_through_each_other() -> None:
    face = mean_face()
    frame = head_frame(face.mesh)

    after = displaced(face, frame, Movement(jaw=-5.0))

    for up, low in INNER_LIPS:
        gap = (face.mesh[low, 1] - face.mesh[up, 1], after[low, 1] - after[up, 1])
        assert gap[1] >= 0.3 * gap[0]


@pytest.mark.parametrize("factor", [0.1, 0.6, 1.3])
def test_lids_open_to_the_factor_and_leave_the_corners(factor: float) -> None:
    face = mean_face()
    movement = Movement(left=EyeMovement(opening=factor), right=EyeMovement(opening=factor))

    way = moved(face, movement)
    after = displaced(face, head_frame(face.mesh), movement)

    for upper, lower in (*LEFT_LIDS, *RIGHT_LIDS):
        gap = face.mesh[lower, 1] - face.mesh[upper, 1]
        assert after[lower, 1] - after[upper, 1] == pytest.approx(factor * gap, abs=0.8)
    assert np.abs(way[list(EYE_CORNERS)]).max() < 0.002


@pytest.mark.parametrize(("x", "y"), [(12, 0), (-20, 0), (0, 8), (6, -6)])
def test_an_iris_slides_as_far_as_its_eye_turns(x: float, y: float) -> None:
    face = mean_face(roll=12)
    frame = head_frame(face.mesh)
    wanted = Movement(left=EyeMovement(x, y), right=EyeMovement(x, y))

    mesh = face.mesh.copy()
    for shift, points in zip(iris_shifts(face, frame, wanted), (slice(473, 478), slice(468, 473)), strict=True):
        mesh[points, :2] += shift
    left, right = eye_gazes(mesh, frame)

    for before, after in ((face.left_gaze, left), (face.right_gaze, right)):
        assert after.x_degrees - before.x_degrees == pytest.approx(x, abs=0.6)
        assert after.y_degrees - before.y_degrees == pytest.approx(y, abs=0.6)


def test_upper_lids_follow_a_lowered_gaze() -> None:
    way = moved(mean_face(), Movement(left=EyeMovement(y_degrees=-15), right=EyeMovement(y_degrees=-15)))

    assert way[[159, 386], 1].max() < -0.005


def test_behind_glasses_only_what_does_not_bend_them_moves() -> None:
    face = mean_face()
    free = moved(face, Movement(smile=1.0, tension=1.0))
    worn = moved(face, Movement(smile=1.0, tension=1.0, glasses=True))

    around_eyes = [117, 118, 119, 346, 347, 348, 33, 133, 263, 362, 6, 168]
    assert np.abs(worn[around_eyes]).max() < 0.002
    assert np.abs(free[around_eyes]).max() > 0.006
    np.testing.assert_allclose(worn[list(MOUTH_CORNERS)], free[list(MOUTH_CORNERS)], atol=1e-4)
