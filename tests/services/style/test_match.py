from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.color import ColorSpace, decode_transfer
from atelier_style.lut import apply_cube
from atelier_style.match import Match, MatchMethod, match
from atelier_style.oklab import linear_to_oklab
from hypothesis import given, settings
from hypothesis import strategies as st

if TYPE_CHECKING:
    from numpy.typing import NDArray

SRGB = ColorSpace.SRGB


def matched(pixels: NDArray[np.uint8], reference: NDArray[np.uint8], method: MatchMethod | None = None) -> Match:
    return match(pixels, SRGB, reference, SRGB, method)


def oklab(pixels: NDArray[np.uint8 | np.uint16]) -> NDArray[np.float64]:
    return linear_to_oklab(decode_transfer(pixels).reshape(-1, 3), SRGB).astype(np.float64)


@pytest.fixture(scope="module")
def warm(astronaut: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The astronaut under another light: a diagonal change, which a linear map can find exactly."""
    linear = (astronaut / 255.0) ** 2.2 * [0.9, 0.7, 0.45]
    return np.asarray(np.clip(linear ** (1 / 2.2), 0, 1) * 255 + 0.5, np.uint8)


@pytest.mark.parametrize("method", [MatchMethod.MONGE_KANTOROVICH, MatchMethod.REINHARD])
def test_a_picture_matched_to_itself_stays_as_it_is(astronaut: NDArray[np.uint8], method: MatchMethod) -> None:
    result = apply_cube(astronaut, matched(astronaut, astronaut, method).cube)
    # Saturated colours at the gamut's edge pass through Oklab and back: a step or two.
    assert np.abs(result.astype(int) - astronaut).max() <= 2


def test_monge_kantorovich_undoes_a_change_of_light(astronaut: NDArray[np.uint8], warm: NDArray[np.uint8]) -> None:
    result = apply_cube(astronaut, matched(astronaut, warm).cube)
    before = np.abs(astronaut.astype(int) - warm).mean()
    assert np.abs(result.astype(int) - warm).mean() < 0.2 * before


@pytest.mark.parametrize("method", [MatchMethod.MONGE_KANTOROVICH, MatchMethod.REINHARD])
def test_mean_and_deviation_come_near_the_reference(
    astronaut: NDArray[np.uint8], warm: NDArray[np.uint8], method: MatchMethod
) -> None:
    found = matched(astronaut, warm, method)
    result, target, source = (oklab(pixels) for pixels in (apply_cube(astronaut, found.cube), warm, astronaut))
    distance = np.abs(result.mean(axis=0) - target.mean(axis=0)).sum()
    assert found.method is method
    assert distance < 0.25 * np.abs(source.mean(axis=0) - target.mean(axis=0)).sum()


def test_the_size_of_the_reference_hardly_matters(astronaut: NDArray[np.uint8], warm: NDArray[np.uint8]) -> None:
    large = cv2.resize(warm, (1500, 900), interpolation=cv2.INTER_NEAREST)
    small = cv2.resize(warm, (90, 130), interpolation=cv2.INTER_NEAREST)
    tables = [matched(astronaut, np.asarray(each, np.uint8)).cube.table for each in (large, small)]
    assert np.abs(tables[0] - tables[1]).mean() < 0.01


def test_a_grey_reference_gives_a_grey_picture_by_reinhard(astronaut: NDArray[np.uint8]) -> None:
    grey = np.repeat(astronaut[..., 1:2], 3, axis=2)
    found = matched(astronaut, grey)
    result = apply_cube(astronaut, found.cube).astype(int)
    assert found.method is MatchMethod.REINHARD
    assert (result.max(axis=2) - result.min(axis=2)).max() <= 3


def test_an_asked_for_method_that_cannot_be_had_is_noted(astronaut: NDArray[np.uint8]) -> None:
    grey = np.repeat(astronaut[..., 1:2], 3, axis=2)
    found = matched(astronaut, grey, MatchMethod.MONGE_KANTOROVICH)
    assert found.method is MatchMethod.REINHARD
    assert any("Reinhard" in note for note in found.notes)


def test_a_grey_picture_is_toned_and_its_noise_is_not_blown_up(astronaut: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(0)
    grey = np.clip(np.repeat(astronaut[..., 1:2], 3, axis=2) + rng.normal(0, 1, astronaut.shape), 0, 255).astype(
        np.uint8
    )
    result = apply_cube(grey, matched(grey, astronaut).cube)
    assert oklab(result)[:, 1:].std() < 3 * oklab(grey)[:, 1:].std() + 0.01


def test_a_stretch_beyond_the_limit_is_limited_and_noted(astronaut: NDArray[np.uint8]) -> None:
    dull = (128 + (astronaut.astype(float) - 128) * 0.12).astype(np.uint8)
    found = matched(dull, astronaut)
    assert any("limited" in note for note in found.notes)
    assert apply_cube(dull, found.cube).std() < 3 * dull.std()


def test_skin_is_not_turned_green(astronaut: NDArray[np.uint8]) -> None:
    rng = np.random.default_rng(1)
    forest = np.clip(rng.normal([30, 140, 20], [12, 40, 9], (200, 200, 3)), 0, 255).astype(np.uint8)
    skin = np.array([[[224, 172, 140]]], np.uint8)
    colour = tuple(float(value) for value in decode_transfer(skin)[0, 0])
    free = match(astronaut, SRGB, forest, SRGB)
    held = match(astronaut, SRGB, forest, SRGB, skin=(colour[0], colour[1], colour[2]))

    def hue(found: Match) -> float:
        lab = oklab(apply_cube(skin, found.cube))[0]
        return float(np.degrees(np.arctan2(lab[2], lab[1])))

    assert hue(free) > 95
    assert 25 < hue(held) < 95
    assert any("skin" in note for note in held.notes)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_any_two_pictures_give_a_table_within_range(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pictures = []
    for _ in range(2):
        mean, spread = rng.uniform(0, 255, 3), rng.uniform(0, 80, 3)
        height, width = rng.integers(1, 60, 2)
        pictures.append(np.clip(rng.normal(mean, spread, (height, width, 3)), 0, 255).astype(np.uint8))
    table = matched(pictures[0], pictures[1]).cube.table
    assert np.isfinite(table).all()
    assert table.min() >= 0
    assert table.max() <= 1


def test_greys_keep_their_order(astronaut: NDArray[np.uint8], warm: NDArray[np.uint8]) -> None:
    table = matched(astronaut, warm).cube.table
    nodes = np.arange(len(table))
    diagonal = table[nodes, nodes, nodes].mean(axis=1)
    assert np.all(np.diff(diagonal) > 0)
