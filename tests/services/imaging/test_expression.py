"""Expression ratios: what opens them, what leaves them alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging import topology
from atelier_imaging.expression import expression_ratios
from atelier_imaging.pose import head_frame
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.imaging.heads import head

if TYPE_CHECKING:
    from atelier_imaging.face import Expression


def ratios(mesh: np.ndarray) -> Expression:
    return expression_ratios(mesh, head_frame(mesh))


@settings(deadline=None)
@given(st.floats(-30, 30), st.floats(-30, 30), st.floats(-30, 30), st.floats(20, 500))
def test_turning_or_scaling_the_head_changes_no_ratio(pitch: float, yaw: float, roll: float, width: float) -> None:
    turned, level = ratios(head(9, 7, width, pitch=pitch, yaw=yaw, roll=roll)), ratios(head(0, 0, 100))
    for name in ("left_eye_open", "right_eye_open", "mouth_open", "smile"):
        assert getattr(turned, name) == pytest.approx(getattr(level, name), abs=2e-3)


def test_closing_the_left_eye_closes_only_the_left_eye() -> None:
    mesh = head(0, 0, 100)
    for upper, lower in topology.LEFT_LIDS:
        mesh[upper] = mesh[lower]
    assert ratios(mesh).left_eye_open == pytest.approx(0, abs=1e-6)
    assert ratios(mesh).right_eye_open == pytest.approx(ratios(head(0, 0, 100)).right_eye_open)


def test_dropping_the_lower_lip_by_a_tenth_of_the_mouth_opens_it_by_a_tenth() -> None:
    closed = head(0, 0, 100)
    for upper, lower in topology.INNER_LIPS:
        closed[lower] = closed[upper]
    dropped = closed.copy()
    width = np.linalg.norm(closed[78] - closed[308])
    for _, lower in topology.INNER_LIPS:
        dropped[lower, 1] += 0.1 * width
    assert ratios(closed).mouth_open == pytest.approx(0, abs=1e-6)
    assert ratios(dropped).mouth_open == pytest.approx(0.1, abs=1e-3)


def test_lifting_the_mouth_corners_raises_the_smile_and_dropping_them_lowers_it() -> None:
    lifted, level, fallen = (head(0, 0, 100) for _ in range(3))
    lifted[list(topology.MOUTH_CORNERS), 1] -= 5
    fallen[list(topology.MOUTH_CORNERS), 1] += 15
    assert ratios(fallen).smile < 0 < ratios(level).smile < ratios(lifted).smile
