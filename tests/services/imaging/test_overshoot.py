"""How far edges overshoot."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import skimage.data
from atelier_imaging.measures import Verdict, overshoot

ASTRONAUT = np.asarray(skimage.data.astronaut())
WHOLE = np.ones(ASTRONAUT.shape[:2], np.float32)


def unsharp(pixels: np.ndarray, amount: float) -> np.ndarray:
    soft = cv2.GaussianBlur(pixels, (0, 0), 1.5)
    return np.asarray(cv2.addWeighted(pixels, 1 + amount, soft, -amount, 0))


def test_a_picture_that_is_left_alone_has_no_overshoot() -> None:
    measure = overshoot(ASTRONAUT, ASTRONAUT, WHOLE)
    assert (measure.value, measure.verdict) == (0.0, Verdict.PASS)


def test_blur_is_no_overshoot() -> None:
    measure = overshoot(ASTRONAUT, np.asarray(cv2.GaussianBlur(ASTRONAUT, (0, 0), 2.0)), WHOLE)
    # It brings in a little of what lies just outside the window.
    assert measure.value == pytest.approx(0.0, abs=0.03)


def test_a_strong_unsharp_mask_fails() -> None:
    # Three times the detail of 1.5 pixels: the halo that everybody knows.
    assert overshoot(ASTRONAUT, unsharp(ASTRONAUT, 3.0), WHOLE).verdict is Verdict.FAIL


def test_overshoot_grows_with_sharpening() -> None:
    values = [overshoot(ASTRONAUT, unsharp(ASTRONAUT, amount), WHOLE).value or 0.0 for amount in (0, 0.3, 0.6, 1.2)]
    assert values == sorted(set(values))


def test_a_known_overshoot_is_measured() -> None:
    step = np.full((64, 64, 3), 80, np.uint8)
    step[:, 32:] = 180
    sharpened = step.copy()
    sharpened[:, 31], sharpened[:, 32] = 70, 190
    # Ten levels beyond a step of a hundred.
    assert overshoot(step, sharpened, np.ones((64, 64), np.float32)).value == pytest.approx(0.1)


def test_a_picture_without_edges_is_not_measurable() -> None:
    flat = np.full((64, 64, 3), 128, np.uint8)
    assert overshoot(flat, flat, np.ones((64, 64), np.float32)).verdict is Verdict.NOT_MEASURABLE
