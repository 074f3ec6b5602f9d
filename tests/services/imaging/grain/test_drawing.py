from __future__ import annotations

import hashlib
import subprocess
import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_imaging.grain.drawing import GrainRecipe, GrainStage
from atelier_imaging.grain.model import GrainModel, correlation_taps, statistics
from atelier_imaging.strips import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Draw = Callable[[float, float, float, float, int, int], NDArray[np.float64]]

# Coarse enough for the exact model to be rasterised in a second, within what the API allows.
MODEL = GrainModel(radius=0.30, radius_deviation=0.1, filter_sigma=0.8)
# Sixteen bits, so that rounding adds nothing to what is measured.
SIZE = 1024


def drawn(level: float, recipe: GrainRecipe, size: int = SIZE) -> NDArray[np.float64]:
    """What grain adds to an even grey of a picture of the reference size."""
    grey = np.full((size, size, 3), round(level * 65_535), np.uint16)
    return np.asarray(render(grey, [GrainStage(recipe, size, size)]).astype(np.float64) / 65_535 - level)


def spectrum(fields: list[NDArray[np.float64]], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean power in rings of spatial frequency, under a Hann window."""
    side = fields[0].shape[0]
    window = np.outer(np.hanning(side), np.hanning(side))
    frequency = np.hypot(*np.meshgrid(np.fft.fftfreq(side), np.fft.fftfreq(side)))
    power = np.mean([np.abs(np.fft.fft2((field - field.mean()) * window)) ** 2 for field in fields], axis=0)
    power = power / np.sum(window**2)
    rings = np.digitize(frequency, edges)
    return np.array([power[rings == ring].mean() for ring in range(1, len(edges))])


@pytest.fixture(scope="module")
def exact(boolean_grain: Draw) -> dict[float, list[NDArray[np.float64]]]:
    """Fields of the exact model at three greys."""
    return {
        level: [
            boolean_grain(level, MODEL.radius, MODEL.radius_deviation, MODEL.filter_sigma, 96, seed)
            for seed in range(5)
        ]
        for level in (0.15, 0.45, 0.7)
    }


@pytest.mark.parametrize("level", [0.15, 0.45, 0.7])
def test_variance_by_tone_is_within_a_tenth_of_the_exact_boolean_model(
    exact: dict[float, list[NDArray[np.float64]]], level: float
) -> None:
    ours = drawn(level, GrainRecipe(MODEL)).var()
    theirs = np.mean([field.var() for field in exact[level]])
    assert abs(ours / theirs - 1) < 0.1


@pytest.mark.parametrize("level", [0.15, 0.45, 0.7])
def test_the_power_spectrum_is_within_a_tenth_of_the_exact_boolean_model(
    exact: dict[float, list[NDArray[np.float64]]], level: float
) -> None:
    edges = np.array([0.02, 0.08, 0.14, 0.20, 0.26])
    side = exact[level][0].shape[0]
    field = drawn(level, GrainRecipe(MODEL))[..., 0]
    tiles = [field[y : y + side, x : x + side] for y in range(0, 960, side) for x in range(0, 960, side)]
    ours, theirs = spectrum(tiles, edges), spectrum(exact[level], edges)
    assert np.abs(ours / theirs - 1).max() < 0.1


def test_the_exact_model_covers_the_share_that_the_grey_says(exact: dict[float, list[NDArray[np.float64]]]) -> None:
    for level, fields in exact.items():
        assert abs(np.mean(fields) - level) < 0.01


def test_grain_is_strongest_in_middle_tones_and_gone_at_black_and_white() -> None:
    deviation = [drawn(level, GrainRecipe(), 256).std() for level in (0.0, 0.1, 0.45, 0.9, 1.0)]
    assert deviation[0] == deviation[4] == 0.0
    assert deviation[2] > max(deviation[1], deviation[3])


def test_grain_neither_darkens_nor_lightens() -> None:
    assert abs(drawn(0.5, GrainRecipe(GrainModel(radius=0.3), strength=2.0)).mean()) < 1e-3


def test_deviation_grows_with_strength() -> None:
    deviation = [drawn(0.5, GrainRecipe(strength=strength), 256).std() for strength in (0.25, 0.5, 1.0, 1.5, 2.0)]
    assert np.all(np.diff(deviation) > 0)


def test_luminance_grain_keeps_grey_neutral_and_rgb_grain_does_not() -> None:
    one, three = drawn(0.5, GrainRecipe(), 256), drawn(0.5, GrainRecipe(rgb=True), 256)
    assert np.array_equal(one[..., 0], one[..., 2])
    assert abs(np.asarray(np.corrcoef(three[..., 0].ravel(), three[..., 2].ravel()))[0, 1]) < 0.05


def test_layers_are_weighed_and_correlated_as_the_recipe_says() -> None:
    field = drawn(0.5, GrainRecipe(rgb=True, layer_gains=(1.0, 0.5, 1.5), layer_correlation=0.4), 768).reshape(-1, 3)
    deviation = np.asarray(field.std(axis=0))
    assert np.allclose(deviation / deviation[0], [1.0, 0.5, 1.5], rtol=0.02)
    assert abs(np.asarray(np.corrcoef(field.T))[0, 2] - 0.4) < 0.03


def test_two_seeds_have_nothing_in_common_at_any_shift() -> None:
    first, second = (drawn(0.5, GrainRecipe(seed=seed), 256)[..., 0] for seed in (1, 2))
    cross = np.fft.irfft2(np.fft.rfft2(first) * np.fft.rfft2(second).conj()) / first.size / first.std() / second.std()
    # 65 536 shifts of a field with some 8 000 freedoms: five deviations of 1/90 are never reached by chance.
    assert np.abs(cross).max() < 5.5 / 90


def test_the_largest_seed_is_a_seed() -> None:
    assert drawn(0.5, GrainRecipe(seed=2**64 - 1), 64).std() > 0


def test_the_same_seed_gives_the_same_bytes_in_another_process() -> None:
    program = (
        "import hashlib, numpy as np\n"
        "from atelier_imaging.grain.drawing import GrainRecipe, GrainStage\n"
        "from atelier_imaging.strips import render\n"
        "grey = np.full((300, 200, 3), 120, np.uint8)\n"
        "out = render(grey, [GrainStage(GrainRecipe(rgb=True, layer_correlation=0.3, seed=7), 300, 200)])\n"
        "print(hashlib.sha256(out.tobytes()).hexdigest())\n"
    )
    there = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.strip()
    grey = np.full((300, 200, 3), 120, np.uint8)
    here = render(grey, [GrainStage(GrainRecipe(rgb=True, layer_correlation=0.3, seed=7), 300, 200)])
    assert hashlib.sha256(here.tobytes()).hexdigest() == there


def test_rows_do_not_depend_on_how_the_picture_is_cut() -> None:
    stage = GrainStage(GrainRecipe(rgb=True, seed=3), 90, 70)
    whole = np.full((90, 70, 3), 0.5, np.float32)
    parts = whole.copy()
    stage(whole, 0)
    for top in range(0, 90, 13):
        stage(parts[top : top + 13], top)
    assert np.array_equal(parts, whole)


def test_grain_scales_with_the_picture() -> None:
    def neighbours(size: int) -> float:
        field = drawn(0.5, GrainRecipe(), size)[:512, :512, 0]
        return float(np.corrcoef(field[:, 1:].ravel(), field[:, :-1].ravel())[0, 1])

    sigma = statistics(GrainModel()).correlation_sigma
    for size in (512, 1024, 2048):
        assert abs(neighbours(size) - np.exp(-1 / (4 * (sigma * size / 1024) ** 2))) < 0.02


@pytest.mark.parametrize("sigma", [0.15, 0.4, 0.8, 3.2, 12.0])
def test_the_kernel_keeps_the_variance_of_white_noise(sigma: float) -> None:
    taps = correlation_taps(sigma)
    assert len(taps) % 2 == 1
    assert abs(float(np.sum(taps**2)) - 1) < 1e-9
