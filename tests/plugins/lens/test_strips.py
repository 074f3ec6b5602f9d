"""Strips and reduced planes leave no trace in the picture: parts come out as they would of the whole."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging.warp.grid import Grid
from atelier_lens.defocus import Discs, unit_and_reach
from atelier_lens.layers import continuation, continued
from atelier_lens.light import reduced_light, split
from atelier_lens.radii import Radii
from atelier_lens.scaling import enlarged, reduced
from atelier_lens.scene import Scene

SHAPE = (301, 403)


def noise(seed: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.random.default_rng(seed).random(SHAPE, np.float32)


@pytest.mark.parametrize("by", [1, 2, 3, 7])
def test_a_part_of_a_reduced_plane_is_brought_back_as_the_whole_is(by: int) -> None:
    small = reduced(noise(1), by)
    whole = enlarged(small, by, (slice(0, SHAPE[0]), slice(0, SHAPE[1])))
    part = (slice(128, 256), slice(50, 390))
    assert whole.shape == SHAPE
    # Numbers may be added up in another order.
    assert np.allclose(enlarged(small, by, part), whole[part], atol=1e-6)


@pytest.mark.parametrize("by", [1, 2, 3, 7])
def test_reducing_keeps_the_light_and_its_place(by: int) -> None:
    ramp = np.tile(np.arange(SHAPE[1], dtype=np.float32), (SHAPE[0], 1))
    back = enlarged(reduced(ramp, by), by, (slice(0, SHAPE[0]), slice(0, SHAPE[1])))
    # OpenCV's cubic curve bends a slope within each square, evenly to both sides; 84 columns are whole squares each.
    inner = np.s_[20:-20, 28 : 28 + 4 * 84]
    assert float((back - ramp)[inner].mean()) == pytest.approx(0, abs=1e-2)
    assert np.abs(back - ramp)[inner].max() < 0.06 * by


def test_light_is_reduced_strip_by_strip_as_at_once() -> None:
    pixels = np.random.default_rng(2).integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
    at_once = [reduced(plane, 3) for plane in reduced_light(pixels, 1)]
    assert np.allclose(reduced_light(pixels, 3), at_once, atol=1e-6)


@pytest.mark.parametrize("most", [0.9, 1.8, 6.0, 20.0])
def test_discs_of_parts_fit_together(most: float) -> None:
    radius, plane = most * np.linspace(0, 1, SHAPE[1], dtype=np.float32) * np.ones(SHAPE, np.float32), noise(3)
    unit, reach = unit_and_reach(most)
    whole = Discs(radius, 0).drawn(plane)
    top, bottom = 128 - reach, 256 + reach
    part = Discs(radius[top:bottom], 0).drawn(plane[top:bottom])[reach : reach + 128]
    assert 128 % unit == 0
    assert reach % unit == 0
    assert np.allclose(part, whole[128:256], atol=1e-6)


@pytest.mark.parametrize("most", [0.0, 1.8, 9.0])
def test_a_picture_drawn_in_strips_is_the_one_drawn_at_once(most: float, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.random.default_rng(4).integers(0, 256, (*SHAPE, 3)).astype(np.uint8)
    x, y = np.meshgrid(np.arange(SHAPE[1]), np.arange(SHAPE[0]))
    share = np.clip((90 - np.hypot(x - 220, y - 150)) / 12, 0, 1).astype(np.float32)
    by = continuation(SHAPE)
    colours = continued([reduced(plane, by) for plane in reduced_light(pixels, 1)], share, 4.0)
    grid = Grid.covering(0, 0, SHAPE[1], SHAPE[0], 8.0)
    nodes = most * np.linspace(0, 1, grid.rows, dtype=np.float32)[:, None] * np.ones(grid.shape, np.float32)
    behind = split(np.full((101, 135, 3), (0.2, 0.4, 0.6), np.float32))
    radii = Radii(grid, nodes) if most else None
    scene = Scene(pixels, share, colours, np.ones(3, np.float32), radii, 0, behind, 3)
    strips = [scene.drawn(rows) for rows in scene.strips]
    monkeypatch.setattr("atelier_lens.scene._ROWS", 1024)
    assert len(strips) > len(scene.strips) == 1
    drawn, changed = scene.drawn(scene.strips[0])
    # A sum in another order may round to the neighbouring number, no more.
    assert np.abs(np.concatenate([each for each, _ in strips]).astype(int) - drawn).max() <= 1
    assert np.array_equal(np.concatenate([where for _, where in strips]), changed)
    assert changed[share < 1].all()
