"""A portrait in a new light."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import skimage.data
from atelier_edit.light.catchlights import catchlight_of, eyes_of
from atelier_edit.light.rig import Lamp, Rig
from atelier_edit.relight import relight
from atelier_edit.relight_measures import relight_measures
from atelier_edit.relight_plan import RelightAsk, Side, plan_relight
from atelier_imaging.color import ColorSpace, decode_transfer, encode_transfer, luminance
from atelier_imaging.measures import Verdict
from atelier_imaging.picture import Picture
from atelier_imaging.region import Region
from atelier_imaging.topology import LIPS_INNER

from tests.services.edit.truth.sitters import analysed, models

if TYPE_CHECKING:
    from atelier_imaging.measures import Measure
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray


def _relit(portrait: Portrait, **asked: object) -> Picture:
    face = portrait.select()
    return relight(portrait, plan_relight(RelightAsk(**asked), portrait, face))  # type: ignore[arg-type]


def _measures(portrait: Portrait, ask: RelightAsk) -> dict[str, Measure]:
    face = portrait.select()
    plan = plan_relight(ask, portrait, face)
    return {each.name: each for each in relight_measures(portrait, relight(portrait, plan), plan, face)}


def _cheeks(portrait: Portrait, picture: Picture) -> tuple[float, float]:
    """Return the linear brightness of the subject's right and left cheek."""
    face = portrait.select()
    bright = luminance(decode_transfer(picture.pixels), picture.space)
    right, left = (portrait.mask(region, face) > 0.5 for region in (Region.RIGHT_CHEEK, Region.LEFT_CHEEK))
    return float(np.median(bright[right])), float(np.median(bright[left]))


def _off(picture: Picture, other: Picture) -> float:
    return float(np.abs(picture.pixels.astype(float) - other.pixels).mean())


def test_no_strength_and_no_wish_change_nothing(astronaut: Portrait) -> None:
    assert _relit(astronaut, pattern="rembrandt", strength=0.0) is astronaut.picture
    assert _relit(astronaut) is astronaut.picture


def test_the_key_lights_the_side_it_is_asked_for(astronaut: Portrait) -> None:
    right, left = _cheeks(astronaut, _relit(astronaut, pattern="split", side=Side.LEFT))
    assert left > 3 * right
    right, left = _cheeks(astronaut, _relit(astronaut, pattern="split", side=Side.RIGHT))
    assert right > 3 * left


def test_a_higher_ratio_darkens_the_shadow_side_and_not_the_lit_one(astronaut: Portrait) -> None:
    flat, deep = (
        _cheeks(astronaut, _relit(astronaut, pattern="loop", side=Side.LEFT, ratio=ratio)) for ratio in (2.0, 8.0)
    )
    assert deep[0] < 0.7 * flat[0]
    assert abs(deep[1] / flat[1] - 1) < 0.2


@pytest.mark.parametrize("pattern", ["rembrandt", "loop", "window", "studio-softbox", "golden-hour"])
def test_the_light_is_found_back_in_the_result(astronaut: Portrait, pattern: str) -> None:
    found = _measures(astronaut, RelightAsk(pattern=pattern))
    assert found["key_azimuth"].verdict is Verdict.PASS
    assert found["light_ratio"].verdict is Verdict.PASS


def test_rembrandt_leaves_a_lit_triangle_on_the_shadow_cheek_and_split_none(astronaut: Portrait) -> None:
    assert _measures(astronaut, RelightAsk(pattern="rembrandt"))["rembrandt_triangle"].verdict is Verdict.PASS
    # Seen by the same measure, a key from the side is not a Rembrandt's.
    face = astronaut.select()
    plan = plan_relight(RelightAsk(pattern="split"), astronaut, face)
    assert plan.recipe is not None
    split = replace(plan, recipe=replace(plan.recipe, is_rembrandt=True))
    taken = {each.name: each for each in relight_measures(astronaut, relight(astronaut, plan), split, face)}
    assert taken["rembrandt_triangle"].verdict is Verdict.FAIL


