"""Drawing through a flow, and what a person who moves leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.warp.backdrop import resample_person
from atelier_imaging.warp.flow import Flow
from atelier_imaging.warp.grid import Grid
from atelier_imaging.warp.resample import resample

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

GRID = Grid.covering(0, 0, 200, 160, 4)


def shifted(x: float, y: float) -> Flow:
    """Move everything by x and y pixels, less and less towards the sides."""
    nodes = GRID.nodes()
    distance = np.minimum(
        np.minimum(nodes[..., 0], 200 - nodes[..., 0]), np.minimum(nodes[..., 1], 160 - nodes[..., 1])
    )
    share = np.clip((distance - 10) / 30, 0, 1)
    return Flow(GRID, np.asarray(-share[..., None] * np.array([x, y], np.float32), np.float32))


@pytest.fixture
def noise() -> NDArray[np.uint8]:
    """A picture in which no two places look alike."""
    return np.random.default_rng(4).integers(0, 256, (160, 200, 3), np.uint8)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_shift_by_whole_pixels_is_exact(noise: NDArray[np.uint8], kind: type) -> None:
    picture: Pixels = noise.astype(kind) * (257 if kind is np.uint16 else 1)

    drawn = resample(picture, shifted(3, -2))

    assert drawn.dtype == kind
    assert np.array_equal(drawn[70:90, 90:110], picture[72:92, 87:107])


def test_what_does_not_move_keeps_its_numbers(noise: NDArray[np.uint8]) -> None:
    drawn = resample(noise, shifted(2.5, 1.5))

    assert np.array_equal(drawn[:6], noise[:6])
    assert np.array_equal(resample(noise, Flow.still(GRID)), noise)


def test_a_person_who_steps_aside_leaves_a_backdrop_without_a_trace() -> None:
    tones = np.linspace(90, 140, 200, dtype=np.float32)
    backdrop = np.repeat(np.repeat(tones[None, :, None], 160, axis=0), 3, axis=2).astype(np.uint8)
    picture, person = backdrop.copy(), np.zeros((160, 200), np.float32)
    picture[60:100, 80:120] = (200, 40, 40)
    person[60:100, 80:120] = 1

    drawn = resample_person(picture, shifted(8, 0), person, margin_pixels=3)

    assert np.abs(drawn[62:98, 90:126].astype(int) - (200, 40, 40)).max() <= 2
    uncovered = np.abs(drawn[62:98, 80:86].astype(int) - backdrop[62:98, 80:86])
    assert uncovered.max() <= 6  # the tones are continued, five levels are a tenth of their range
    assert np.array_equal(drawn[:50], picture[:50])


def test_a_backdrop_full_of_detail_is_not_dragged_along(noise: NDArray[np.uint8]) -> None:
    picture, person = noise.copy(), np.zeros((160, 200), np.float32)
    picture[60:100, 80:120] = 255
    person[60:100, 80:120] = 1

    drawn = resample_person(picture, shifted(6, 0), person, margin_pixels=3)

    assert np.array_equal(drawn[40:50], noise[40:50])
    assert np.array_equal(drawn[60:100, 135:], noise[60:100, 135:])
    assert np.array_equal(drawn[60:100, :70], noise[60:100, :70])


def test_before_things_no_colour_is_made_that_is_not_there() -> None:
    stripes = np.where((np.arange(200) // 7) % 2, 220, 40).astype(np.uint8)
    picture = np.repeat(np.repeat(stripes[None, :, None], 160, axis=0), 3, axis=2).copy()
    person = np.zeros((160, 200), np.float32)
    picture[60:100, 80:120] = 128
    person[60:100, 80:120] = 1
    person[60:100, 74:80] = person[60:100, 120:126] = 0.4  # a mask that is wrong by some pixels

    drawn = resample_person(picture, shifted(7, 0), person, margin_pixels=4)

    assert drawn[62:98].min() >= 20
    assert drawn[62:98].max() <= 240
