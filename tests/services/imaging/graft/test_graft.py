"""What a network did unasked is undone, and what it was asked for stays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.color import ColorSpace, decode_transfer, delta_e_2000, rgb_to_lab
from atelier_imaging.graft import Purpose, graft
from atelier_imaging.likeness import psnr
from atelier_imaging.measures import texture_ratio

from tests.services.imaging.graft.conftest import Scene, bulge, cast, drift, drifted, lit_from_the_side, moved

if TYPE_CHECKING:
    from numpy.typing import NDArray

SRGB = ColorSpace.SRGB
NOTHING = Purpose()
RELIGHT = Purpose(light=True)
# The pupils of the scene are this far apart.
INTEROCULAR = 92.0


def grafted(scene: Scene, edited: NDArray[np.uint8], purpose: Purpose) -> NDArray[np.uint8]:
    pixels = graft(scene.pixels, edited, scene.mask, scene.skin, SRGB, purpose).pixels
    assert pixels.dtype == np.uint8
    return np.asarray(pixels, np.uint8)


def skin_delta(scene: Scene, pixels: NDArray[np.uint8]) -> float:
    chosen = scene.skin > 0.5
    blurred = [np.asarray(cv2.GaussianBlur(each, (0, 0), 3), np.uint8)[chosen] for each in (scene.pixels, pixels)]
    return float(np.median(delta_e_2000(rgb_to_lab(blurred[0], SRGB), rgb_to_lab(blurred[1], SRGB))))


def change_of_light(scene: Scene, pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The factor by which broad light changed on the skin."""
    before, after = (cv2.GaussianBlur(decode_transfer(each).mean(axis=2), (0, 0), 8) for each in (scene.pixels, pixels))
    return np.asarray(after / before, np.float32)


@pytest.mark.parametrize("purpose", [NOTHING, RELIGHT, Purpose(True, True, True)])
def test_no_edit_changes_nothing(purpose: Purpose, scene: Scene) -> None:
    difference = grafted(scene, scene.pixels, purpose).astype(int) - scene.pixels
    assert np.abs(difference).max() <= (3 if purpose.geometry else 1)


def test_outside_the_mask_the_picture_is_the_source(scene: Scene) -> None:
    edited = 255 - scene.pixels
    result = grafted(scene, edited, Purpose(light=True, color=True))
    outside = scene.mask == 0
    assert np.array_equal(result[outside], scene.pixels[outside])
    assert not np.array_equal(result[~outside], scene.pixels[~outside])


def test_smeared_skin_gets_its_pores_back(scene: Scene) -> None:
    smeared = np.asarray(cv2.GaussianBlur(scene.pixels, (0, 0), 1.2), np.uint8)
    ratios = [
        texture_ratio(scene.pixels, pixels, scene.skin, SRGB, INTEROCULAR).value or 0.0
        for pixels in (smeared, grafted(scene, smeared, NOTHING))
    ]
    assert ratios[0] < 0.5
    assert 0.95 < ratios[1] < 1.05


def test_a_small_edit_of_a_large_picture_keeps_what_only_the_large_one_has(scene: Scene) -> None:
    large = np.asarray(cv2.resize(scene.pixels, None, fx=4, fy=4, interpolation=cv2.INTER_CUBIC), np.float32)
    grain = np.random.default_rng(0).normal(0, 6, (*large.shape[:2], 1))
    source = np.asarray(np.clip(np.rint(large + grain), 0, 255), np.uint8)
    mask, skin = (np.asarray(cv2.resize(each, None, fx=4, fy=4), np.float32) for each in (scene.mask, scene.skin))
    result = graft(source, lit_from_the_side(scene.pixels), mask, skin, SRGB, RELIGHT)
    assert result.step == pytest.approx(4)
    chosen = skin > 0.9
    fine = []
    for pixels in (source, np.asarray(result.pixels, np.uint8)):
        light = np.log(decode_transfer(pixels).mean(axis=2) + 0.01)
        fine.append(float((light - cv2.GaussianBlur(light, (0, 0), 2))[chosen].std()))
    assert fine[1] == pytest.approx(fine[0], rel=0.05)


@pytest.mark.parametrize("factors", [(1.15, 1.0, 0.8), (0.85, 0.9, 1.1), (1.2, 1.2, 1.2)])
def test_a_cast_nobody_asked_for_is_undone(factors: tuple[float, float, float], scene: Scene) -> None:
    edited = cast(scene.pixels, factors)
    assert skin_delta(scene, edited) > 2
    assert skin_delta(scene, grafted(scene, edited, NOTHING)) < 0.7


