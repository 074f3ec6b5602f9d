"""Strands flow as hair does, and nothing else is touched."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_generate.base.strands import combed

SIZE = 160


def waves(angle_degrees: float) -> np.ndarray:
    """Draw soft waves that run along an angle, a portrait's brightness about a half."""
    x, y = np.meshgrid(np.arange(SIZE, dtype=np.float32), np.arange(SIZE, dtype=np.float32))
    across = np.sin(np.deg2rad(angle_degrees)) * x - np.cos(np.deg2rad(angle_degrees)) * y
    return np.repeat((0.4 + 0.1 * np.sin(across / 6))[..., None], 3, axis=-1).astype(np.float32)


def roughness(change: np.ndarray, angle_degrees: float) -> float:
    """Measure how much a change differs from itself two pixels further along an angle."""
    x, y = (round(2 * each) for each in (np.cos(np.deg2rad(angle_degrees)), np.sin(np.deg2rad(angle_degrees))))
    middle = change[40:120, 40:120]
    return float(np.abs(change[40 + y : 120 + y, 40 + x : 120 + x] - middle).mean())


@pytest.mark.parametrize("angle", [0.0, 90.0])
def test_strands_run_along_the_waves_that_are_drawn(angle: float) -> None:
    picture, everywhere = waves(angle), np.ones((SIZE, SIZE), np.float32)
    change = (combed(picture, everywhere, np.random.default_rng(0)) - picture).mean(axis=-1)
    assert roughness(change, angle) < 0.5 * roughness(change, angle + 90)


def test_only_hair_is_combed() -> None:
    picture, hair = waves(30.0), np.zeros((SIZE, SIZE), np.float32)
    hair[40:80, 50:90] = 1
    change = np.abs(combed(picture, hair, np.random.default_rng(0)) - picture).max(axis=-1)
    assert change[hair == 0].max() == 0
    assert change[hair == 1].mean() > 0.005


def test_strands_are_shades_of_what_they_lie_on() -> None:
    """A share of the brightness is added or taken, so the colour stays and black hair stays black."""
    picture = waves(30.0) * np.array([0.9, 0.6, 0.3], np.float32)
    found = combed(picture, np.ones((SIZE, SIZE), np.float32), np.random.default_rng(0))
    assert found[..., 0] / found[..., 1] == pytest.approx(1.5, rel=1e-3)
    assert combed(np.zeros_like(picture), np.ones((SIZE, SIZE), np.float32), np.random.default_rng(0)).max() == 0


def test_a_bald_head_is_left_alone() -> None:
    picture = waves(0.0)
    assert combed(picture, np.zeros((SIZE, SIZE), np.float32), np.random.default_rng(0)) is picture
