"""Crops: where they lie, how they are drawn, and the way home."""

from __future__ import annotations

import math

import numpy as np
import pytest
from atelier_imaging.crop import Crop, sample
from hypothesis import given, settings
from hypothesis import strategies as st

sides = st.floats(20, 400)
places = st.floats(-100, 500)
angles = st.floats(-math.pi, math.pi)


@settings(deadline=None)
@given(places, places, sides, angles, st.booleans())
def test_the_middle_of_a_crop_is_its_centre_in_the_picture(
    x: float, y: float, side: float, angle: float, mirrored: bool
) -> None:
    middle = np.array([[32.0, 32.0]], np.float32)
    assert Crop(x, y, side, angle, mirrored).to_picture(middle, 64)[0] == pytest.approx((x, y), abs=1e-3)


@settings(deadline=None)
@given(sides, angles)
def test_depth_is_scaled_as_lengths_are(side: float, angle: float) -> None:
    points = np.array([[0, 0, 10], [64, 0, 10]], np.float32)
    home = Crop(50, 50, side, angle).to_picture(points, 64)
    assert np.linalg.norm(home[1, :2] - home[0, :2]) == pytest.approx(side, rel=1e-4)
    assert home[:, 2] == pytest.approx([10 * side / 64] * 2, rel=1e-4)


def test_a_crop_of_the_picture_at_its_own_size_is_the_picture() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    np.testing.assert_allclose(sample(pixels, Crop(24, 24, 48), 48), pixels / 255, atol=1e-6)


def test_a_mirrored_crop_is_the_picture_seen_in_a_mirror() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    np.testing.assert_allclose(sample(pixels, Crop(24, 24, 48, mirrored=True), 48), pixels[:, ::-1] / 255, atol=1e-6)


def test_a_quarter_turn_brings_the_right_edge_to_the_bottom() -> None:
    # A head that lies on its side, rolled clockwise, has its top at the picture's right: at 90 degrees that comes up.
    pixels = np.random.default_rng(1).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    np.testing.assert_allclose(sample(pixels, Crop(24, 24, 48, math.pi / 2), 48), np.rot90(pixels) / 255, atol=2e-3)


def test_a_large_crop_is_averaged_and_not_sampled_point_by_point() -> None:
    stripes = np.zeros((1024, 1024, 3), np.uint8)
    stripes[:, ::2] = 255
    drawn = sample(stripes, Crop(512, 512, 1024), 128)
    np.testing.assert_allclose(drawn, 0.5, atol=0.01)


def test_what_lies_outside_the_picture_is_black() -> None:
    drawn = sample(np.full((20, 20, 3), 255, np.uint8), Crop(0, 10, 20), 20)
    assert drawn[:, :9].max() == 0.0
    assert drawn[:, 11:].min() == 1.0


def test_both_depths_of_pixels_give_the_same_crop() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    crop = Crop(18, 21, 30, 0.3)
    deep = sample((pixels.astype(np.uint16) * 257), crop, 24)
    np.testing.assert_allclose(deep, sample(pixels, crop, 24), atol=1 / 255)