def test_a_tint_in_one_place_is_undone_as_well(scene: Scene) -> None:
    tinted = cast(scene.pixels, (1.4, 0.9, 0.9))
    edited = scene.pixels.copy()
    edited[240:320, 200:260] = tinted[240:320, 200:260]
    result = grafted(scene, edited, RELIGHT)
    before, after = (rgb_to_lab(pixels[245:315, 205:255], SRGB)[..., 1:] for pixels in (scene.pixels, result))
    assert np.abs(np.median(after - before, axis=(0, 1))).max() < 1


def test_a_black_and_white_picture_stays_one(scene: Scene) -> None:
    grey = np.asarray(np.repeat(cv2.cvtColor(scene.pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2), np.uint8)
    edited = cast(lit_from_the_side(grey), (1.2, 1.0, 0.8))
    result = graft(grey, edited, scene.mask, scene.skin, SRGB, RELIGHT).pixels
    assert np.ptp(result.astype(int), axis=2).max() == 0


def test_nothing_to_edit_changes_nothing(scene: Scene) -> None:
    nowhere = np.zeros_like(scene.mask)
    result = graft(scene.pixels, lit_from_the_side(scene.pixels), nowhere, nowhere, SRGB, RELIGHT)
    assert np.array_equal(result.pixels, scene.pixels)


def test_a_cast_that_was_asked_for_stays(scene: Scene) -> None:
    edited = cast(scene.pixels, (1.15, 1.0, 0.8))
    result = grafted(scene, edited, Purpose(light=True, color=True))
    chosen = scene.skin > 0.5
    wanted, got = (rgb_to_lab(pixels[chosen], SRGB).mean(axis=0) for pixels in (edited, result))
    assert np.abs(wanted - got).max() < 1


def test_light_that_was_asked_for_stays_and_its_cast_does_not(scene: Scene) -> None:
    edited = cast(lit_from_the_side(scene.pixels), (1.1, 1.0, 0.85))
    result = grafted(scene, edited, RELIGHT)
    chosen = scene.skin > 0.5
    wanted = change_of_light(scene, lit_from_the_side(scene.pixels))[chosen]
    got = change_of_light(scene, result)[chosen]
    # The cast's own brightness goes with the light; how light is spread over the face is as the edit has it.
    assert np.std(got / wanted) / np.mean(got / wanted) < 0.02
    hues = [rgb_to_lab(pixels, SRGB)[chosen][:, 1:] for pixels in (lit_from_the_side(scene.pixels), result)]
    assert np.abs(np.median(hues[0] - hues[1], axis=0)).max() < 1


def test_what_moved_is_put_back(scene: Scene) -> None:
    whole = np.array([[1.02, 0.01, -6.0], [-0.01, 1.02, 4.0]])
    edited = moved(drifted(lit_from_the_side(scene.pixels), drift(2.5)), whole)
    inside = (scene.mask > 0.9).astype(np.float32)
    wanted = lit_from_the_side(scene.pixels)
    assert psnr(wanted, edited, inside) < 24
    assert psnr(wanted, grafted(scene, edited, RELIGHT), inside) > 34


def test_where_geometry_was_asked_for_the_sources_detail_follows(scene: Scene) -> None:
    wanted = drifted(scene.pixels, bulge(4.0))
    edited = np.asarray(cv2.GaussianBlur(wanted, (0, 0), 1.2), np.uint8)
    result = grafted(scene, edited, Purpose(geometry=True))
    inside = (scene.mask > 0.9).astype(np.float32)
    assert psnr(wanted, result, inside) > psnr(wanted, edited, inside) + 2
    ratio = texture_ratio(wanted, result, scene.skin, SRGB, INTEROCULAR).value or 0.0
    assert 0.85 < ratio < 1.15


def test_how_much_detail_is_the_sources_own_can_be_said(scene: Scene) -> None:
    smeared = np.asarray(cv2.GaussianBlur(scene.pixels, (0, 0), 1.2), np.uint8)
    ratios = [
        texture_ratio(
            scene.pixels, grafted(scene, smeared, Purpose(detail=detail)), scene.skin, SRGB, INTEROCULAR
        ).value
        or 0.0
        for detail in (0.0, 0.5, 1.0)
    ]
    assert ratios[0] < ratios[1] < ratios[2]


def test_sixteen_bits_stay_sixteen(scene: Scene) -> None:
    source = np.asarray(scene.pixels.astype(np.uint16) * 257, np.uint16)
    result = graft(source, lit_from_the_side(scene.pixels), scene.mask, scene.skin, SRGB, RELIGHT).pixels
    assert result.dtype == np.uint16
    assert np.unique(result).size > 4096


def test_masks_of_another_size_are_refused(scene: Scene) -> None:
    with pytest.raises(ValueError, match="sizes differ"):
        graft(scene.pixels, scene.pixels, scene.mask[:100], scene.skin, SRGB, NOTHING)
