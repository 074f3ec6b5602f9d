"""Facial detail of a real portrait."""

from __future__ import annotations

import dataclasses
import io
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import pytest
import skimage.data
from atelier_edit.enhance.measures import detail_energy, enhance_measures
from atelier_edit.enhance.operation import enhance
from atelier_edit.enhance.plan import EnhanceAsk, plan_enhance
from atelier_imaging.color import decode_transfer
from atelier_imaging.decode import decode
from atelier_imaging.measures import Verdict, overshoot, skin_delta_e, texture_ratio
from atelier_imaging.picture import Picture
from atelier_imaging.region import Region
from PIL import Image

from tests.services.edit.truth.sitters import analysed, models

if TYPE_CHECKING:
    from atelier_imaging.portrait import Portrait

NOTHING = {"skin_detail": 0.0, "smart_grain": 0.0}
PATCHES = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)
CONTROLS = sorted(EnhanceAsk().controls)


def asked(**controls: float) -> EnhanceAsk:
    return dataclasses.replace(EnhanceAsk(), **dict[str, Any](controls))


def enhanced(portrait: Portrait, **controls: float) -> Picture:
    return enhance(portrait.picture, plan_enhance(asked(**controls), portrait, None))


def textures(portrait: Portrait, result: Picture) -> list[float]:
    face, picture = portrait.faces[0], portrait.picture
    measured = [
        texture_ratio(
            picture.pixels, result.pixels, portrait.mask(region, face), picture.space, face.interocular_pixels
        ).value
        for region in PATCHES
    ]
    return [value for value in measured if value is not None]


def test_nothing_asked_for_changes_nothing(astronaut: Portrait) -> None:
    assert enhanced(astronaut, **NOTHING) is astronaut.picture


def test_the_default_passes_every_gate(astronaut: Portrait) -> None:
    plan = plan_enhance(EnhanceAsk(), astronaut, None)
    measures = enhance_measures(astronaut, enhance(astronaut.picture, plan), plan)
    assert {measure.name: measure.verdict for measure in measures if measure.verdict is not Verdict.PASS} == {}
    assert {"texture_ratio", "overshoot", "outside_mask_difference", "seam"} <= {measure.name for measure in measures}


def test_skin_detail_makes_texture_stronger_with_every_step(astronaut: Portrait) -> None:
    means = [
        np.mean(textures(astronaut, enhanced(astronaut, smart_grain=0, skin_detail=amount)))
        for amount in (0, 20, 40, 60, 80, 100)
    ]
    assert means == sorted(set(means))
    assert 1.1 < means[-1] < 1.45


@pytest.mark.parametrize("control", ["eyes", "lips", "hair"])
def test_a_feature_gains_detail_with_every_step(astronaut: Portrait, control: str) -> None:
    mask = astronaut.mask(Region[control.upper()], astronaut.faces[0])
    results = [enhanced(astronaut, **NOTHING | {control: amount}) for amount in (20, 40, 60, 80, 100)]
    energies = [detail_energy(astronaut.picture.pixels, result.pixels, mask) or 0 for result in results]
    assert energies == sorted(set(energies))
    assert energies[0] > 1.0


@pytest.mark.parametrize("control", CONTROLS)
def test_texture_of_skin_never_falls_below_what_it_was(astronaut: Portrait, control: str) -> None:
    # 0.95 is the gate; what is evened out moves light by smooth factors, which leave texture within a few percent.
    assert min(textures(astronaut, enhanced(astronaut, **NOTHING | {control: 100}))) > 0.95


@pytest.mark.parametrize("control", CONTROLS)
def test_edges_do_not_overshoot(astronaut: Portrait, control: str) -> None:
    result = enhanced(astronaut, **NOTHING | {control: 100})
    mask = astronaut.mask(Region.FACE, astronaut.faces[0])
    assert overshoot(astronaut.picture.pixels, result.pixels, mask).verdict is Verdict.PASS


