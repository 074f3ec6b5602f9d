"""Continuing what is known."""

from __future__ import annotations

import numpy as np
from atelier_imaging.warp.fill import filled


def test_known_values_stay_and_a_constant_goes_on_everywhere() -> None:
    known = np.zeros((40, 50), np.float32)
    known[5:9, 30:34] = 1

    answer = filled(np.full((40, 50, 2), 3, np.float32) * known[..., None], known)

    np.testing.assert_allclose(answer, 3, atol=1e-4)


def test_between_two_sides_values_lie_between_them() -> None:
    values = np.zeros((32, 64), np.float32)
    values[:, 48:] = 1
    known = np.zeros((32, 64), np.float32)
    known[:, :16] = known[:, 48:] = 1

    answer = filled(values, known)

    assert np.array_equal(answer[:, :16], values[:, :16])
    middle = answer[16, 16:48]
    assert (np.diff(middle) > -1e-3).all()
    assert 0.3 < middle[16] < 0.7


def test_where_nothing_is_known_the_answer_is_nothing() -> None:
    assert not filled(np.ones((8, 8), np.float32), np.zeros((8, 8), np.float32)).any()
