"""Head pose: signs, independence of the angles, accuracy on heads of known pose."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging.pose import head_frame, head_pose
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.imaging.heads import head

turns = st.floats(-35, 35)


@settings(deadline=None)
@given(turns, turns, st.floats(-80, 80))
def test_the_pose_of_a_mean_head_is_measured_to_a_twentieth_of_a_degree(pitch: float, yaw: float, roll: float) -> None:
    pose = head_pose(head_frame(head(300, 200, 120, pitch=pitch, yaw=yaw, roll=roll)))
    measured = (pose.pitch_degrees, pose.yaw_degrees, pose.roll_degrees)
    # The table of rigid points has three decimals.
    assert measured == pytest.approx((pitch, yaw, roll), abs=0.05)


def test_a_lifted_face_shows_its_nose_higher_and_has_positive_pitch() -> None:
    level, lifted = head(0, 0, 100), head(0, 0, 100, pitch=20)
    assert lifted[4, 1] < level[4, 1]
    assert head_pose(head_frame(lifted)).pitch_degrees > 15


def test_a_face_turned_to_its_left_shows_its_nose_further_right_and_has_positive_yaw() -> None:
    ahead, turned = head(0, 0, 100), head(0, 0, 100, yaw=20)
    assert turned[4, 0] > ahead[4, 0]
    assert head_pose(head_frame(turned)).yaw_degrees > 15


def test_a_head_tilted_to_its_left_shoulder_turns_clockwise_and_has_positive_roll() -> None:
    tilted = head(0, 0, 100, roll=20)
    assert tilted[10, 0] > tilted[152, 0]
    assert head_pose(head_frame(tilted)).roll_degrees > 15


def test_the_mirror_image_has_opposite_yaw_and_roll_and_the_same_pitch() -> None:
    mesh = head(0, 0, 100, pitch=8, yaw=14, roll=-6)
    left_to_right = np.argmin(
        np.linalg.norm(head(0, 0, 1)[:468, None] * (-1, 1, 1) - head(0, 0, 1)[None, :468], axis=2), axis=1
    )
    mirrored = mesh[:468][left_to_right] * np.array([-1, 1, 1], np.float32)
    pose = head_pose(head_frame(mirrored))
    assert (pose.pitch_degrees, pose.yaw_degrees, pose.roll_degrees) == pytest.approx((8, -14, 6), abs=0.05)


@settings(deadline=None)
@given(st.floats(10, 2000), st.floats(-500, 500))
def test_size_and_place_do_not_change_the_pose(width: float, place: float) -> None:
    pose = head_pose(head_frame(head(place, -place, width, pitch=3, yaw=-7, roll=2)))
    assert (pose.pitch_degrees, pose.yaw_degrees, pose.roll_degrees) == pytest.approx((3, -7, 2), abs=0.1)


def test_a_point_carried_into_the_head_and_back_stays_where_it_was() -> None:
    mesh = head(120, 80, 90, pitch=5, yaw=20, roll=-10)
    frame = head_frame(mesh)
    inside = frame.to_head(mesh)
    back = frame.scale * inside @ frame.rotation.T + frame.origin
    np.testing.assert_allclose(back * (1, -1, 1), mesh, atol=1e-3)
