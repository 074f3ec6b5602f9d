"""Stylings are chosen by what is asked, worn as the sitter is, and hold nobody's face."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_generate.base.knowledge import knowledge
from atelier_generate.base.quiet import face_share, halved
from atelier_generate.base.styling import COMPARED, MOVED, POSE, moved

KNOWN = knowledge()
STYLINGS = KNOWN.stylings


def chosen(seed: int, **asked: float) -> int:
    return STYLINGS.choose(asked, np.random.default_rng(seed))


def measured(number: int, name: str) -> float:
    return float(STYLINGS.attributes[number, list(COMPARED).index(name)])


@pytest.mark.parametrize("name", ["womanhood", "hair_lightness", "age_years", "hair_share"])
def test_whoever_is_asked_for_wears_what_their_like_wore(name: str) -> None:
    low, high = (
        np.mean([measured(chosen(seed, **{name: level}), name) for seed in range(40)]) for level in (-1.5, 1.5)
    )
    assert high - low > 0.8


def test_nothing_asked_is_any_styling() -> None:
    assert len({chosen(seed) for seed in range(100)}) > 90


def test_one_more_wish_seldom_changes_the_styling() -> None:
    kept = [chosen(seed, womanhood=1.0) == chosen(seed, womanhood=1.0, smile=1.0, glasses=1.0) for seed in range(40)]
    assert all(kept)
    older = [chosen(seed, womanhood=1.0) == chosen(seed, womanhood=1.0, age_years=0.3) for seed in range(40)]
    assert np.mean(older) > 0.5


def test_a_styling_is_worn_with_the_hair_that_is_asked_for() -> None:
    numbers = [chosen(seed, hair_lightness=2.0) for seed in range(10)]

    def brightness(level: float) -> float:
        textures = [
            STYLINGS.texture(one, {"hair_lightness": level}, KNOWN.population, np.random.default_rng(0))
            for one in numbers
        ]
        drawn = KNOWN.appearance.mean_texture + np.tensordot(np.mean(textures, axis=0), KNOWN.appearance.textures, 1)
        return float(drawn[6:18, 32:48].mean())  # above the forehead

    assert brightness(2.0) > brightness(0.0) + 0.05


def test_a_styling_has_no_face() -> None:
    share = halved(face_share(KNOWN.appearance, KNOWN.appearance.origins(KNOWN.appearance.mean_shape)))
    pictures = np.tensordot(STYLINGS.textures[:100], KNOWN.appearance.textures, 1)
    deviation = pictures.std(axis=0).mean(axis=-1)
    inside, around = (float((deviation * each).sum() / each.sum()) for each in (share[..., 0], 1 - share[..., 0]))
    assert inside < around / 3


def test_a_head_is_turned_as_the_hair_lies() -> None:
    assert STYLINGS.pose(3) == {name: measured(3, name) for name in POSE}


def test_what_is_moved_keeps_its_variance_and_most_of_its_form() -> None:
    generator = np.random.default_rng(0)
    textures = generator.standard_normal((4000, 64)).astype(np.float32)
    others = np.stack([moved(each, MOVED, generator) for each in textures])
    assert others.std(axis=0) == pytest.approx(1, abs=0.06)
    kept = [np.corrcoef(one, other)[0, 1] for one, other in zip(textures, others, strict=True)]
    assert 0.9 < np.mean(kept) < 0.97
