from __future__ import annotations

import cv2
import numpy as np
import pytest

pytest.importorskip("torch")
from atelier_training_upscale.measures import oriented_energy, overshoot, psnr, ssim, texture_ratio
from atelier_training_upscale.resampling import bicubic


def blurred(picture: np.ndarray, sigma: float) -> np.ndarray:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), sigma), np.uint8)


def test_psnr_is_of_luma_in_decibels(face: np.ndarray) -> None:
    grey = np.full((40, 40, 3), 100, np.uint8)
    # Ten levels of grey are 10 * 219/255 of luma.
    assert psnr(grey + 10, grey) == pytest.approx(20 * np.log10(255 / (10 * 219 / 255)), abs=1e-6)


def test_the_border_does_not_count(face: np.ndarray) -> None:
    framed = face.copy()
    framed[:4] = framed[-4:] = 0
    framed[:, :4] = framed[:, -4:] = 0
    framed[60, 60] += 1
    assert psnr(framed, face) > 60


def test_ssim_of_a_picture_with_itself_is_one_and_falls_with_blur(face: np.ndarray) -> None:
    assert ssim(face, face) == pytest.approx(1)
    assert ssim(blurred(face, 2), face) < 0.95


def test_blur_takes_texture_and_sharpening_adds_some(face: np.ndarray) -> None:
    soft = blurred(face, 1)
    sharp = np.asarray(cv2.addWeighted(face, 2, soft, -1, 0), np.uint8)
    assert texture_ratio(soft, face, 4) < 0.8 < 1.2 < texture_ratio(sharp, face, 4)


def test_sharper_strands_have_more_energy_than_bicubic_ones(face: np.ndarray) -> None:
    soft = blurred(face, 1.5)
    assert oriented_energy(face, face, soft) > 1.2
    assert oriented_energy(face, face, face) == pytest.approx(1)


def test_bicubic_rings_by_what_its_kernel_says_and_nearest_does_not() -> None:
    # Keys' cubic with a = -0.5 overshoots a step by 7 %, less where a pixel lies on the edge.
    assert overshoot(lambda picture: bicubic(picture, 4), 4) == pytest.approx(0.07, abs=0.015)
    assert overshoot(lambda picture: np.repeat(np.repeat(picture, 4, 0), 4, 1), 4) == 0