@pytest.mark.parametrize("pattern", ["rembrandt", "butterfly", "golden-hour"])
def test_no_pixel_moves_and_texture_stays(astronaut: Portrait, pattern: str) -> None:
    face = astronaut.select()
    plan = plan_relight(RelightAsk(pattern=pattern), astronaut, face)
    taken = relight_measures(astronaut, relight(astronaut, plan), plan, face)
    kept = [each for each in taken if each.name in {"global_shift", "texture_ratio"}]
    assert len(kept) == 4
    assert all(each.verdict is not Verdict.FAIL for each in kept)


def test_nothing_is_clipped_that_was_not(astronaut: Portrait) -> None:
    before = (astronaut.picture.pixels == 255).any(axis=-1).mean()
    after = (_relit(astronaut, pattern="butterfly").pixels == 255).any(axis=-1).mean()
    assert after <= before + 0.001


def test_clipped_skin_that_gets_darker_gets_colour_back(astronaut: Portrait) -> None:
    light = np.clip(2.2 * decode_transfer(astronaut.picture.pixels), 0, 1)
    bright = (encode_transfer(light) * 255).round().astype(np.uint8)
    portrait = analysed(Picture.from_array(bright), models())
    out = decode_transfer(_relit(portrait, pattern="split", side=Side.LEFT).pixels)
    cheek = portrait.mask(Region.RIGHT_CHEEK, portrait.select()) > 0.5
    red, green, blue = out[cheek].mean(axis=0)
    assert red > 1.1 * green > 1.1 * blue


def test_teeth_in_shadow_are_not_grey_among_warm_skin(astronaut: Portrait) -> None:
    face = astronaut.select()
    teeth = np.zeros(astronaut.picture.pixels.shape[:2], np.uint8)
    cv2.fillPoly(teeth, [face.mesh[list(LIPS_INNER), :2].round().astype(np.int32)], (1,))
    inside = cv2.erode(teeth, np.ones((5, 5), np.uint8)) > 0
    before = decode_transfer(astronaut.picture.pixels)[inside].mean(axis=0)
    after = decode_transfer(_relit(astronaut, pattern="rembrandt").pixels)[inside].mean(axis=0)
    assert after[0] / after[2] > before[0] / before[2]
    assert after.mean() > 0.35 * before.mean()


def test_a_warm_key_warms_and_preserved_colour_does_not(astronaut: Portrait) -> None:
    def warmth(picture: Picture) -> float:
        skin = astronaut.mask(Region.SKIN, astronaut.select()) > 0.8
        red, _, blue = decode_transfer(picture.pixels)[skin].mean(axis=0)
        return float(red / blue)

    plain = warmth(_relit(astronaut, pattern="loop"))
    warm = warmth(_relit(astronaut, pattern="loop", kelvin=3000.0))
    kept = warmth(_relit(astronaut, pattern="loop", kelvin=3000.0, preserve_color=1.0))
    assert warm > 1.2 * plain
    assert abs(kept / warmth(astronaut.picture) - 1) < 0.06


def test_a_black_and_white_picture_stays_so_and_is_told(astronaut: Portrait) -> None:
    grey = cv2.cvtColor(astronaut.picture.pixels, cv2.COLOR_RGB2GRAY)
    picture = Picture.from_array(np.repeat(grey[..., None], 3, axis=2))
    picture = replace(picture, source=replace(picture.source, was_grey=True))
    portrait = analysed(picture, models())
    plan = plan_relight(RelightAsk(pattern="golden-hour"), portrait, portrait.select())
    out = relight(portrait, plan).pixels
    assert np.array_equal(out[..., 0], out[..., 1])
    assert np.array_equal(out[..., 0], out[..., 2])
    assert any("black-and-white" in note for note in plan.notes)


def test_only_the_chosen_person_is_lit() -> None:
    left = skimage.data.astronaut()[:320, 80:400]
    pixels = np.ascontiguousarray(np.hstack([left, left[:, ::-1]]))
    portrait = analysed(Picture.from_array(pixels), models())
    assert len(portrait.faces) == 2
    chosen, other = portrait.faces
    plan = plan_relight(RelightAsk(pattern="split", background_falloff=0.0), portrait, chosen)
    out = relight(portrait, plan).pixels
    core = portrait.mask(Region.FACE, other) > 0.9
    assert np.array_equal(out[core], pixels[core])
    lit = portrait.mask(Region.FACE, chosen) > 0.9
    assert not np.array_equal(out[lit], pixels[lit])


