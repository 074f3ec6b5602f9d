from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.color import ColorSpace, rgb_to_lab
from atelier_style.cube import identity
from atelier_style.look import HueShift, Look, Tint, bake, has_colour
from atelier_style.lut import apply_cube
from atelier_style.presets import grades

if TYPE_CHECKING:
    from numpy.typing import NDArray

SRGB = ColorSpace.SRGB
# Encoded sRGB of skin from very light to dark, as patches of pictures show it.
SKINS = np.array(
    [[[242, 210, 192], [224, 172, 140], [198, 140, 108], [160, 104, 74], [112, 70, 50], [74, 46, 34]]], np.uint8
)


def diagonal(table: NDArray[np.float32]) -> NDArray[np.float32]:
    nodes = np.arange(len(table))
    return table[nodes, nodes, nodes]


@pytest.mark.parametrize("space", list(ColorSpace))
def test_a_look_that_says_nothing_is_the_identity(space: ColorSpace) -> None:
    assert np.abs(bake(Look(""), space).table - identity().table).max() < 1e-3  # a quarter of a step of 8 bits


@pytest.mark.parametrize("name", list(grades()))
def test_greys_keep_their_order_and_black_and_white_stay_in_range(name: str) -> None:
    table = bake(grades()[name], SRGB).table
    lightness = rgb_to_lab(diagonal(table), SRGB)[:, 0]
    assert np.all(np.diff(lightness) > 0)
    assert (table >= 0).all()
    assert (table <= 1).all()


@pytest.mark.parametrize("name", list(grades()))
def test_neighbouring_colours_stay_neighbours(name: str) -> None:
    lab = rgb_to_lab(bake(grades()[name], SRGB).table, SRGB)
    plain = rgb_to_lab(identity().table, SRGB)
    for axis in range(3):
        step, own = (np.linalg.norm(np.diff(each, axis=axis), axis=-1) for each in (lab, plain))
        # A step that a look makes several times as large is a contour that shows as a band in a sky.
        assert (step / (own + 1)).max() < 5


@pytest.mark.parametrize("name", [name for name, look in grades().items() if not look.monochrome])
def test_skin_stays_between_red_and_yellow_under_every_colour_grade(name: str) -> None:
    graded = rgb_to_lab(apply_cube(SKINS, bake(grades()[name], SRGB)), SRGB)[0]
    hue = np.degrees(np.arctan2(graded[:, 2], graded[:, 1]))
    assert np.all((hue > 15) & (hue < 88))


@pytest.mark.parametrize("name", list(grades()))
def test_light_skin_stays_lighter_than_dark_skin(name: str) -> None:
    graded = rgb_to_lab(apply_cube(SKINS, bake(grades()[name], SRGB)), SRGB)[0]
    assert np.all(np.diff(graded[:, 0]) < 0)


def test_no_two_grades_look_the_same() -> None:
    tables = {name: rgb_to_lab(bake(look, SRGB).table, SRGB) for name, look in grades().items()}
    names = list(tables)
    closest = min(
        float(np.linalg.norm(tables[a] - tables[b], axis=-1).mean())
        for index, a in enumerate(names)
        for b in names[index + 1 :]
    )
    assert closest > 2


def test_monochrome_looks_are_known_by_their_tables() -> None:
    seen = {name: has_colour(bake(look, SRGB)) for name, look in grades().items()}
    assert seen == {name: not look.monochrome for name, look in grades().items()}


def test_warmth_moves_grey_towards_yellow_at_its_luminance() -> None:
    before, after = (
        rgb_to_lab(diagonal(bake(Look("", warmth_mired=warmth), SRGB).table), SRGB)[16] for warmth in (0, 40)
    )
    assert after[2] > before[2] + 5
    assert abs(after[0] - before[0]) < 1


def test_a_hue_is_turned_and_its_opposite_is_not() -> None:
    patches = np.array([[[40, 60, 200], [200, 190, 40]]], np.uint8)
    look = Look("", hues=(HueShift(hue=264, width=20, turn=-30),))
    before, after = (rgb_to_lab(pixels, SRGB)[0] for pixels in (patches, apply_cube(patches, bake(look, SRGB))))
    moved = np.linalg.norm(after - before, axis=-1)
    assert moved[0] > 10
    assert moved[1] < 1


def test_tints_leave_black_and_white_alone() -> None:
    table = bake(Look("", shadows=Tint(200, 0.05), highlights=Tint(60, 0.05)), SRGB).table
    assert np.abs(diagonal(table)[[0, -1]] - [[0] * 3, [1] * 3]).max() < 2e-3
    assert np.ptp(diagonal(table)[10]) > 0.02


def test_retained_silver_makes_contrast() -> None:
    plain, silver = (rgb_to_lab(diagonal(bake(Look("", silver=amount), SRGB).table), SRGB)[:, 0] for amount in (0, 0.6))
    assert silver[8] < plain[8]
    assert silver[24] > plain[24]
