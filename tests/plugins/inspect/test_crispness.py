"""Hair and clothes that are painted are told from those that a lens drew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.faceframe import to_bytes
from atelier_imaging.measures import Verdict
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_inspect.critique import criticise
from atelier_inspect.measures.crispness import crispness_around_face
from atelier_inspect.scene import Scene

from benchmarks.realism import around_painted

if TYPE_CHECKING:
    from atelier_imaging.models import ModelRunner
    from atelier_inspect.critique import Critique, Finding
    from numpy.typing import NDArray

NAME = "crispness_around_face"


def finding(critique: Critique) -> Finding:
    return next(each for each in critique.findings if each.name == NAME)


def crispness(portrait: Portrait) -> float:
    value = crispness_around_face(Scene(portrait)).value
    assert value is not None
    return value


def with_pixels(portrait: Portrait, pixels: NDArray[np.uint8], models: ModelRunner) -> Portrait:
    """The same faces in other pixels."""
    return Portrait.of_known(portrait.picture.with_pixels(pixels), portrait.faces, models)


def grained(pixels: NDArray[np.uint8], levels: float) -> NDArray[np.uint8]:
    noise = np.random.default_rng(2).normal(0, levels, pixels.shape[:2])[..., None]
    return np.asarray(np.clip(np.rint(pixels + noise), 0, 255), np.uint8)


def as_through_a_lens(portrait: Portrait, disc: float) -> NDArray[np.uint8]:
    """Blur the person outside the face by a disc of light as wide as `disc` of the distance between the pupils."""
    face, pixels = portrait.faces[0], portrait.picture.pixels.astype(np.float32)
    radius = disc * face.interocular_pixels / 2
    reach = int(np.ceil(radius))
    rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    # The share of each pixel that the disc covers, softened over one pixel of its rim.
    kernel = np.clip(radius + 0.5 - np.hypot(rows, columns), 0, 1).astype(np.float32)
    around = portrait.mask(Region.PERSON) * (1 - portrait.mask(Region.FACE, face))
    soft = cv2.filter2D(pixels, -1, kernel / kernel.sum())
    return np.asarray(np.rint(pixels + around[..., None] * (soft - pixels)), np.uint8)


@pytest.fixture(scope="module")
def painted(astronaut: Portrait, models: ModelRunner) -> Portrait:
    """The astronaut, hair and suit painted as softly as a generator of portraits draws them, grain over it."""
    return with_pixels(astronaut, around_painted(astronaut, 0), models)


def test_painted_hair_and_clothes_are_told_and_cost_the_score(astronaut: Portrait, painted: Portrait) -> None:
    before, after = criticise(astronaut), criticise(painted)
    assert finding(before).verdict is Verdict.PASS
    assert finding(after).verdict is Verdict.WARN
    assert "painted" in after.explanation
    assert before.realism is not None
    assert after.realism is not None
    # All of the weight is lost, and nothing else is odd.
    assert after.realism == pytest.approx(before.realism - finding(before).weight, abs=0.02)


def test_crispness_falls_the_softer_the_brush(astronaut: Portrait, models: ModelRunner) -> None:
    brushes = [crispness(with_pixels(astronaut, around_painted(astronaut, strength), models)) for strength in (0, 1, 2)]
    values = [crispness(astronaut), *brushes]
    assert values == sorted(values, reverse=True)
    assert len({*values}) == 4


def test_soft_clothes_warn_and_never_fail(astronaut: Portrait, models: ModelRunner) -> None:
    softest = criticise(with_pixels(astronaut, around_painted(astronaut, 2), models))
    assert finding(softest).verdict is Verdict.WARN
    assert softest.verdict is not Verdict.FAIL


def test_grain_over_paint_does_not_pass_for_detail(painted: Portrait, models: ModelRunner) -> None:
    noisy = with_pixels(painted, grained(to_bytes(painted.picture.pixels), 5.0), models)
    assert finding(criticise(noisy)).verdict is Verdict.WARN


def test_noise_does_not_make_a_photograph_look_painted(astronaut: Portrait, models: ModelRunner) -> None:
    noisy = with_pixels(astronaut, grained(to_bytes(astronaut.picture.pixels), 6.0), models)
    assert finding(criticise(noisy)).verdict is Verdict.PASS


def test_a_portrait_at_f_1_8_is_no_painting(astronaut: Portrait, models: ModelRunner) -> None:
    """85 mm at f/1.8, the pupils 1.2 m away and 63 mm apart, clothes 100 mm behind them.

    Opening 85 / 1.8 = 47.2 mm, so a disc in the plane of the face of 47.2 * 100 / 1300 = 3.6 mm: 0.058 of 63 mm.
    """
    assert (
        finding(criticise(with_pixels(astronaut, as_through_a_lens(astronaut, 0.058), models))).verdict is Verdict.PASS
    )


def test_crispness_is_the_same_at_twice_the_size(astronaut: Portrait, models: ModelRunner) -> None:
    large = cv2.resize(astronaut.picture.pixels, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    # Usual portraits measure 1.32 and the measure warns below 1.03; a fifteenth of that.
    assert crispness(Portrait(Picture.from_array(np.asarray(large)), models)) == pytest.approx(
        crispness(astronaut), abs=0.02
    )


def test_the_box_shows_where_it_is_softest(astronaut: Portrait, models: ModelRunner) -> None:
    pixels, half = to_bytes(astronaut.picture.pixels).copy(), astronaut.picture.width // 2
    pixels[:, half:] = around_painted(astronaut, 1)[:, half:]
    box = crispness_around_face(Scene(with_pixels(astronaut, pixels, models))).box
    assert box is not None
    assert box.left + box.width / 2 > half
    assert box.left + box.width <= astronaut.picture.width
    assert box.top + box.height <= astronaut.picture.height


def test_a_face_without_surroundings_has_no_crispness_around_it(astronaut: Portrait, models: ModelRunner) -> None:
    face = astronaut.faces[0].box
    left, top = int(face.left), int(face.top)
    cut = astronaut.picture.pixels[top : int(face.top + face.height), left : int(face.left + face.width)]
    portrait = Portrait.of_known(
        Picture.from_array(np.ascontiguousarray(cut)), (astronaut.faces[0].within(left, top, 1.0),), models
    )
    sample = crispness_around_face(Scene(portrait))
    assert sample.value is None
    assert "visible" in sample.why


def test_a_face_of_few_pixels_is_not_judged_by_its_clothes(astronaut: Portrait, models: ModelRunner) -> None:
    small = cv2.resize(astronaut.picture.pixels, None, fx=0.75, fy=0.75, interpolation=cv2.INTER_AREA)
    sample = crispness_around_face(Scene(Portrait(Picture.from_array(np.asarray(small)), models)))
    assert sample.value is None
    assert "pixels" in sample.why
