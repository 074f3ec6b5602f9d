"""Tiles cover a picture once, and read enough around."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_upscale.tiles import Margined, cut
from hypothesis import given
from hypothesis import strategies as st

SIDES = st.integers(1, 1500)
RATIOS = st.floats(1.0, 4.0)


@given(SIDES, SIDES, RATIOS)
def test_every_sample_of_the_result_is_made_by_exactly_one_tile(height: int, width: int, ratio: float) -> None:
    to = (round(height * ratio), round(width * ratio))
    grid = cut(height, width, *to, margin=20)
    tiles = [tile for batch in grid.batches for tile in batch]
    for axis, length in (("rows", to[0]), ("columns", to[1])):
        spans = sorted({(getattr(tile, axis).made.start, getattr(tile, axis).made.stop) for tile in tiles})
        assert [spans[0][0], *(stop for _, stop in spans)] == [start for start, _ in spans] + [length]
    assert len({(len(tile.rows.read), len(tile.columns.read)) for tile in tiles}) == 1


def test_what_a_tile_makes_lies_within_what_it_reads_by_the_margin() -> None:
    grid = cut(1100, 900, 3840, 3142, margin=20)
    for batch in grid.batches:
        for tile in batch:
            ratio = 3840 / 1100
            assert tile.rows.made.start / ratio - tile.rows.read.start >= 19
            assert tile.rows.read.stop - tile.rows.made.stop / ratio >= 19


def test_a_square_of_1024_is_four_tiles_one_at_a_time() -> None:
    grid = cut(1024, 1024, 4096, 4096, margin=20)
    assert [len(batch) for batch in grid.batches] == [1, 1, 1, 1]


def test_narrow_tiles_go_together() -> None:
    grid = cut(4000, 10, 8000, 20, margin=20)
    assert len(grid.batches) < grid.count


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (700, 2), (600, 600)])
def test_beyond_its_border_a_picture_is_its_mirror_image(size: tuple[int, int]) -> None:
    pixels = np.random.default_rng(2).integers(0, 255, (*size, 3), dtype=np.uint8)
    grid = cut(*size, size[0] * 2, size[1] * 2, margin=20)
    first = Margined(pixels, grid).read(grid.batches[0][0])
    rows = [_mirrored(row, size[0]) for row in range(-20, len(first) - 20)]
    columns = [_mirrored(column, size[1]) for column in range(-20, first.shape[1] - 20)]
    assert np.array_equal(first, pixels[np.ix_(rows, columns)])


def _mirrored(place: int, length: int) -> int:
    folded = place % (2 * length)
    return min(folded, 2 * length - 1 - folded)
