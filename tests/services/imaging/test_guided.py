"""The guided filter: its defining properties, and that full size agrees with the reduced one."""

from __future__ import annotations

import numpy as np
from atelier_imaging.guided import GuidedFilter, evaluate


def picture(seed: int = 0) -> np.ndarray:
    """Return two flat halves, dark blue and light orange, with a little noise, uint8 (64, 96, 3)."""
    pixels = np.empty((64, 96, 3))
    pixels[:, :50], pixels[:, 50:] = (40, 60, 140), (230, 170, 90)
    return np.clip(pixels + np.random.default_rng(seed).normal(0, 2, pixels.shape), 0, 255).astype(np.uint8)


def guide(pixels: np.ndarray) -> np.ndarray:
    return pixels.astype(np.float32) / 255


def test_a_constant_mask_stays_constant() -> None:
    pixels = picture()
    fit = GuidedFilter(guide(pixels), 4, 1e-3).coefficients(np.full((64, 96), 0.3, np.float32))
    np.testing.assert_allclose(evaluate(fit, pixels), 0.3, atol=1e-4)


def test_a_mask_with_a_shifted_edge_takes_over_the_edge_of_the_picture() -> None:
    pixels = picture()
    rough = np.zeros((64, 96), np.float32)
    rough[:, 47:] = 1
    sharp = evaluate(GuidedFilter(guide(pixels), 8, 1e-4).coefficients(rough), pixels)
    assert sharp[:, 47:50].max() < 0.5
    assert sharp[:, 50:].min() > 0.8


def test_a_mask_that_is_linear_in_colour_is_kept() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (48, 48, 3), dtype=np.uint8)
    mask = (guide(pixels) @ np.array([0.2, 0.5, 0.3], np.float32)).astype(np.float32)
    np.testing.assert_allclose(
        evaluate(GuidedFilter(guide(pixels), 3, 1e-6).coefficients(mask), pixels), mask, atol=1e-3
    )


def test_coefficients_of_a_reduced_picture_give_a_sharp_mask_at_full_size() -> None:
    pixels = np.repeat(np.repeat(picture(), 5, axis=0), 5, axis=1)
    reduced = guide(picture())
    rough = np.zeros((64, 96), np.float32)
    rough[:, 50:] = 1
    full = evaluate(GuidedFilter(reduced, 4, 1e-4).coefficients(rough), pixels)
    assert full.shape == (320, 480)
    assert full[:, :250].max() < 0.1
    assert full[:, 250:].min() > 0.9


def test_the_strips_of_a_tall_picture_show_no_joint() -> None:
    pixels = np.repeat(picture()[:, 20:80], 8, axis=0)
    rough = np.linspace(0, 1, 64, dtype=np.float32)[:, None] * np.ones((1, 60), np.float32)
    fit = GuidedFilter(guide(picture()[:, 20:80]), 4, 1e-2).coefficients(rough)
    flat = np.full_like(pixels, 128)
    assert np.abs(np.diff(evaluate(fit, flat), axis=0)).max() < 0.02


def test_certain_values_become_zero_and_one() -> None:
    pixels = picture()
    fit = np.zeros((4, 64, 96), np.float32)
    fit[3] = np.linspace(0, 1, 96)
    cleared = evaluate(fit, pixels, certain=(0.1, 0.9))
    assert cleared[:, :9].max() == 0.0
    assert cleared[:, -9:].min() == 1.0
    assert np.all(np.diff(cleared[0]) >= 0)
