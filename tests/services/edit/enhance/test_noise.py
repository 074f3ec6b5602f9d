"""Noise and blocks told from detail."""

from __future__ import annotations

import io

import cv2
import numpy as np
import pytest
import skimage.data
from atelier_edit.enhance.bands import gaussian_pyramid
from atelier_edit.enhance.noise import blockiness, noise_floors
from atelier_imaging.color import ColorSpace, decode_transfer, encode_transfer, luminance
from PIL import Image

ASTRONAUT = np.asarray(skimage.data.astronaut())


def lightness(pixels: np.ndarray) -> np.ndarray:
    return np.clip(encode_transfer(luminance(decode_transfer(pixels), ColorSpace.SRGB)), 0, 1)


def compressed(quality: int) -> np.ndarray:
    buffer = io.BytesIO()
    Image.fromarray(ASTRONAUT).save(buffer, "JPEG", quality=quality, subsampling=0)
    return np.asarray(Image.open(buffer))


@pytest.mark.parametrize("deviation", [0.005, 0.01, 0.02])
def test_white_noise_is_found_again(deviation: float) -> None:
    picture = 0.5 + deviation * np.random.default_rng(0).standard_normal((512, 512), np.float32)
    smooth = gaussian_pyramid(picture)
    band = picture - cv2.pyrUp(smooth[1], dstsize=(512, 512))
    # The floor is that of the quietest blocks, a little below the mean.
    assert noise_floors(smooth)[0] == pytest.approx(float(band.std()), rel=0.15)


def test_noise_never_grows_towards_coarser_octaves() -> None:
    floors = noise_floors(gaussian_pyramid(lightness(ASTRONAUT)))
    assert list(floors) == sorted(floors, reverse=True)


def test_the_more_a_picture_is_compressed_the_larger_its_blocks_steps() -> None:
    steps = [blockiness(lightness(compressed(quality))) for quality in (75, 50, 30, 10)]
    assert steps == sorted(steps)
    assert steps[0] > 0.5 / 255


def test_a_picture_that_was_never_compressed_has_no_blocks() -> None:
    assert blockiness(lightness(ASTRONAUT)) == 0.0


def test_blocks_are_counted_from_the_picture_not_from_the_window() -> None:
    picture = lightness(compressed(30))
    assert blockiness(picture[3:, 5:], top=3, left=5) == pytest.approx(blockiness(picture), rel=0.05)
    assert blockiness(picture[3:, 5:]) == 0.0
