"""How much light a surface gets, and of what colour."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from atelier_edit.light.kelvin import DAYLIGHT_KELVIN, tint
from atelier_edit.light.rig import Lamp
from atelier_edit.light.shading import lambert
from atelier_imaging.color import ColorSpace, luminance_weights


def test_a_point_source_lights_by_the_cosine() -> None:
    cosine = np.linspace(-1, 1, 41, dtype=np.float32)
    assert np.abs(lambert(cosine, 0.001) - np.maximum(cosine, 0)).max() < 1e-3


@pytest.mark.parametrize("size", [0.1, 0.4, 0.9])
def test_a_large_source_lights_by_the_mean_of_its_points(size: float) -> None:
    cosine = np.linspace(-1, 1, 81)
    points = np.linspace(-size, size, 2001)
    mean = np.maximum(cosine[:, None] + points, 0).mean(axis=1)
    assert np.abs(lambert(cosine.astype(np.float32), size) - mean).max() < 2e-3


def test_lamps_stand_where_their_angles_say() -> None:
    assert np.allclose(Lamp(0, 0).direction, [0, 0, 1], atol=1e-6)
    assert np.allclose(Lamp(90, 0).direction, [1, 0, 0], atol=1e-6)
    assert np.allclose(Lamp(0, 90).direction, [0, 1, 0], atol=1e-6)
    assert np.allclose(Lamp(180, 0).direction, [0, 0, -1], atol=1e-6)


@pytest.mark.parametrize("space", list(ColorSpace))
def test_light_has_the_colour_of_its_temperature_and_no_brightness_of_its_own(space: ColorSpace) -> None:
    warm, cool = tint(3200, space), tint(9000, space)
    assert warm[0] > 1 > warm[2]
    assert cool[0] < 1 < cool[2]
    for color in (warm, cool):
        assert abs(float(luminance_weights(space) @ color) - 1) < 1e-4
    assert np.allclose(tint(DAYLIGHT_KELVIN, space), 1, atol=1e-3)
    assert np.array_equal(tint(None, space), np.ones(3, np.float32))


def test_the_warmer_a_lamp_the_redder_its_light() -> None:
    reds = [
        float(tint(kelvin, ColorSpace.SRGB)[0] / tint(kelvin, ColorSpace.SRGB)[2]) for kelvin in range(1500, 15001, 500)
    ]
    assert all(earlier > later for earlier, later in itertools.pairwise(reds))
