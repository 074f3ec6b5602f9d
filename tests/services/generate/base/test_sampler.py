"""The solver ends on the distribution that the network knows."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_generate.base.sampler import HIGHEST, STEPS, denoised, levels

DEVIATION, MEAN = 0.16, 0.05


def exact(noisy: np.ndarray, sigma: float) -> np.ndarray:
    """Denoise numbers of a normal distribution, as a perfect network would."""
    share = DEVIATION**2 / (DEVIATION**2 + sigma**2)
    return np.asarray(MEAN + share * (noisy - MEAN), np.float32)


def test_noise_becomes_the_distribution() -> None:
    noise = np.random.default_rng(0).standard_normal(50_000, np.float32)
    *_, outcome = denoised(exact, noise)
    assert outcome.mean() == pytest.approx(MEAN, abs=0.02)
    assert outcome.std() == pytest.approx(DEVIATION, rel=0.05)


def test_each_step_is_one_evaluation_and_one_guess() -> None:
    asked: list[float] = []

    def evaluate(noisy: np.ndarray, sigma: float) -> np.ndarray:
        asked.append(sigma)
        return exact(noisy, sigma)

    guesses = list(denoised(evaluate, np.zeros(4, np.float32)))
    assert len(guesses) == len(asked) == STEPS
    assert asked == sorted(asked, reverse=True)


def test_levels_fall_from_the_highest_to_nothing() -> None:
    assert levels()[0] == pytest.approx(HIGHEST)
    assert levels()[-1] == 0
    assert (np.diff(levels()) < 0).all()


def test_less_noise_than_is_told_ends_nearer_the_mean() -> None:
    noise = np.random.default_rng(0).standard_normal(50_000, np.float32)
    *_, outcome = denoised(exact, noise, temperature=lambda _level: np.full(1, 0.6, np.float32))
    assert outcome.mean() == pytest.approx(MEAN, abs=0.02)
    assert outcome.std() == pytest.approx(0.6 * DEVIATION, rel=0.05)


def test_noise_can_be_taken_back_on_the_way() -> None:
    noise = np.random.default_rng(0).standard_normal(50_000, np.float32)
    *_, outcome = denoised(exact, noise, temperature=lambda level: np.full(1, 1.0 if level > 0.05 else 0.6, np.float32))
    assert 0.6 * DEVIATION < outcome.std() < DEVIATION
