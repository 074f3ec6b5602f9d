"""Resampling is Pillow's bicubic, whole or in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.strips import to_float
from atelier_imaging.transfer import quantised
from atelier_upscale.resample import Banded, Span, resampling, resized, shrunk
from PIL import Image

from tests.services.upscale.pictures import astronaut, levels_apart

if TYPE_CHECKING:
    from numpy.typing import NDArray


def plane(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    return np.asarray(pixels[..., 0] / 255, np.float32)


@pytest.mark.parametrize("size", [(512, 512), (128, 128), (200, 317), (611, 700), (2048, 1024), (1, 512), (512, 3)])
def test_a_picture_is_resampled_as_pillow_does_it(size: tuple[int, int]) -> None:
    source = plane(astronaut())
    expected = np.asarray(Image.fromarray(source).resize(size[::-1], Image.Resampling.BICUBIC))
    # Pillow sums in float64, here it is float32.
    assert resized(source[..., None], *size)[..., 0] == pytest.approx(expected, abs=2e-6)


def test_a_part_of_an_axis_is_resampled_as_the_whole_is() -> None:
    source = plane(astronaut())
    whole = Banded.of(resampling(512, 731, Span(0, 512), Span(0, 731))).down(source)
    # The part's own samples are 210 to 250 at this ratio, and the kernel reaches two further.
    part = Banded.of(resampling(512, 731, Span(205, 255), Span(301, 356))).down(source[205:255])
    assert part == pytest.approx(whole[301:356], abs=1e-6)


def test_an_even_colour_stays_even_wherever_an_axis_is_cut() -> None:
    matrix = resampling(100, 37, Span(13, 60), Span(5, 22))
    assert matrix.sum(axis=1) == pytest.approx(1.0, abs=1e-6)


def test_the_same_size_changes_nothing() -> None:
    assert resampling(64, 64, Span(0, 64), Span(0, 64)) == pytest.approx(np.eye(64), abs=1e-7)


def test_a_banded_matrix_is_the_matrix() -> None:
    matrix = resampling(90, 400, Span(0, 90), Span(0, 400))
    columns = np.random.default_rng(1).random((90, 7), np.float32)
    assert Banded.of(matrix).down(columns) == pytest.approx(matrix @ columns, abs=1e-5)


def test_a_picture_is_shrunk_in_strips_as_it_is_resampled_at_once() -> None:
    pixels = astronaut()
    at_once = quantised(resized(to_float(pixels), 130, 175), 8)
    # The rounding of a number that falls between two levels.
    assert levels_apart(shrunk(pixels, 130, 175), at_once) <= 1


def test_sixteen_bits_are_shrunk_to_sixteen_bits() -> None:
    pixels = astronaut().astype(np.uint16) * 257
    small = shrunk(pixels, 128, 128)
    assert small.dtype == np.uint16
    assert len(np.unique(small)) > 256
