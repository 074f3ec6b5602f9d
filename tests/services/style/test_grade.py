from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.color import ColorSpace, decode_transfer, rgb_to_lab
from atelier_imaging.strips import render
from atelier_style.grade import GradeRecipe, GradeStage
from atelier_style.halation import Vignette
from atelier_style.look import bake
from atelier_style.presets import grades

from tests.services.style.portraits import disc, drawn

if TYPE_CHECKING:
    from numpy.typing import NDArray

SRGB = ColorSpace.SRGB
TEAL = bake(grades()["teal_orange"], SRGB)


def graded(pixels: NDArray[np.uint8], recipe: GradeRecipe) -> NDArray[np.uint8]:
    return np.asarray(render(pixels, [GradeStage(recipe, pixels, SRGB)]), np.uint8)


def chroma_moved(before: NDArray[np.uint8], after: NDArray[np.uint8], where: NDArray[np.bool_]) -> float:
    moved = rgb_to_lab(after[where], SRGB) - rgb_to_lab(before[where], SRGB)
    return float(np.hypot(moved[:, 1], moved[:, 2]).mean())


def test_the_effect_grows_with_strength_in_five_steps(astronaut: NDArray[np.uint8]) -> None:
    differences = [
        np.abs(graded(astronaut, GradeRecipe(TEAL.at_strength(strength))).astype(int) - astronaut).mean()
        for strength in (0.2, 0.4, 0.6, 0.8, 1.0)
    ]
    assert np.all(np.diff(differences) > 0)


def test_protected_skin_keeps_more_of_its_colour_the_more_it_is_protected() -> None:
    pixels, skin = drawn(), disc()
    moved = [
        chroma_moved(pixels, graded(pixels, GradeRecipe(TEAL, skin, protect)), skin == 1)
        for protect in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]
    assert np.all(np.diff(moved) < 0)
    assert moved[-1] < 0.25 * moved[0]


def test_protecting_skin_changes_nothing_outside_its_mask() -> None:
    pixels, skin = drawn(), disc()
    free, protected = (graded(pixels, GradeRecipe(TEAL, skin, protect)) for protect in (0.0, 1.0))
    assert np.array_equal(free[skin == 0], protected[skin == 0])
    assert not np.array_equal(free[skin == 1], protected[skin == 1])


def test_protected_skin_takes_the_lightness_of_the_look() -> None:
    pixels, skin = drawn(), disc()
    free, protected = (rgb_to_lab(graded(pixels, GradeRecipe(TEAL, skin, p)), SRGB)[skin == 1] for p in (0.0, 1.0))
    assert abs(float(free[:, 0].mean() - protected[:, 0].mean())) < 0.5


def lamp(side: int = 256) -> NDArray[np.uint8]:
    """A white square on dark grey."""
    pixels = np.full((side, side, 3), 40, np.uint8)
    pixels[side * 3 // 8 : side * 5 // 8, side * 3 // 8 : side * 5 // 8] = 255
    return pixels


def test_halation_is_red_around_highlights_and_fades_with_distance() -> None:
    added = decode_transfer(graded(lamp(), GradeRecipe(halation=0.8))) - decode_transfer(lamp())
    beside, further, far = added[128, 163], added[128, 172], added[4, 4]
    assert beside[0] > beside[1] > beside[2] >= 0
    assert beside[0] > further[0] > far[0]


def test_halation_leaves_white_white_and_a_dark_picture_alone() -> None:
    assert graded(lamp(), GradeRecipe(halation=1.0))[128, 128].tolist() == [255, 255, 255]
    dark = np.full((64, 64, 3), 60, np.uint8)
    assert np.array_equal(graded(dark, GradeRecipe(halation=1.0)), dark)


def test_halation_grows_with_its_amount() -> None:
    light = [int(graded(lamp(), GradeRecipe(halation=amount))[128, 163, 0]) for amount in (0.2, 0.4, 0.6, 0.8, 1.0)]
    assert np.all(np.diff(light) > 0)


@pytest.mark.parametrize("size", [(200, 200), (120, 360), (361, 121)])
def test_a_full_vignette_takes_two_stops_off_the_corners_and_nothing_off_the_middle(size: tuple[int, int]) -> None:
    linear = np.ones((*size, 3), np.float32)
    Vignette(*size, 1.0)(linear, 0)
    assert linear[0, 0].tolist() == pytest.approx([0.25] * 3, rel=0.05)
    assert linear[size[0] // 2, size[1] // 2].tolist() == pytest.approx([1.0] * 3, rel=1e-3)


def test_light_that_strays_does_not_depend_on_strips() -> None:
    pixels = np.tile(lamp(), (3, 1, 1))
    recipe = GradeRecipe(TEAL, halation=0.5, vignette=0.5)
    stage = GradeStage(recipe, pixels, SRGB)
    whole = (pixels / 255).astype(np.float32)
    parts = whole.copy()
    stage(whole, 0)
    for top in range(0, len(parts), 77):
        stage(parts[top : top + 77], top)
    # A product of sums in another order of vectors: the last bits of float32.
    assert np.abs(parts - whole).max() < 1e-6


def test_sixteen_bits_are_graded_as_finely() -> None:
    ramp = np.repeat(np.linspace(0, 65_535, 4096).astype(np.uint16)[None, :, None], 3, axis=2)
    out = render(ramp, [GradeStage(GradeRecipe(bake(grades()["portrait_natural"], SRGB)), ramp, SRGB)])
    assert len(np.unique(out[0, :, 1])) > 4000
