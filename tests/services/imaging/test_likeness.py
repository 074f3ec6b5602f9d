"""Likeness to a known truth."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
from atelier_imaging.likeness import gmsd, psnr, ssim
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


def noisy(pixels: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    noise = np.random.default_rng(0).normal(0, sigma, pixels.shape)
    return np.asarray(np.clip(np.rint(pixels + noise), 0, 255), np.uint8)


def blurred(pixels: NDArray[np.uint8], sigma: float) -> NDArray[np.uint8]:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def test_a_picture_is_like_itself(astronaut: NDArray[np.uint8]) -> None:
    assert psnr(astronaut, astronaut) == float("inf")
    assert ssim(astronaut, astronaut) == pytest.approx(1)
    assert gmsd(astronaut, astronaut) == 0


def test_psnr_and_ssim_are_those_of_scikit_image(astronaut: NDArray[np.uint8]) -> None:
    other = noisy(astronaut, 12)
    assert psnr(astronaut, other) == pytest.approx(peak_signal_noise_ratio(astronaut, other), abs=1e-3)
    luma = [cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY) for pixels in (astronaut, other)]
    theirs = structural_similarity(*luma, gaussian_weights=True, use_sample_covariance=False, data_range=255)
    # Theirs leaves out a border and rounds luma to whole levels.
    assert ssim(astronaut, other) == pytest.approx(theirs, abs=5e-3)


@pytest.mark.parametrize("spoilt", [noisy, blurred])
def test_every_number_says_which_picture_is_spoilt_more(
    spoilt: Callable[[NDArray[np.uint8], float], NDArray[np.uint8]], astronaut: NDArray[np.uint8]
) -> None:
    worse = [spoilt(astronaut, sigma) for sigma in (1, 2, 4, 8)]
    for measure, sign in ((psnr, -1), (ssim, -1), (gmsd, 1)):
        values = [sign * measure(astronaut, each) for each in worse]
        assert all(less < more for less, more in pairwise(values))


def test_exposure_matters_less_than_blur_to_gmsd(astronaut: NDArray[np.uint8]) -> None:
    brighter = np.asarray(np.clip(astronaut * 1.1, 0, 255), np.uint8)
    assert psnr(astronaut, brighter) < psnr(astronaut, blurred(astronaut, 1.5))
    assert gmsd(astronaut, brighter) < 0.5 * gmsd(astronaut, blurred(astronaut, 1.5))


def test_only_what_has_weight_counts(astronaut: NDArray[np.uint8]) -> None:
    weight = np.zeros(astronaut.shape[:2], np.float32)
    weight[:, 256:] = 1
    left, right = astronaut.copy(), astronaut.copy()
    left[:, :224] = noisy(astronaut, 30)[:, :224]
    right[:, 256:] = noisy(astronaut, 30)[:, 256:]
    assert psnr(astronaut, left, weight) == float("inf")
    assert ssim(astronaut, left, weight) == pytest.approx(1)
    assert gmsd(astronaut, left, weight) < 0.05 * gmsd(astronaut, right, weight)


def test_sixteen_bits_say_what_eight_say(astronaut: NDArray[np.uint8]) -> None:
    other = noisy(astronaut, 12)
    wide, other_wide = (np.asarray(pixels.astype(np.uint16) * 257, np.uint16) for pixels in (astronaut, other))
    for measure in (psnr, ssim, gmsd):
        assert measure(wide, other_wide) == pytest.approx(measure(astronaut, other), rel=1e-4)
