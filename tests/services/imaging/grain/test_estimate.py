from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.grain.drawing import GrainRecipe, GrainStage, deviation_table
from atelier_imaging.grain.estimate import NONE, Estimate, estimate_grain
from atelier_imaging.grain.model import GrainModel
from atelier_imaging.strips import render

if TYPE_CHECKING:
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def scene() -> NDArray[np.uint8]:
    """Soft light on a wall, an edge, and a textured quarter: what a portrait's background and subject are like."""
    y, x = np.mgrid[:1024, :1024] / 1024
    light = 0.12 + 0.75 * x * (0.6 + 0.4 * y)
    light[(x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.02] += 0.1
    texture = cv2.GaussianBlur(np.random.default_rng(0).normal(0, 1, (1024, 1024)), (0, 0), 2.0)
    light[512:, 512:] += 0.4 * texture[512:, 512:]
    return np.clip(np.repeat(light[..., None], 3, axis=2) * 255 + 0.5, 0, 255).astype(np.uint8)


def grained(pixels: NDArray[np.uint8], recipe: GrainRecipe) -> NDArray[np.uint8]:
    return np.asarray(render(pixels, [GrainStage(recipe, *pixels.shape[:2])]), np.uint8)


def recipe_of(found: Estimate) -> GrainRecipe:
    return GrainRecipe(
        found.model, found.strength, found.rgb, found.layer_gains, found.layer_correlation, found.tone_gains
    )


@pytest.mark.parametrize("sigma", [0.6, 0.8, 1.2])
@pytest.mark.parametrize("radius", [0.07, 0.15, 0.25])
def test_our_own_grain_is_recovered(scene: NDArray[np.uint8], radius: float, sigma: float) -> None:
    recipe = GrainRecipe(GrainModel(radius, 0.25, sigma), seed=11)
    found = estimate_grain(grained(scene, recipe))
    assert not found.rgb
    assert found.model.filter_sigma == pytest.approx(sigma, rel=0.1)
    assert found.model.radius == pytest.approx(radius, rel=0.15)
    # Variance by tone, where the picture has tones: a tenth of the deviation.
    ours, theirs = (deviation_table(each)[13_107:49_151:4_096] for each in (recipe_of(found), recipe))
    assert np.abs(ours / theirs - 1).max() < 0.12


def test_colour_grain_is_recovered_with_its_layers(scene: NDArray[np.uint8]) -> None:
    recipe = GrainRecipe(GrainModel(0.15), rgb=True, layer_gains=(1.0, 0.8, 1.2), layer_correlation=0.3, seed=5)
    found = estimate_grain(grained(scene, recipe))
    assert found.rgb
    assert found.layer_gains == pytest.approx((1.0, 0.8, 1.2), rel=0.08)
    assert found.layer_correlation == pytest.approx(0.3, abs=0.08)


def test_grain_of_a_large_photograph_is_told_on_the_scale_of_the_model(scene: NDArray[np.uint8]) -> None:
    large = cv2.resize(scene, (2048, 2048), interpolation=cv2.INTER_CUBIC)
    found = estimate_grain(grained(np.asarray(large, np.uint8), GrainRecipe(GrainModel(0.15), seed=2)))
    assert found.model.filter_sigma == pytest.approx(0.8, rel=0.1)


def test_a_clean_picture_has_no_grain(scene: NDArray[np.uint8]) -> None:
    smooth = np.full_like(scene, 128)
    assert estimate_grain(smooth).strength == 0.0


@pytest.mark.parametrize("shape", [(1, 1), (50, 2000), (95, 95)])
def test_a_picture_too_small_for_blocks_has_none(shape: tuple[int, int]) -> None:
    assert estimate_grain(np.zeros((*shape, 3), np.uint8)) == NONE
