"""Measures, each on controls made from real portraits: what was done to them is what is measured."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.color import ColorSpace
from atelier_imaging.composite import composite, feathered, multiband
from atelier_imaging.decode import decode
from atelier_imaging.measures import (
    Gate,
    Measure,
    Verdict,
    geometry_drift,
    global_shift,
    judged,
    outside_mask_difference,
    seam,
    skin_delta_e,
    texture_ratio,
)
from atelier_imaging.measures.geometry import aligned
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

SRGB = ColorSpace.SRGB


@pytest.fixture(scope="module")
def portraits(astronaut: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the astronaut; where the folder of real portraits is there, `more_portraits` brings others."""
    return [np.ascontiguousarray(astronaut[0:276, 112:338])]


@pytest.fixture(scope="module")
def more_portraits(portraits: list[NDArray[np.uint8]], portrait_paths: list[Path]) -> list[NDArray[np.uint8]]:
    """Return several real portraits of about 225 x 275 pixels with 8 bits."""
    decoded = [decode(path.read_bytes()).pixels for path in portrait_paths[::3]]
    return portraits + [np.asarray(pixels, np.uint8) for pixels in decoded if pixels.dtype == np.uint8]


def rounded(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return 8-bit pixels of numbers 0..255."""
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)


def face(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a hard mask about where the face of a portrait of 225 x 275 pixels is."""
    y, x = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    return np.asarray(((x - 112) / 45) ** 2 + ((y - 135) / 58) ** 2 < 1, dtype=np.float32)


def noisy(pixels: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """Return pixels with normal grey noise."""
    return rounded(pixels + np.random.default_rng(0).normal(0, sigma, (*pixels.shape[:2], 1)))


def blurred(pixels: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    """Return blurred pixels."""
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), dtype=np.uint8)


def moved(pixels: NDArray[np.uint8], right: float, down: float) -> NDArray[np.uint8]:
    """Return pixels moved by parts of a pixel."""
    matrix = np.array([[1, 0, right], [0, 1, down]], np.float32)
    size = pixels.shape[1::-1]
    values = cv2.warpAffine(
        pixels.astype(np.float32), matrix, size, flags=cv2.INTER_LANCZOS4, borderMode=cv2.BORDER_REFLECT
    )
    return rounded(np.asarray(values))


def value(measure: Measure) -> float:
    """Return the value of a measure that could be taken."""
    assert measure.value is not None, measure.explanation
    return measure.value


def texture(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> Measure:
    """Measure texture in the face, as if its pupils were 100 pixels apart: these pictures are small."""
    return texture_ratio(before, after, face(before), SRGB, interocular_pixels=100)


def test_texture_that_was_left_alone_is_one(portraits: list[NDArray[np.uint8]]) -> None:
    for pixels in portraits:
        assert value(texture(pixels, pixels)) == pytest.approx(1, abs=1e-6)


def test_blur_lowers_texture_the_more_the_stronger(more_portraits: list[NDArray[np.uint8]]) -> None:
    for pixels in more_portraits:
        ratios = [value(texture(pixels, blurred(pixels, sigma))) for sigma in (0.5, 0.7, 1.0, 1.5)]
        assert ratios == sorted(ratios, reverse=True)
        assert texture(pixels, blurred(pixels, 0.7)).verdict is Verdict.FAIL


def test_sharpening_and_noise_raise_texture(more_portraits: list[NDArray[np.uint8]]) -> None:
    for pixels in more_portraits:
        sharper = rounded(2.0 * pixels - blurred(pixels, 1.5))
        assert texture(pixels, sharper).verdict is Verdict.FAIL
        assert value(texture(pixels, noisy(pixels, 6))) > 1.03


def test_light_leaves_texture_alone(more_portraits: list[NDArray[np.uint8]]) -> None:
    """A fall of light over the face, one stop from side to side, is no texture; what clips or is rounded counts."""
    for pixels in more_portraits:
        slope = 2 ** np.linspace(-1 / 2.4, 0, pixels.shape[1])[None, :, None]
        assert value(texture(pixels, rounded(pixels * slope))) == pytest.approx(1, abs=0.08)


def test_texture_of_a_small_face_is_not_measurable(portraits: list[NDArray[np.uint8]]) -> None:
    pixels = portraits[0]
    measure = texture_ratio(pixels, pixels, face(pixels), SRGB, interocular_pixels=40)
    assert (measure.value, measure.verdict) == (None, Verdict.NOT_MEASURABLE)
    assert "40 pixels apart" in measure.explanation


def test_texture_of_a_small_patch_is_not_measurable(portraits: list[NDArray[np.uint8]]) -> None:
    pixels = portraits[0]
    patch = np.zeros(pixels.shape[:2], np.float32)
    patch[100:110, 100:110] = 1
    assert texture_ratio(pixels, pixels, patch, SRGB, 200).verdict is Verdict.NOT_MEASURABLE
    assert texture_ratio(pixels, pixels, patch * 0, SRGB, 200).verdict is Verdict.NOT_MEASURABLE


def test_texture_of_a_plain_wall_is_not_measurable(portraits: list[NDArray[np.uint8]]) -> None:
    plain = np.full_like(portraits[0], 128)
    assert texture(plain, noisy(plain, 3)).verdict is Verdict.NOT_MEASURABLE


def test_texture_does_not_depend_on_what_surrounds_the_patch(portraits: list[NDArray[np.uint8]]) -> None:
    pixels = portraits[0]
    mask = face(pixels)
    changed = np.where(mask[..., None] > 0, pixels, 255 - pixels).astype(np.uint8)
    assert value(texture_ratio(pixels, changed, mask, SRGB, 100)) == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize("shift", [(1, 0), (0, -1), (0.5, 0.3), (0.25, 0), (3, -2), (-7.4, 5.2)])
def test_a_shift_is_measured_as_what_it_is(more_portraits: list[NDArray[np.uint8]], shift: tuple[float, float]) -> None:
    for pixels in more_portraits:
        measured = value(global_shift(pixels, moved(pixels, *shift), SRGB))
        assert measured == pytest.approx(np.hypot(*shift), abs=0.06)


def test_neither_grade_nor_grain_nor_light_is_a_shift(more_portraits: list[NDArray[np.uint8]]) -> None:
    for pixels in more_portraits:
        grade = rounded(255 * (pixels / 255) ** 1.3 * [1, 0.95, 0.85])
        light = rounded(pixels * np.linspace(0.4, 1.3, pixels.shape[1])[None, :, None])
        for after in (grade, noisy(pixels, 12), blurred(pixels, 1), light):
            assert value(global_shift(pixels, after, SRGB)) < 0.05


def test_pictures_of_two_people_cannot_be_laid_on_each_other(more_portraits: list[NDArray[np.uint8]]) -> None:
    for first, second in pairwise(more_portraits):
        rows, columns = (min(sides) for sides in zip(first.shape[:2], second.shape[:2], strict=True))
        measure = global_shift(first[:rows, :columns], second[:rows, :columns], SRGB)
        assert measure.verdict is Verdict.NOT_MEASURABLE


def test_the_shift_of_a_stamp_is_not_measurable() -> None:
    stamp = np.zeros((20, 20, 3), np.uint8)
    assert global_shift(stamp, stamp, SRGB).verdict is Verdict.NOT_MEASURABLE


def test_an_untouched_picture_has_no_shift() -> None:
    plain = np.full((64, 64, 3), 128, np.uint8)
    assert value(global_shift(plain, plain, SRGB)) == 0
    assert global_shift(plain, plain + np.uint8(9), SRGB).verdict is Verdict.NOT_MEASURABLE


def test_a_hard_edge_shows_and_a_soft_one_does_not(more_portraits: list[NDArray[np.uint8]]) -> None:
    for pixels in more_portraits:
        mask, darker = face(pixels), rounded(pixels * 0.88)
        soft = feathered(mask, 12)
        shown = value(seam(pixels, composite(pixels, darker, mask), mask, SRGB))
        assert shown > 1.2
        assert value(seam(pixels, composite(pixels, darker, soft), soft, SRGB)) < shown
        assert value(seam(pixels, multiband(pixels, darker, soft), mask, SRGB)) < 1.1


def test_a_seam_grows_with_its_step(more_portraits: list[NDArray[np.uint8]]) -> None:
    for pixels in more_portraits:
        mask = face(pixels)
        steps = [rounded(pixels * (1 - step)) for step in (0, 0.04, 0.08, 0.12)]
        shown = [value(seam(pixels, composite(pixels, darker, mask), mask, SRGB)) for darker in steps]
        assert shown == sorted(shown)
        assert shown[0] == 1


def test_what_changes_everywhere_is_no_seam(more_portraits: list[NDArray[np.uint8]]) -> None:
    for pixels in more_portraits:
        for after in (rounded(pixels * 0.7), noisy(pixels, 8), blurred(pixels, 1.5)):
            assert value(seam(pixels, after, face(pixels), SRGB)) < 1.1


@pytest.mark.parametrize("fill", [0, 1])
def test_a_mask_without_an_edge_has_no_seam(portraits: list[NDArray[np.uint8]], fill: int) -> None:
    mask = np.full(portraits[0].shape[:2], fill, np.float32)
    assert seam(portraits[0], portraits[0], mask, SRGB).verdict is Verdict.NOT_MEASURABLE


def test_colour_of_skin_moves_with_a_cast_and_not_with_grain(more_portraits: list[NDArray[np.uint8]]) -> None:
    for pixels in more_portraits:
        mask = face(pixels)
        casts = [rounded(pixels * [1 + amount, 1, 1 - amount]) for amount in (0, 0.02, 0.05, 0.1)]
        moves = [value(skin_delta_e(pixels, cast, mask, SRGB, 52)) for cast in casts]
        assert moves[0] == 0
        assert moves == sorted(moves)
        assert skin_delta_e(pixels, casts[-1], mask, SRGB, 52).verdict is Verdict.FAIL
        assert skin_delta_e(pixels, noisy(pixels, 8), mask, SRGB, 52).verdict is Verdict.PASS


def test_without_skin_its_colour_is_not_measurable(portraits: list[NDArray[np.uint8]]) -> None:
    mask = np.zeros(portraits[0].shape[:2], np.float32)
    measure = skin_delta_e(portraits[0], portraits[0], mask, SRGB, 52)
    assert (measure.verdict, measure.box) == (Verdict.NOT_MEASURABLE, None)


def test_one_changed_pixel_outside_the_mask_fails(portraits: list[NDArray[np.uint8]]) -> None:
    pixels, after = portraits[0], portraits[0].copy()
    mask = face(pixels)
    assert outside_mask_difference(pixels, after, mask).verdict is Verdict.PASS
    after[135, 112] ^= 0x40  # inside
    assert value(outside_mask_difference(pixels, after, mask)) == 0
    after[0, 0, 1] ^= 0x03
    measure = outside_mask_difference(pixels, after, mask)
    assert measure.verdict is Verdict.FAIL
    assert 1 <= value(measure) <= 3
    assert outside_mask_difference(pixels, after, mask * 0 + 1).verdict is Verdict.NOT_MEASURABLE


points = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(0, 50, (40, 2)))


@given(points, st.floats(-180, 180), st.floats(0.2, 5), st.floats(-500, 500))
def test_moving_turning_and_growing_is_no_drift(
    landmarks: NDArray[np.float64], degrees: float, scale: float, shift: float
) -> None:
    turn = np.radians(degrees)
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    measure = geometry_drift(landmarks, scale * landmarks @ rotation.T + shift, 60)
    assert value(measure) == pytest.approx(0, abs=1e-9)


@given(points)
def test_a_mirror_image_is_drift(landmarks: NDArray[np.float64]) -> None:
    assert value(geometry_drift(landmarks, landmarks * [-1, 1], 60)) > 0.1


def test_one_region_that_moves_is_not_averaged_away() -> None:
    """A tenth of the landmarks moves by 3 % of the distance between the pupils."""
    landmarks = np.random.default_rng(0).normal(0, 50, (400, 3))
    after = landmarks.copy()
    after[:40, 1] += 3.0
    measure = geometry_drift(landmarks, after, 100)
    assert measure.verdict in {Verdict.WARN, Verdict.FAIL}
    assert value(measure) == pytest.approx(0.027, abs=0.003)  # the other nine tenths pull the fit after them a little


def test_landmarks_that_are_no_face_have_no_drift() -> None:
    landmarks = np.random.default_rng(0).normal(0, 50, (40, 2))
    for before, after, interocular in (
        (landmarks, landmarks * np.nan, 60),
        (landmarks, landmarks, 0),
        (landmarks, landmarks * 0, 60),
    ):
        assert geometry_drift(before, after, interocular).verdict is Verdict.NOT_MEASURABLE
    with pytest.raises(ValueError, match="landmarks differ"):
        geometry_drift(landmarks, landmarks[:5], 60)


def test_points_are_laid_onto_others() -> None:
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], float)
    assert np.allclose(aligned(square * 3 + 7, square), square)


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        (1.0, Verdict.PASS),
        (0.85, Verdict.PASS),
        (0.8, Verdict.WARN),
        (0.69, Verdict.FAIL),
        (1.3, Verdict.WARN),
        (1.5, Verdict.FAIL),
    ],
)
def test_a_gate_passes_warns_and_fails(number: float, verdict: Verdict) -> None:
    gate = Gate(minimum=0.85, maximum=1.2, fail_below=0.7, fail_above=1.45)
    assert judged("texture_ratio", number, "ratio", gate, "").verdict is verdict


def test_without_a_gate_a_measure_informs() -> None:
    measure = judged("global_shift", 0.3, "px", None, "")
    assert (measure.verdict, measure.minimum, measure.maximum) == (Verdict.UNSPECIFIED, None, None)


def test_no_number_is_no_measure() -> None:
    assert judged("seam", float("nan"), "ratio", None, "").verdict is Verdict.NOT_MEASURABLE


def test_measures_refuse_sizes_that_differ(portraits: list[NDArray[np.uint8]]) -> None:
    pixels, mask = portraits[0], face(portraits[0])
    with pytest.raises(ValueError, match="sizes differ"):
        texture_ratio(pixels, pixels[1:], mask, SRGB, 100)
    with pytest.raises(ValueError, match="sizes differ"):
        global_shift(pixels, pixels[1:], SRGB)
