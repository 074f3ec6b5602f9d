"""Gaze: signs, independence of the head's pose, eyes that agree."""

from __future__ import annotations

import math

import pytest
from atelier_imaging.gaze import eye_gazes
from atelier_imaging.pose import head_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.imaging.heads import head

turns = st.floats(-25, 25)


def test_an_iris_at_rest_looks_straight_ahead() -> None:
    mesh = head(0, 0, 100)
    for gaze in eye_gazes(mesh, head_frame(mesh)):
        assert (gaze.x_degrees, gaze.y_degrees) == pytest.approx((0, 0), abs=0.2)


@settings(deadline=None)
@given(st.floats(-0.15, 0.15), st.floats(-0.1, 0.1), turns, turns)
def test_the_shift_of_the_iris_gives_the_angle_however_the_head_is_turned(
    x: float, y: float, pitch: float, yaw: float
) -> None:
    mesh = head(0, 0, 100, gaze=(x, y), pitch=pitch, yaw=yaw)
    expected = tuple(math.degrees(math.asin(2.7 * shift)) for shift in (x, y))
    for gaze in eye_gazes(mesh, head_frame(mesh)):
        assert (gaze.x_degrees, gaze.y_degrees) == pytest.approx(expected, abs=0.4)


def test_an_iris_shifted_beyond_the_eye_is_at_ninety_degrees_and_no_error() -> None:
    mesh = head(0, 0, 100, gaze=(0.9, -0.9))
    left, _ = eye_gazes(mesh, head_frame(mesh))
    assert (left.x_degrees, left.y_degrees) == pytest.approx((90, -90))