def test_preserve_detail_says_how_much_texture_stays(astronaut: Portrait) -> None:
    face = astronaut.select()
    skin = cv2.erode((astronaut.mask(Region.SKIN, face) > 0.9).astype(np.uint8), np.ones((9, 9), np.uint8)) > 0

    def texture(preserve_detail: float) -> float:
        out = _relit(astronaut, pattern="loop", preserve_detail=preserve_detail)
        bright = luminance(decode_transfer(out.pixels), out.space)
        fine = np.log(np.maximum(bright, 1e-3)) - np.log(np.maximum(cv2.GaussianBlur(bright, (0, 0), 4), 1e-3))
        return float(fine[skin].std())

    none, half, whole = (texture(share) for share in (0.0, 0.5, 1.0))
    assert none < half < whole
    assert none < 0.7 * whole


def test_a_ratio_alone_changes_the_pictures_own_light(astronaut: Portrait) -> None:
    face = astronaut.select()
    plan = plan_relight(RelightAsk(ratio=6.0), astronaut, face)
    assert plan.recipe is not None
    assert plan.recipe.target.key.azimuth_degrees == plan.recipe.source.rig.key.azimuth_degrees
    before = _cheeks(astronaut, astronaut.picture)
    after = _cheeks(astronaut, relight(astronaut, plan))
    # Her own key stands nearly ahead: cheeks are not where it lights most and least.
    assert max(after) / min(after) > 1.1 * max(before) / min(before)


def test_what_is_given_beside_a_mood_goes_before_it(astronaut: Portrait) -> None:
    face = astronaut.select()
    mood = plan_relight(RelightAsk(mood="warm-portrait"), astronaut, face).recipe
    own = plan_relight(RelightAsk(mood="warm-portrait", ratio=2.5, kelvin=6000.0, softness=0.9), astronaut, face).recipe
    assert mood is not None
    assert own is not None
    assert (own.target.ratio, own.target.key.kelvin, own.target.key.softness) == (2.5, 6000.0, 0.9)
    assert own.target.key.azimuth_degrees == mood.target.key.azimuth_degrees


def test_a_hard_shadow_is_evened_out_and_told(astronaut: Portrait) -> None:
    face = astronaut.select()
    pixels = astronaut.picture.pixels.astype(np.float32)
    # Something stands between the lamp and one cheek: a shadow of a third of the light, its edge 10 pixels wide.
    x, y = face.mesh[280, :2]
    shadow = np.zeros(pixels.shape[:2], np.float32)
    cv2.ellipse(shadow, (int(x), int(y)), (38, 52), 0, 0, 360, (1.0,), -1)
    soft = cv2.GaussianBlur(shadow, (0, 0), 5)[..., None]
    dark = (pixels * (1 - 0.4 * soft)).round().astype(np.uint8)
    portrait = analysed(Picture.from_array(dark), models())
    plan = plan_relight(RelightAsk(pattern="flat"), portrait, portrait.select())
    assert any("hard shadow" in note for note in plan.notes)

    def uneven(picture: Picture) -> float:
        right, left = _cheeks(astronaut, picture)
        return abs(float(np.log(right / left)))

    assert uneven(relight(portrait, plan)) < 0.6 * uneven(portrait.picture)


def test_a_reference_lends_its_light(astronaut: Portrait) -> None:
    lit = analysed(_relit(astronaut, pattern="split", side=Side.LEFT), models())
    like = _relit(astronaut, reference=lit)
    right, left = _cheeks(astronaut, like)
    assert left > 2 * right


