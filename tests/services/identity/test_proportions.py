"""Proportions of a head whose geometry is known, and moulding it."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_identity import proportions
from atelier_identity.mould import moulded
from atelier_identity.proportions import FEATURES
from atelier_imaging import topology

from tests.services.imaging.heads import head

FRONTAL = head(200, 180, 120)
LEVEL = (0.0, 0.0, 0.0)
NAMES = [feature.name for feature in FEATURES]


@pytest.mark.parametrize(
    ("size", "turn"),
    [(1.0, (30.0, 0.0, 0.0)), (1.0, (0.0, -15.0, 20.0)), (3.0, LEVEL), (0.4, (-12.0, 8.0, 0.0))],
)
def test_proportions_are_free_of_pose_and_size(size: float, turn: tuple[float, float, float]) -> None:
    yaw, pitch, roll = turn
    turned = proportions.measure(head(400, 300, 120 * size, yaw=yaw, pitch=pitch, roll=roll))
    # float32 pixels, and nothing else
    assert turned == pytest.approx(proportions.measure(FRONTAL), abs=2e-5)


def test_lengths_are_in_distances_between_the_pupils() -> None:
    measured = proportions.measure(FRONTAL)
    left, right = FRONTAL[topology.LEFT_IRIS[0]], FRONTAL[topology.RIGHT_IRIS[0]]
    mouth = FRONTAL[291, 0] - FRONTAL[61, 0]
    assert measured["mouth_width"] == pytest.approx(mouth / (left[0] - right[0]), abs=1e-4)
    assert all(value > 0 for value in measured.values())


def test_the_mean_of_references_has_a_deviation_from_two_on() -> None:
    one = dict.fromkeys(NAMES, 1.0)
    assert {each.deviation for each in proportions.mean_of([one])} == {None}
    both = proportions.mean_of([one, dict.fromkeys(NAMES, 1.2)])
    assert [(each.value, each.deviation) for each in both] == [pytest.approx((1.1, 0.1414), abs=1e-3)] * len(NAMES)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("turn", [LEVEL, (25.0, 10.0, -15.0)])
def test_one_feature_changes_as_asked_and_no_other_does(name: str, turn: tuple[float, float, float]) -> None:
    yaw, pitch, roll = turn
    mesh = head(200, 180, 120, yaw=yaw, pitch=pitch, roll=roll)
    changed = proportions.measure(moulded(mesh, {name: 0.05}))
    expected = proportions.measure(mesh)
    expected[name] += 0.05
    # Moving a nose along its length turns the mean face that is laid onto it by a trifle.
    assert changed == pytest.approx(expected, abs=0.003)


def test_a_mould_moves_neither_pupils_nor_what_is_far_away() -> None:
    changed = moulded(FRONTAL, {"nose_width": 0.06})
    shift = np.linalg.norm(changed - FRONTAL, axis=1) / (FRONTAL[473, 0] - FRONTAL[468, 0])
    assert not shift[topology.FACE_POINTS :].any()
    assert shift[list(topology.FACE_OVAL)].max() < 0.002
    assert 0.02 < shift.max() < 0.04  # half on either side


def test_no_change_is_no_change() -> None:
    assert np.array_equal(moulded(FRONTAL, {}), FRONTAL)
