"""Edits go back into their source without a trace outside the mask."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging import color
from atelier_imaging.composite import composite, feathered, multiband
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    Blend = Callable[[Pixels, Pixels, NDArray[np.float32]], Pixels]

BLENDS = [composite, multiband]
DTYPES = [np.uint8, np.uint16]


def oval(height: int, width: int) -> NDArray[np.float32]:
    """Return a hard mask in the shape of a face."""
    y, x = np.mgrid[:height, :width]
    return np.asarray(((x / width - 0.5) / 0.25) ** 2 + ((y / height - 0.5) / 0.35) ** 2 < 1, dtype=np.float32)


@pytest.fixture(params=DTYPES, ids=["8 bits", "16 bits"])
def source(request: pytest.FixtureRequest, astronaut: NDArray[np.uint8]) -> Pixels:
    """Return a part of the portrait whose sides are odd, with 8 and with 16 bits."""
    part = astronaut[20:221, 120:271]
    return np.array(part) if request.param is np.uint8 else np.multiply(part, 257, dtype=np.uint16)


@pytest.mark.parametrize("blend", BLENDS)
def test_outside_the_mask_every_byte_is_the_source_s(blend: Blend, source: Pixels) -> None:
    mask = feathered(oval(*source.shape[:2]), 12)
    result = blend(source, np.asarray(source // 2), mask)
    assert np.array_equal(result[mask == 0], source[mask == 0])
    assert not np.array_equal(result, source)


@pytest.mark.parametrize("blend", BLENDS)
def test_an_edit_that_changes_nothing_leaves_nothing(blend: Blend, source: Pixels) -> None:
    mask = np.random.default_rng(0).random(source.shape[:2], dtype=np.float32)
    assert np.array_equal(blend(source, source.copy(), mask), source)


@pytest.mark.parametrize("blend", BLENDS)
def test_an_empty_mask_leaves_the_source(blend: Blend, source: Pixels) -> None:
    result = blend(source, np.asarray(source // 2), np.zeros(source.shape[:2], np.float32))
    assert np.array_equal(result, source)
    assert result is not source


def test_a_full_mask_takes_the_edit_as_it_is(source: Pixels) -> None:
    edited = np.asarray(source // 2)
    assert np.array_equal(composite(source, edited, np.ones(source.shape[:2], np.float32)), edited)


def test_a_full_mask_takes_the_edit_in_every_band(source: Pixels) -> None:
    edited = np.asarray(source // 2)
    assert np.array_equal(multiband(source, edited, np.ones(source.shape[:2], np.float32)), edited)


@pytest.mark.parametrize("blend", BLENDS)
def test_neither_argument_is_changed(blend: Blend, source: Pixels) -> None:
    before, edited = source.copy(), np.asarray(source // 2)
    blend(source, edited, oval(*source.shape[:2]))
    assert np.array_equal(source, before)
    assert np.array_equal(edited, before // 2)


def test_half_of_white_over_black_is_half_the_light() -> None:
    """In encoded numbers half the light is 188 of 255, where half the number would be 128."""
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    assert composite(black, white, np.full((1, 1), 0.5, np.float32)).ravel().tolist() == [188] * 3


@given(
    arrays(np.uint8, (4, 5, 3)),
    arrays(np.uint8, (4, 5, 3)),
    arrays(np.float32, (4, 5), elements=st.floats(0, 1, width=32)),
)
def test_a_composite_lies_between_its_two_pictures(
    source: NDArray[np.uint8], edited: NDArray[np.uint8], mask: NDArray[np.float32]
) -> None:
    result = composite(source, edited, mask)
    assert (result >= np.minimum(source, edited)).all()
    assert (result <= np.maximum(source, edited)).all()


def test_multiband_keeps_fine_texture_where_tone_fades(source: Pixels) -> None:
    """Across a hard mask, a step of tone becomes a slope: the largest jump between neighbours is a third or less."""
    flat = np.full_like(source, color.full_scale(source.dtype) // 2)
    lighter = np.full_like(source, int(color.full_scale(source.dtype) * 0.6))
    mask = oval(*source.shape[:2])

    def largest_jump(pixels: Pixels) -> int:
        return int(np.abs(np.diff(pixels[..., 0].astype(int), axis=1)).max())

    hard, soft = composite(flat, lighter, mask), multiband(flat, lighter, feathered(mask, 16))
    assert largest_jump(soft) * 3 <= largest_jump(hard)


def test_sizes_must_agree(source: Pixels) -> None:
    with pytest.raises(ValueError, match="sizes differ"):
        composite(source, source[:-1], np.ones(source.shape[:2], np.float32))
    with pytest.raises(ValueError, match="sizes differ"):
        multiband(source, source, np.ones((3, 3), np.float32))


def test_a_feather_follows_the_shape_and_stays_inside() -> None:
    mask = oval(120, 100)
    soft = feathered(mask, 10)
    assert (soft[mask == 0] == 0).all()
    assert soft[60, 50] == 1
    row = soft[60, :51]
    assert (np.diff(row) >= 0).all()
    assert 9 <= np.count_nonzero((row > 0) & (row < 1)) <= 11


def test_pictures_of_a_few_pixels_blend_too() -> None:
    for size in ((1, 1), (1, 7), (2, 2), (3, 1)):
        source, edited = np.zeros((*size, 3), np.uint8), np.full((*size, 3), 200, np.uint8)
        assert np.array_equal(multiband(source, edited, np.ones(size, np.float32)), edited)
