from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.color import ColorSpace, decode_transfer, luminance, rgb_to_lab
from atelier_imaging.strips import render
from atelier_style.skin_tone import (
    SkinColour,
    ToneRecipe,
    ToneStage,
    measure_skin,
    towards_angle,
    towards_reference,
    towards_warmth,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.style.portraits import disc, drawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

SRGB = ColorSpace.SRGB
MASK = disc()
CORE = (MASK == 1).astype(np.float32)
LIGHT, DARK = (224, 188, 164), (112, 74, 56)


def toned(pixels: NDArray[np.uint8], recipe: ToneRecipe) -> NDArray[np.uint8]:
    return np.asarray(render(pixels, [ToneStage(recipe, pixels, SRGB)]), np.uint8)


def skin(pixels: NDArray[np.uint8]) -> SkinColour:
    found = measure_skin(pixels, SRGB, CORE)
    assert found is not None
    return found


def fine_texture(pixels: NDArray[np.uint8]) -> float:
    """Contrast between neighbours in the logarithm of light."""
    light = np.log(luminance(decode_transfer(pixels), SRGB) + 1e-3)
    return float(np.std((light[:, 1:] - light[:, :-1])[CORE[:, 1:] == 1]))


@pytest.mark.parametrize(("own", "other"), [(LIGHT, DARK), (DARK, LIGHT), (LIGHT, (214, 150, 120))])
def test_the_reference_gives_its_a_and_b_and_not_its_lightness(
    own: tuple[int, int, int], other: tuple[int, int, int]
) -> None:
    pixels, reference = drawn(own), skin(drawn(other))
    before = skin(pixels)
    after = skin(toned(pixels, towards_reference(MASK, before, reference, 1.0, match_lightness=False)))
    assert [after.a, after.b] == pytest.approx([reference.a, reference.b], abs=0.6)
    assert after.lightness == pytest.approx(before.lightness, abs=0.3)


@pytest.mark.parametrize(("own", "other"), [(LIGHT, DARK), (DARK, LIGHT)])
def test_lightness_follows_only_when_it_is_asked_for(own: tuple[int, int, int], other: tuple[int, int, int]) -> None:
    pixels, reference = drawn(own), skin(drawn(other))
    after = skin(toned(pixels, towards_reference(MASK, skin(pixels), reference, 1.0, match_lightness=True)))
    assert after.lightness == pytest.approx(reference.lightness, abs=1.5)


@pytest.mark.parametrize("own", [LIGHT, (198, 140, 108), DARK])
@pytest.mark.parametrize("shift", [-20.0, -10.0, 10.0])
def test_a_typology_angle_is_reached_within_three_degrees(own: tuple[int, int, int], shift: float) -> None:
    pixels = drawn(own)
    goal = skin(pixels).ita_degrees + shift
    after = skin(toned(pixels, towards_angle(MASK, skin(pixels), goal, 1.0)))
    assert after.ita_degrees == pytest.approx(goal, abs=3.0)


@given(st.integers(0, 2**32 - 1), st.floats(-1, 1), st.floats(0.05, 1))
@settings(max_examples=15, deadline=None)
def test_nothing_outside_the_mask_changes(seed: int, warmth: float, strength: float) -> None:
    noise = np.random.default_rng(seed).integers(0, 256, (256, 256, 3), np.uint8)
    pixels = np.where(MASK[..., None] > 0, drawn(), noise)
    recipe = towards_warmth(MASK, skin(pixels), warmth, strength)
    assert np.array_equal(toned(pixels, recipe)[MASK == 0], pixels[MASK == 0])


def test_warmth_grows_with_the_control_and_keeps_lightness() -> None:
    pixels = drawn()
    found = [skin(toned(pixels, towards_warmth(MASK, skin(pixels), warmth, 1.0))) for warmth in (-1, -0.5, 0, 0.5, 1)]
    assert np.all(np.diff([each.b for each in found]) > 1)
    assert np.ptp([each.lightness for each in found]) < 0.3


def test_the_effect_grows_with_strength_in_five_steps() -> None:
    pixels = drawn(LIGHT)
    goal = skin(drawn(DARK))
    lightness = [
        skin(toned(pixels, towards_reference(MASK, skin(pixels), goal, strength, match_lightness=True))).lightness
        for strength in (0.2, 0.4, 0.6, 0.8, 1.0)
    ]
    assert np.all(np.diff(lightness) < 0)


@pytest.mark.parametrize("shift", [-25.0, 15.0])
def test_texture_stays_when_lightness_moves(shift: float) -> None:
    pixels = drawn((198, 140, 108))
    recipe = towards_angle(MASK, skin(pixels), skin(pixels).ita_degrees + shift, 1.0)
    assert fine_texture(toned(pixels, recipe)) / fine_texture(pixels) == pytest.approx(1.0, abs=0.12)


def test_only_low_orders_move_the_rest_of_the_distribution_stays() -> None:
    pixels = drawn(LIGHT)
    recipe = towards_reference(MASK, skin(pixels), skin(drawn(DARK)), 1.0, match_lightness=False)
    before, after = (rgb_to_lab(each[CORE == 1], SRGB) for each in (pixels, toned(pixels, recipe)))
    assert np.corrcoef(before[:, 0], after[:, 0])[0, 1] > 0.999
    assert np.corrcoef(before[:, 1], after[:, 1])[0, 1] > 0.95


def test_a_spread_of_colour_is_not_stretched_beyond_the_limit() -> None:
    calm, blotchy = skin(drawn(noise=1.0)), skin(drawn(noise=20.0))
    recipe = towards_reference(MASK, calm, blotchy, 1.0, match_lightness=False)
    assert np.linalg.eigvalsh(recipe.stretch).max() == pytest.approx(1.4)


def test_black_and_white_skin_and_too_little_of_it_are_not_measured() -> None:
    grey = np.repeat(drawn()[..., 1:2], 3, axis=2)
    assert measure_skin(grey, SRGB, CORE) is None
    assert measure_skin(drawn(), SRGB, np.zeros_like(CORE)) is None