@pytest.mark.parametrize("control", [name for name in CONTROLS if name != "sharpen"])
def test_nothing_outside_the_face_and_its_hair_is_touched(astronaut: Portrait, control: str) -> None:
    plan = plan_enhance(asked(**NOTHING | {control: 100.0}), astronaut, None)
    before, after = astronaut.picture.pixels, enhance(astronaut.picture, plan).pixels
    outside = plan.reach == 0
    assert 0.4 < outside.mean() < 0.95
    assert np.array_equal(before[outside], after[outside])


def test_colour_of_skin_stays(astronaut: Portrait) -> None:
    face, picture = astronaut.faces[0], astronaut.picture
    everything = enhanced(astronaut, **dict.fromkeys(CONTROLS, 100.0))
    measure = skin_delta_e(
        picture.pixels, everything.pixels, astronaut.mask(Region.SKIN, face), picture.space, face.interocular_pixels
    )
    assert (measure.value or 9) < 2.0


def test_eyes_keep_their_colour(astronaut: Portrait) -> None:
    iris = astronaut.faces[0].mesh[468, :2].astype(int)
    window = (slice(iris[1] - 4, iris[1] + 5), slice(iris[0] - 4, iris[0] + 5))
    before, after = (
        decode_transfer(picture.pixels[window]).reshape(-1, 3) + 0.002
        for picture in (astronaut.picture, enhanced(astronaut, **NOTHING | {"eyes": 100.0}))
    )
    # Shares of red, green and blue in the light of the iris, and its brightness: within what nobody sees.
    shares = [np.median(light / light.sum(axis=1, keepdims=True), axis=0) for light in (before, after)]
    np.testing.assert_allclose(shares[1], shares[0], atol=0.02)
    assert np.median(after.sum(axis=1)) > 0.8 * np.median(before.sum(axis=1))


def test_sharpening_reaches_the_whole_picture(astronaut: Portrait) -> None:
    result = enhanced(astronaut, **NOTHING | {"sharpen": 60.0})
    background = astronaut.mask(Region.BACKGROUND) > 0.9
    assert (result.pixels[background] != astronaut.picture.pixels[background]).mean() > 0.02


def test_blemish_evens_out_a_red_spot_and_leaves_a_mole(astronaut: Portrait) -> None:
    face, pixels = astronaut.faces[0], astronaut.picture.pixels.astype(np.float32)
    spot, mole = face.mesh[50, :2] + 0.0, face.mesh[280, :2] + 0.0
    y, x = np.indices(pixels.shape[:2])
    near_spot = np.exp(-((x - spot[0]) ** 2 + (y - spot[1]) ** 2) / (2 * 4.0**2))[..., None]
    near_mole = ((x - mole[0]) ** 2 + (y - mole[1]) ** 2 < 2.5**2)[..., None]
    pixels += near_spot * (12, -22, -18)
    pixels = np.where(near_mole, pixels * 0.45, pixels)
    marked = analysed(Picture.from_array(np.clip(pixels, 0, 255).astype(np.uint8)), models())
    result = enhanced(marked, **NOTHING | {"blemish": 100.0}).pixels.astype(np.float32)
    before = marked.picture.pixels.astype(np.float32)

    def redness(picture: np.ndarray, place: np.ndarray, reach: int) -> float:
        part = picture[
            int(place[1]) - reach : int(place[1]) + reach + 1, int(place[0]) - reach : int(place[0]) + reach + 1
        ]
        return float((part[..., 0] - part[..., 1]).mean())

    around = redness(astronaut.picture.pixels.astype(np.float32), spot, 3)
    left = (redness(result, spot, 3) - around) / (redness(before, spot, 3) - around)
    assert left < 0.6
    inside = near_mole[..., 0]
    assert abs(result[inside].mean() - before[inside].mean()) < 4.0


def test_even_skin_brings_blotches_nearer_to_the_skin_around(astronaut: Portrait) -> None:
    pixels = astronaut.picture.pixels.astype(np.float32)
    place = astronaut.faces[0].mesh[280, :2]
    y, x = np.indices(pixels.shape[:2])
    blotch = np.exp(-((x - place[0]) ** 2 + (y - place[1]) ** 2) / (2 * 7.0**2))[..., None]
    blotched = np.clip(pixels + blotch * (10, -12, -8), 0, 255).astype(np.uint8)
    portrait = analysed(Picture.from_array(blotched), models())
    result = enhanced(portrait, **NOTHING | {"even_skin": 100.0}).pixels.astype(np.float32)
    middle = blotch[..., 0] > 0.7

    def red(picture: np.ndarray) -> float:
        return float((picture[..., 0] - picture[..., 1])[middle].mean())

    assert red(result) - red(pixels) < 0.75 * (red(blotched.astype(np.float32)) - red(pixels))


