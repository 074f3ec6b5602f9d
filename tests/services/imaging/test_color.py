"""Colour spaces and the difference of two colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging import color
from atelier_imaging.color import ColorSpace
from atelier_imaging.transfer import quantised
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Sharma, Wu, Dalal 2005, table 1: L, a, b of both colours and their difference.
SHARMA = np.array(
    [
        (50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425),
        (50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615),
        (50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412),
        (50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000),
        (50, -1.1848, -84.8006, 50, 0, -82.7485, 1.0000),
        (50, -0.9009, -85.5211, 50, 0, -82.7485, 1.0000),
        (50, 0, 0, 50, -1, 2, 2.3669),
        (50, -1, 2, 50, 0, 0, 2.3669),
        (50, 2.4900, -0.0010, 50, -2.4900, 0.0009, 7.1792),
        (50, 2.4900, -0.0010, 50, -2.4900, 0.0010, 7.1792),
        (50, 2.4900, -0.0010, 50, -2.4900, 0.0011, 7.2195),
        (50, 2.4900, -0.0010, 50, -2.4900, 0.0012, 7.2195),
        (50, -0.0010, 2.4900, 50, 0.0009, -2.4900, 4.8045),
        (50, -0.0010, 2.4900, 50, 0.0010, -2.4900, 4.8045),
        (50, -0.0010, 2.4900, 50, 0.0011, -2.4900, 4.7461),
        (50, 2.5, 0, 50, 0, -2.5, 4.3065),
        (50, 2.5, 0, 73, 25, -18, 27.1492),
        (50, 2.5, 0, 61, -5, 29, 22.8977),
        (50, 2.5, 0, 56, -27, -3, 31.9030),
        (50, 2.5, 0, 58, 24, 15, 19.4535),
        (50, 2.5, 0, 50, 3.1736, 0.5854, 1.0000),
        (50, 2.5, 0, 50, 3.2972, 0, 1.0000),
        (50, 2.5, 0, 50, 1.8634, 0.5757, 1.0000),
        (50, 2.5, 0, 50, 3.2592, 0.3350, 1.0000),
        (60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644),
        (63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630),
        (61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731),
        (35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645),
        (22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373),
        (36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146),
        (90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441),
        (90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381),
        (6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377),
        (2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082),
    ]
)

unit = arrays(np.float32, (7, 3), elements=st.floats(0, 1, width=32))
labs = arrays(np.float32, (7, 3), elements=st.floats(-100, 100, width=32))
spaces = st.sampled_from(list(ColorSpace))


def test_ciede2000_gives_the_published_values_of_all_34_pairs() -> None:
    difference = color.delta_e_2000(SHARMA[:, :3], SHARMA[:, 3:6])
    assert len(SHARMA) == 34
    assert np.abs(difference - SHARMA[:, 6]).max() < 5.1e-5  # they are rounded to four places


@given(labs, labs)
def test_ciede2000_is_symmetric_and_never_negative(first: np.ndarray, second: np.ndarray) -> None:
    there, back = color.delta_e_2000(first, second), color.delta_e_2000(second, first)
    assert (there >= 0).all()
    assert np.allclose(there, back, atol=2e-3)


@given(labs)
def test_a_colour_does_not_differ_from_itself(lab: np.ndarray) -> None:
    assert color.delta_e_2000(lab, lab).max() == 0


@given(unit, spaces)
def test_light_survives_the_way_through_lab(linear: np.ndarray, space: ColorSpace) -> None:
    assert np.abs(color.lab_to_linear(color.linear_to_lab(linear, space), space) - linear).max() < 1e-5


@given(unit, spaces)
def test_light_survives_the_way_through_xyz(linear: np.ndarray, space: ColorSpace) -> None:
    assert np.abs(color.xyz_to_linear(color.linear_to_xyz(linear, space), space) - linear).max() < 1e-5


@given(unit)
def test_light_survives_the_way_through_display_p3(linear: np.ndarray) -> None:
    there = color.convert(linear, ColorSpace.SRGB, ColorSpace.DISPLAY_P3)
    assert np.abs(color.convert(there, ColorSpace.DISPLAY_P3, ColorSpace.SRGB) - linear).max() < 1e-5


@given(st.floats(0, 1, width=32), st.floats(0, 1, width=32))
def test_the_transfer_curve_rises(first: float, second: float) -> None:
    low, high = sorted([first, second])
    encoded = color.encode_transfer(np.array([low, high], np.float32))
    assert encoded[0] <= encoded[1]


@given(arrays(np.float32, 5, elements=st.floats(-0.5, 2, width=32)))
def test_the_transfer_curve_goes_back_beyond_its_range_too(encoded: np.ndarray) -> None:
    assert np.abs(color.encode_transfer(color.decode_transfer(encoded)) - encoded).max() < 1e-5


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_number_of_a_pixel_survives_linear_light(dtype: type[np.uint8 | np.uint16]) -> None:
    numbers: NDArray[np.uint8 | np.uint16] = np.arange(np.iinfo(dtype).max + 1).astype(dtype)
    there = color.encode_transfer(color.decode_transfer(numbers))
    assert np.array_equal(numbers, quantised(there, numbers.itemsize * 8))


def test_integers_and_floats_decode_alike() -> None:
    numbers = np.arange(256, dtype=np.uint8)
    assert np.abs(color.decode_transfer(numbers) - color.decode_transfer(color.to_float(numbers))).max() < 1e-6


def test_quantising_rounds_clips_and_has_no_hole() -> None:
    values = np.array([-1, 0, 0.49 / 255, 0.51 / 255, 1, 7, np.nan], np.float32)
    assert color.quantise(values, np.uint8).tolist() == [0, 0, 0, 1, 255, 255, 0]


def test_known_colours_have_their_known_values() -> None:
    """Lindbloom's figures for sRGB red under D65, and the white and black of any space."""
    red = color.rgb_to_lab(np.array([[255, 0, 0]], np.uint8), ColorSpace.SRGB)[0]
    assert np.allclose(red, (53.24, 80.09, 67.20), atol=0.02)
    for space in ColorSpace:
        white, black = color.rgb_to_lab(np.array([[65535] * 3, [0] * 3], np.uint16), space)
        assert np.allclose(white, (100, 0, 0), atol=1e-3)
        assert np.allclose(black, (0, 0, 0), atol=1e-3)


def test_the_matrix_of_srgb_is_that_of_its_standard() -> None:
    """IEC 61966-2-1, rounded there to four places."""
    standard = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    assert np.allclose(color.matrix_to_xyz(ColorSpace.SRGB), standard, atol=1e-4)


def test_srgb_red_in_display_p3() -> None:
    """CSS Color 4 gives color(display-p3 0.9175 0.2003 0.1386)."""
    p3 = color.encode_transfer(color.convert(np.array([[1, 0, 0]], np.float32), ColorSpace.SRGB, ColorSpace.DISPLAY_P3))
    assert np.allclose(p3, (0.9175, 0.2003, 0.1386), atol=2e-4)


def test_grey_has_no_chroma_in_any_space() -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    for space in ColorSpace:
        assert np.abs(color.rgb_to_lab(grey, space)[:, 1:]).max() < 1e-3


def test_pixels_are_of_two_types_only() -> None:
    with pytest.raises(TypeError, match="int32"):
        color.full_scale(np.int32)


def test_no_pixels_are_no_trouble() -> None:
    assert color.rgb_to_lab(np.zeros((0, 4, 3), np.uint8), ColorSpace.SRGB).shape == (0, 4, 3)
