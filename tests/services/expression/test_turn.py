"""Turning a head."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_expression.movement import Movement
from atelier_expression.scene import scene
from atelier_expression.turn import Turn, rotation, turn_points, turned
from atelier_imaging.pose import HeadFrame, head_frame, head_pose

from tests.services.expression.faces import SIZE, face_of, mean_face


@pytest.mark.parametrize("angles", [(0, 0, 0), (12, -8, 5), (-14, 20, -15), (3, 0, 30)])
def test_a_rotation_is_read_back_as_its_angles(angles: tuple[float, float, float]) -> None:
    pose = head_pose(HeadFrame(1.0, rotation(*angles), np.zeros(3)))

    np.testing.assert_allclose((pose.pitch_degrees, pose.yaw_degrees, pose.roll_degrees), angles, atol=1e-6)


@pytest.mark.parametrize("turn", [Turn(yaw_degrees=15), Turn(-12, 5, 8), Turn(roll_degrees=-15)])
def test_turned_points_have_the_pose_that_was_asked(turn: Turn) -> None:
    face = mean_face(pitch=3, yaw=-6, roll=4)
    frame = head_frame(face.mesh)

    moved = face_of(turn_points(face.mesh, frame, turned(frame, turn))).pose

    assert moved.pitch_degrees == pytest.approx(face.pose.pitch_degrees + turn.pitch_degrees, abs=0.01)
    assert moved.yaw_degrees == pytest.approx(face.pose.yaw_degrees + turn.yaw_degrees, abs=0.01)
    assert moved.roll_degrees == pytest.approx(face.pose.roll_degrees + turn.roll_degrees, abs=0.01)


@pytest.mark.parametrize("turn", [Turn(yaw_degrees=21), Turn(yaw_degrees=-21), Turn(-17, 0, 0), Turn(17, 10, -15)])
def test_no_turn_folds_the_picture(turn: Turn) -> None:
    shown = scene(mean_face(yaw=10), Movement(turn=turn), SIZE)

    assert shown.flow.jacobian().min() > 0.1


def test_the_flow_carries_the_face_where_the_points_go_and_leaves_the_shoulders() -> None:
    face = mean_face()
    shown = scene(face, Movement(turn=Turn(yaw_degrees=10, roll_degrees=5)), SIZE)

    inner = [4, 50, 280, 9, 61, 291, 133, 362]  # away from the outline, where the flow is kept smooth
    places = shown.mesh[None, inner, :2]
    source = places + shown.flow.offsets_at(places)
    assert np.linalg.norm(source[0] - face.mesh[inner, :2], axis=1).max() < 2.5
    shoulders = np.array([[(120, 690), (300, 695), (480, 690)]], np.float32)
    assert np.abs(shown.flow.offsets_at(shoulders)).max() < 0.5


def test_another_head_stays_where_it_is() -> None:
    face, other = mean_face(width=110), mean_face(width=110)
    beside = face_of(np.asarray(other.mesh + np.array([230, 0, 0], np.float32)))

    shown = scene(face, Movement(turn=Turn(roll_degrees=15)), (900, 700), [beside])

    assert np.abs(shown.flow.offsets_at(beside.mesh[None, :468, :2])).max() < 1.0


def test_a_side_that_cuts_the_person_moves_nothing_across_it() -> None:
    face = mean_face()
    person = np.zeros((SIZE[1], SIZE[0]), np.float32)
    person[:, 150:450] = 1  # touches the upper side
    turn = Movement(turn=Turn(pitch_degrees=-12))
    along_top = np.array([[(x, 1.0) for x in (250, 300, 350)]], np.float32)

    free, cut = scene(face, turn, SIZE), scene(face, turn, SIZE, person=person)

    assert np.abs(cut.flow.offsets_at(along_top)[..., 1]).max() < 0.5
    assert np.abs(free.flow.offsets_at(along_top)[..., 1]).max() > np.abs(cut.flow.offsets_at(along_top)[..., 1]).max()
