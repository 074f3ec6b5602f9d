"""Pictures with transparency."""

from __future__ import annotations

import numpy as np
from atelier_imaging.picture import Picture
from atelier_upscale.drawing import Manner
from atelier_upscale.enlarge import Pass
from atelier_upscale.networks import own_networks
from atelier_upscale.size import Size
from atelier_upscale.transparency import covered, enlarged_alpha

from tests.services.upscale.networks import upscalers
from tests.services.upscale.pictures import ended, levels_apart

REDDISH = np.array([200, 90, 60], np.uint8)


def cut_out(under: int) -> Picture:
    """Make an even, reddish disc, with `under` in all channels where nothing is seen."""
    y, x = np.mgrid[:80, :80] - 39.5
    alpha = np.asarray(np.clip((30 - np.hypot(x, y)) * 128, 0, 255), np.uint8)
    pixels = np.where(alpha[..., None] > 0, REDDISH, np.uint8(under))
    return Picture.from_array(np.asarray(pixels, np.uint8), alpha=alpha)


def test_what_nobody_sees_leaves_no_fringe() -> None:
    for under in (0, 255):
        picture = cut_out(under)
        assert picture.alpha is not None
        pixels = covered(picture.pixels, picture.alpha)
        result = ended(Pass(pixels, Size(320, 320), Manner(own_networks(4.0))).run(upscalers()))[1]
        seen = enlarged_alpha(picture.alpha, 320, 320) > 0
        assert levels_apart(result[seen], np.broadcast_to(REDDISH, result[seen].shape)) <= 1


def test_visible_colours_are_not_touched() -> None:
    rng = np.random.default_rng(4)
    pixels = rng.integers(0, 255, (40, 50, 3), dtype=np.uint8)
    alpha = rng.integers(0, 3, (40, 50), dtype=np.uint8)
    filled = covered(pixels, alpha)
    assert np.array_equal(filled[alpha > 0], pixels[alpha > 0])
    assert not np.array_equal(filled[alpha == 0], pixels[alpha == 0])


def test_an_opaque_and_an_invisible_picture_stay_as_they_are() -> None:
    pixels = np.random.default_rng(5).integers(0, 255, (9, 9, 3), dtype=np.uint8)
    for value in (0, 255):
        assert covered(pixels, np.full((9, 9), value, np.uint8)) is pixels


def test_opaque_alpha_stays_opaque_and_a_clean_edge_clean() -> None:
    alpha = np.zeros((20, 20), np.uint8)
    alpha[:, 10:] = 255
    larger = enlarged_alpha(alpha, 80, 80)
    assert set(np.unique(larger[:, :32])) == {0}
    assert set(np.unique(larger[:, 48:])) == {255}


def test_alpha_of_sixteen_bits_keeps_them() -> None:
    alpha = np.linspace(0, 65535, 400, dtype=np.uint16).reshape(20, 20)
    assert enlarged_alpha(alpha, 40, 40).dtype == np.uint16