def test_a_rig_keeps_its_own_exposure(astronaut: Portrait) -> None:
    bright, dim = (
        _cheeks(astronaut, _relit(astronaut, rig=Rig(Lamp(0, 20, intensity, 0.6), ambient=0.1 * intensity)))
        for intensity in (1.0, 0.5)
    )
    assert abs(dim[0] / bright[0] - 0.5) < 0.1
    assert abs(dim[1] / bright[1] - 0.5) < 0.1


def test_the_background_is_dithered_and_not_banded() -> None:
    ramp = np.tile(np.linspace(90, 110, 400, dtype=np.float32)[None, :, None], (320, 1, 3))
    pixels = ramp.round().astype(np.uint8)
    figure = skimage.data.astronaut()[:320, 80:380]
    pixels[:, :300] = figure
    portrait = analysed(Picture.from_array(np.ascontiguousarray(pixels)), models())
    out = _relit(portrait, pattern="window", background_falloff=1.0).pixels
    column = out[:, 380, 1]
    # A darkened even backdrop would be one number down a column where light hardly changes; dithered, neighbours mix.
    changes = (np.diff(column.astype(int)) != 0).mean()
    assert changes > 0.1


def test_sixteen_bits_stay_sixteen_bits(astronaut: Portrait) -> None:
    small = np.ascontiguousarray(astronaut.picture.pixels[::2, ::2])
    deep = analysed(Picture.from_array(small.astype(np.uint16) * 257), models())
    shallow = analysed(Picture.from_array(small), models())
    out = _relit(deep, pattern="loop").pixels
    assert out.dtype == np.uint16
    # Dither and rounding move the shallow one by half a step.
    assert np.abs(out / 257.0 - _relit(shallow, pattern="loop").pixels).mean() < 0.8


def test_the_report_holds_both_lights(astronaut: Portrait) -> None:
    plan = plan_relight(RelightAsk(pattern="rembrandt"), astronaut, astronaut.select())
    source, target = plan.parameters["source"], plan.parameters["target"]
    assert {"key", "ambient", "ratio", "confidence"} <= set(source)  # type: ignore[call-overload]
    assert target["ratio"] == 6  # type: ignore[index]


def test_checks_are_called_and_may_stop_the_work(astronaut: Portrait) -> None:
    plan = plan_relight(RelightAsk(pattern="loop"), astronaut, astronaut.select())

    def stop() -> None:
        raise TimeoutError

    with pytest.raises(TimeoutError):
        relight(astronaut, plan, stop)


def _lamp_in(eye_pixels: NDArray[np.uint8 | np.uint16]) -> tuple[float, float]:
    """Return where the brightest spot of an eye's cut-out is, from its middle."""
    bright = cv2.GaussianBlur(eye_pixels.astype(np.float32).mean(axis=2), (0, 0), 0.8)
    row, column = np.unravel_index(int(bright.argmax()), bright.shape)
    return float(column - (bright.shape[1] - 1) / 2), float(row - (bright.shape[0] - 1) / 2)


@pytest.mark.parametrize("side", [Side.LEFT, Side.RIGHT])
def test_catchlights_stand_on_the_keys_side_in_both_eyes(astronaut: Portrait, side: Side) -> None:
    face = astronaut.select()
    out = _relit(astronaut, pattern="rembrandt", side=side).pixels
    eyes = eyes_of(face)
    assert len(eyes) == 2
    for eye in eyes:
        reach = round(0.9 * eye.radius)
        x, y = round(eye.x), round(eye.y)
        across, down = _lamp_in(out[y - reach : y + reach + 1, x - reach : x + reach + 1])
        assert across * side.value > 0
        assert down < 0


def test_a_lamp_behind_the_head_leaves_no_catchlight() -> None:
    assert catchlight_of(Lamp(150, 20), 1.0, ColorSpace.SRGB, grey=False) is None


def test_eyes_of_few_pixels_are_left_alone_and_it_is_told() -> None:
    portrait = analysed(Picture.from_array(np.ascontiguousarray(skimage.data.astronaut())), models())
    plan = plan_relight(RelightAsk(pattern="loop"), portrait, portrait.select())
    assert plan.recipe is not None
    assert plan.recipe.eyes == ()
    assert any("catchlights" in note for note in plan.notes)
