"""Mattes against truth: drawn hair whose share of every pixel is known."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging import color
from atelier_lens.layers import Mixture, behind_of, continuation, continued
from atelier_lens.light import merged, split
from atelier_lens.matte import matte
from atelier_lens.scaling import reduced

from tests.plugins.lens.hair import SIDE, composed, segmented, strands


@pytest.mark.parametrize("seed", [0, 5, 10])
def test_a_matte_is_nearer_to_the_truth_than_the_segmentation(seed: int) -> None:
    truth = strands(seed)
    rough = segmented(truth)
    found = matte(composed(seed, truth), rough)
    assert float(np.abs(found - truth).sum()) < 0.8 * float(np.abs(rough - truth).sum())


def test_a_matte_leaves_what_is_certain_alone() -> None:
    truth = strands(1)
    found = matte(composed(1, truth), segmented(truth))
    assert (found[SIDE // 2 - 40 : SIDE // 2 + 40, SIDE // 2 - 40 : SIDE // 2 + 40] == 1).all()
    assert (found[:20] == 0).all()


def test_a_hole_of_a_few_pixels_is_filled() -> None:
    pixels = np.full((200, 200, 3), 200, np.uint8)
    person = np.zeros((200, 200), np.float32)
    pixels[50:, 50:150], person[50:, 50:150] = 60, 1
    pixels[120:124, 100:104], person[120:124, 100:104] = 200, 0
    assert matte(pixels, person)[122, 102] == 1


def test_colours_at_the_edge_are_taken_apart() -> None:
    truth = np.tile(np.clip((np.arange(200) - 96) / 8, 0, 1), (100, 1)).astype(np.float32)
    red, green = np.array([0.5, 0.1, 0.1], np.float32), np.array([0.1, 0.6, 0.2], np.float32)
    light = truth[..., None] * red + (1 - truth[..., None]) * green
    planes = split(light)
    by = continuation(truth.shape)
    colours = continued([reduced(plane, by) for plane in planes], truth, 2.0)
    mixture = Mixture(truth, colours)
    person = merged([mixture.person(plane, channel) for channel, plane in enumerate(planes)])
    behind = merged(behind_of(planes, truth, colours, 1))
    edge = (truth > 0.2) & (truth < 0.8)
    # Both colours come back within 3 % of white, though every pixel of the edge holds a mixture.
    assert np.abs(person[edge] - red).max() < 0.03
    assert np.abs(behind[edge] - green).max() < 0.03
    assert np.array_equal(person[truth == 1], light[truth == 1])
    assert color.to_float(np.zeros(1, np.uint8)).dtype == light.dtype


def test_a_wide_veil_of_hair_is_taken_apart() -> None:
    # More mixed pixels than OpenCV looks up at once.
    matte_of_veil = np.full((200, 300), 0.5, np.float32)
    matte_of_veil[:, :10], matte_of_veil[:, -10:] = 0, 1
    planes = split(matte_of_veil[..., None] * np.array([0.5, 0.1, 0.1], np.float32))
    colours = continued([reduced(plane, 1) for plane in planes], matte_of_veil, 1.0)
    red = Mixture(matte_of_veil, colours).person(planes[0], 0)
    # Black lies behind: the person's red is found whole beneath half a veil.
    assert np.abs(red[:, 10:] - 0.5).max() < 0.03
