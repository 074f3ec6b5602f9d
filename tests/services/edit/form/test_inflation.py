"""Silhouettes blown up."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_edit.form.inflation import inflate

if TYPE_CHECKING:
    from numpy.typing import NDArray


def _disc(size: int, radius: float) -> NDArray[np.float32]:
    y, x = np.mgrid[:size, :size] - (size - 1) / 2
    return np.asarray(np.clip(radius + 0.5 - np.hypot(x, y), 0, 1), np.float32)


def test_a_small_disc_becomes_nearly_a_hemisphere() -> None:
    # A reach much larger than the disc leaves Poisson's equation, whose root over a disc is the hemisphere itself; the
    # sweeps stop a tenth short of it.
    height = inflate(_disc(96, 24), radius=400)
    y, x = np.mgrid[:96, :96] - 47.5
    inside = np.hypot(x, y) < 18
    sphere = np.sqrt(24.5**2 - np.hypot(x, y)[inside] ** 2)
    assert np.abs(height[inside] / sphere - 1).max() < 0.12


def test_a_wide_body_is_flat_in_its_middle_and_round_at_its_edge() -> None:
    mask = np.zeros((128, 128), np.float32)
    mask[16:112, 16:112] = 1
    height = inflate(mask, radius=8)
    assert abs(height[64, 64] - 16) < 1
    assert abs(height[64, 40] - height[64, 64]) < 0.5
    assert height[64, 18] < 0.6 * height[64, 64]
    assert height[64, 4] == 0


def test_a_body_goes_on_where_the_picture_ends() -> None:
    mask = np.zeros((96, 96), np.float32)
    mask[40:, 20:76] = 1
    height = inflate(mask, radius=20)
    assert height[95, 48] > height[60, 48] * 0.98
