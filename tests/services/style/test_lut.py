from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.strips import render
from atelier_style.cube import Cube, identity
from atelier_style.lut import Lut, apply_cube, resample
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Interpolate = Callable[[NDArray[np.floating], NDArray[np.floating]], NDArray[np.float64]]


def random_table(size: int, seed: int = 3) -> NDArray[np.float32]:
    rng = np.random.default_rng(seed)
    return np.asarray(identity(size).table + rng.uniform(-0.2, 0.2, (size, size, size, 3)), np.float32)


@pytest.mark.parametrize("size", [2, 17, 33, 65])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_identity_changes_no_value(size: int, dtype: type[np.uint8 | np.uint16]) -> None:
    pixels = np.random.default_rng(1).integers(0, np.iinfo(dtype).max + 1, (300, 211, 3), dtype)
    assert np.array_equal(apply_cube(pixels, identity(size)), pixels)


@given(st.integers(2, 20), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_interpolation_is_tetrahedral_to_float_precision(tetrahedral: Interpolate, size: int, seed: int) -> None:
    table = random_table(size, seed)
    colours = np.random.default_rng(seed).random((40, 33, 3), dtype=np.float32)
    expected = tetrahedral(colours, table)
    Lut(Cube(table))(colours)
    assert np.abs(colours - expected).max() < 2e-6  # float32 rounding of values around 1


def test_eight_bits_are_rounded_to_the_nearest(tetrahedral: Interpolate) -> None:
    table = random_table(33)
    pixels = np.random.default_rng(2).integers(0, 256, (128, 128, 3), np.uint8)
    exact = np.clip(tetrahedral(pixels / 255, table), 0, 1) * 255
    assert np.abs(apply_cube(pixels, Cube(table)) - exact).max() <= 0.5 + 1e-3


def test_a_domain_stretches_the_table() -> None:
    pixels = np.arange(256, dtype=np.uint8).repeat(3).reshape(16, 16, 3)
    twice = Cube(2 * identity(2).table, domain_max=(2.0, 2.0, 2.0))
    assert np.array_equal(apply_cube(pixels, twice), pixels)


def test_a_1d_table_maps_each_channel_by_its_own_column() -> None:
    curve = Cube(np.array([[0, 1, 0], [0.5, 0.5, 0.25], [1, 0, 1]], np.float32))
    pixels = np.array([[[64, 64, 64]]], np.uint8)
    assert apply_cube(pixels, curve).tolist() == [[[64, 191, 32]]]


def test_a_1d_table_becomes_a_3d_one_of_33_points() -> None:
    curve = Cube(np.linspace([0, 0, 0], [1, 0.5, 0.25], 256).astype(np.float32))
    cube = resample(curve)
    assert cube.table.shape == (33, 33, 33, 3)
    assert np.allclose(cube.table, identity().table * [1, 0.5, 0.25], atol=1e-6)


def test_strength_blends_pictures_as_it_blends_tables() -> None:
    table = random_table(9)
    colours = np.random.default_rng(5).random((16, 16, 3), dtype=np.float32)
    full, half = colours.copy(), colours.copy()
    Lut(Cube(table))(full)
    Lut(Cube(table).at_strength(0.5))(half)
    assert np.allclose(half, (colours + full) / 2, atol=1e-6)


def test_how_a_picture_is_cut_into_strips_leaves_no_trace() -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (700, 31, 3), np.uint8)
    lut = Lut(Cube(random_table(33)))
    whole = render(pixels, [lut])
    parts = [render(np.ascontiguousarray(part), [lut]) for part in np.array_split(pixels, 9)]
    assert np.array_equal(np.concatenate(parts), whole)
