"""The dress is dyed apart from the styling: cloth alone, in colours that are worn, with its folds."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from atelier_generate.base.dress import DRESSES, dyed
from atelier_generate.base.knowledge import knowledge

STYLINGS = knowledge().stylings
HEIGHT, WIDTH = 96, 80


def suit() -> tuple[np.ndarray, np.ndarray]:
    """A grey suit with folds and a white shirt, and where cloth is."""
    low = np.full((HEIGHT, WIDTH, 3), 0.1, np.float32)
    low[70:] = -0.5 + 0.05 * np.sin(np.arange(WIDTH))[None, :, None]
    low[70:, 36:44] = 0.9
    cloth = np.zeros((24, 20), np.float32)
    cloth[18:] = 1
    return low, cloth


def dyes(womanhood: float, count: int = 60) -> list[np.ndarray]:
    low, cloth = suit()
    return [dyed(low, cloth, womanhood, np.random.default_rng(seed)) for seed in range(count)]


def test_cloth_takes_a_colour_and_nothing_else_does() -> None:
    low, _ = suit()
    for made in dyes(1.0):
        assert (made[:64] == low[:64]).all()
        colour = made[80:, :20].mean(axis=(0, 1))
        worn = [
            low[80:, :20].mean(axis=(0, 1)) if each.colour is None else 2 * np.array(each.colour) - 1
            for each in DRESSES
        ]
        assert min(np.abs(colour - each).max() for each in worn) < 0.05


def test_a_shirt_stays_white_and_folds_stay() -> None:
    low, _ = suit()
    for made in dyes(1.0):
        assert made[85:, 38:42].min() > 0.8
        assert made[90, :20, 0].std() == pytest.approx(low[90, :20, 0].std(), rel=0.2)


def test_women_wear_more_colours_than_men() -> None:
    men, women = ({tuple(made[90, 4].round(2)) for made in dyes(womanhood, 200)} for womanhood in (0.0, 1.0))
    assert men < women
    assert len(women) == len(DRESSES)


def test_cloth_is_at_the_shoulders_of_every_styling() -> None:
    for texture in STYLINGS.textures[:50]:
        cloth = cv2.resize(STYLINGS.cloth(texture), (WIDTH, HEIGHT))
        assert np.abs(cloth[:48]).max() < 0.1
        assert cloth[90:, :12].mean() > 0.3
        assert cloth[90:, -12:].mean() > 0.3
