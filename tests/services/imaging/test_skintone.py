"""The typology angle: its formula, and when it abstains."""

from __future__ import annotations

import math

import numpy as np
import pytest
from atelier_imaging.color import ColorSpace, rgb_to_lab
from atelier_imaging.masks import FaceMasks
from atelier_imaging.picture import Picture
from atelier_imaging.skintone import typology_angle

from tests.services.imaging.painted import DARK_SKIN, LIGHT_SKIN, Painted, paint


def angle(painted: Painted) -> float | None:
    masks = FaceMasks(painted.pixels, painted.face, painted.person.astype(np.float32))
    return typology_angle(Picture.from_array(painted.pixels), painted.face, lambda region, _: masks.region(region))


@pytest.mark.parametrize("skin", [LIGHT_SKIN, DARK_SKIN])
def test_the_angle_is_that_of_the_skin_that_was_painted(skin: tuple[int, int, int]) -> None:
    lightness, _, b = rgb_to_lab(np.array([[skin]], np.uint8), ColorSpace.SRGB)[0, 0]
    # The painting has noise of two levels.
    assert angle(paint(skin)) == pytest.approx(math.degrees(math.atan2(lightness - 50, b)), abs=2)


def test_lighter_skin_has_the_larger_angle() -> None:
    light, dark = angle(paint(LIGHT_SKIN)), angle(paint(DARK_SKIN))
    assert light is not None
    assert dark is not None
    assert light > 0 > dark


def test_a_picture_without_colour_has_no_angle() -> None:
    assert angle(paint(grey=True)) is None


def test_covered_skin_has_no_angle() -> None:
    painted = paint()
    nothing = np.zeros(painted.person.shape, np.float32)
    assert typology_angle(Picture.from_array(painted.pixels), painted.face, lambda *_: nothing) is None