def test_softer_shadows_have_smaller_steps(astronaut: Portrait) -> None:
    face = astronaut.faces[0]
    mask = astronaut.mask(Region.SKIN, face) > 0.95

    def coarse_step(picture: Picture) -> float:
        light = cv2.GaussianBlur(picture.pixels[..., 1].astype(np.float32), (0, 0), 4)
        across, down = cv2.Sobel(light, cv2.CV_32F, 1, 0), cv2.Sobel(light, cv2.CV_32F, 0, 1)
        return float(np.percentile(np.hypot(across, down)[mask], 95))

    steps = [coarse_step(enhanced(astronaut, **NOTHING | {"shadow_transition": amount})) for amount in (0, 50, 100)]
    assert steps == sorted(set(steps), reverse=True)


def test_smart_grain_fills_what_is_smoother_than_the_picture() -> None:
    flat = analysed(_smoothed(), models())
    before = flat.picture.pixels[..., 1].astype(np.float32)
    mask = flat.mask(Region.SKIN, flat.faces[0]) > 0.95

    def fine(values: np.ndarray) -> float:
        return float((values - cv2.GaussianBlur(values, (0, 0), 1.0))[mask].std())

    after = enhanced(flat, **NOTHING | {"smart_grain": 100.0}).pixels[..., 1].astype(np.float32)
    assert fine(after) > 1.5 * fine(before)


def test_blocks_of_compression_are_not_enhanced(astronaut: Portrait) -> None:
    buffer = io.BytesIO()
    Image.fromarray(astronaut.picture.pixels).save(buffer, "JPEG", quality=12)
    blocked = analysed(decode(buffer.getvalue()), models())
    plan = plan_enhance(EnhanceAsk(skin_detail=100.0, smart_grain=0.0), blocked, None)
    assert any("blocks of compression" in note for note in plan.notes)
    result = enhance(blocked.picture, plan)
    assert _block_steps(result, plan.reach) < 1.1 * _block_steps(blocked.picture, plan.reach)


def test_sixteen_bits_are_enhanced_alike(astronaut: Portrait) -> None:
    deep = analysed(Picture.from_array(astronaut.picture.pixels.astype(np.uint16) * 257), models())
    difference = enhanced(deep).pixels / 257.0 - enhanced(astronaut).pixels
    # Half a level from rounding, and what the nets make of the same picture.
    assert np.abs(difference).max() < 1.5


def test_large_faces_are_looked_at_reduced_and_enhanced_in_full(astronaut: Portrait) -> None:
    pixels = cv2.resize(astronaut.picture.pixels, None, fx=5, fy=5, interpolation=cv2.INTER_CUBIC)
    large = analysed(Picture.from_array(np.asarray(pixels, np.uint8)), models())
    plan = plan_enhance(EnhanceAsk(), large, None)
    assert plan.view is not None
    assert plan.view.by == 2
    result = enhance(large.picture, plan)
    outside = plan.reach == 0
    assert np.array_equal(result.pixels[outside], large.picture.pixels[outside])
    assert np.mean(textures(large, result)) > 1.0


def _smoothed() -> Picture:
    pixels = cv2.resize(skimage.data.astronaut()[:400, 50:450], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return Picture.from_array(np.asarray(cv2.GaussianBlur(pixels, (0, 0), 2.5), np.uint8))


def _block_steps(picture: Picture, mask: np.ndarray) -> float:
    """Mean step between blocks of 8 pixels in smooth places under a mask, in levels."""
    green = picture.pixels[..., 1].astype(np.float32)
    steps = np.abs(np.diff(green, axis=1))[:, 7::8]
    inside = (mask[:, 7:-1:8] > 0.5) & (steps < 12)
    return float(steps[inside].mean())
