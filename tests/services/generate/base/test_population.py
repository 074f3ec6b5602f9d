"""Asking is conditioning: what is asked holds, what follows follows, and the rest stays free."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_generate.base.attributes import ATTRIBUTES
from atelier_generate.base.knowledge import knowledge
from atelier_generate.base.population import Population

POPULATION = knowledge().population


def noise(count: int) -> np.ndarray:
    return np.random.default_rng(3).standard_normal((count, len(POPULATION.covariance)), np.float32)


def attribute(values: np.ndarray, name: str) -> np.ndarray:
    at = ATTRIBUTES.index(name)
    return np.asarray(values[:, at] * POPULATION.attribute_deviation[at] + POPULATION.attribute_mean[at])


@pytest.mark.parametrize(("name", "value"), [("age_years", 64.0), ("skin_ita_degrees", -20.0), ("smile", 0.1)])
def test_a_drawn_sitter_has_what_was_asked(name: str, value: float) -> None:
    sitters = POPULATION.draw(POPULATION.levels({name: value}), noise(20))
    spread = POPULATION.attribute_deviation[ATTRIBUTES.index(name)]
    assert attribute(sitters.attributes, name) == pytest.approx(value, abs=0.05 * float(spread))


def test_what_hangs_together_follows() -> None:
    young, old = (POPULATION.draw(POPULATION.levels({"age_years": age}), noise(200)).attributes for age in (35.0, 70.0))
    assert attribute(old, "hair_lightness").mean() > attribute(young, "hair_lightness").mean() + 8


def test_what_was_not_asked_stays_free() -> None:
    sitters = POPULATION.draw({"age_years": 0.0}, noise(400))
    assert sitters.texture.std(axis=0).min() > 0.5
    assert sitters.shape.std(axis=0).min() > 0.5


def test_conditioning_is_exact() -> None:
    """Two numbers with correlation r: given one of them, the other has mean r·x and variance 1 - r²."""
    size = len(ATTRIBUTES)
    covariance = np.eye(size, dtype=np.float32)
    covariance[0, 1] = covariance[1, 0] = 0.8
    small = Population(covariance, np.zeros(size, np.float32), np.ones(size, np.float32), 0)
    drawn = small.draw({ATTRIBUTES[0]: 2.0}, np.random.default_rng(0).standard_normal((20_000, size), np.float32))
    assert drawn.attributes[:, 1].mean() == pytest.approx(1.6, abs=0.02)
    assert drawn.attributes[:, 1].var() == pytest.approx(0.36, abs=0.02)


def test_one_more_wish_leaves_the_sitter_who_they_are() -> None:
    chance = noise(2)
    plain = POPULATION.draw({"age_years": -1.0}, chance).texture
    smiling = POPULATION.draw({"age_years": -1.0, "smile": 1.0}, chance).texture
    moved = np.linalg.norm(smiling - plain, axis=1)
    assert np.all(moved < np.linalg.norm(plain[0] - plain[1]) / 3)


def test_a_face_goes_with_what_is_around_it_and_stays_its_own() -> None:
    visible, around = knowledge().stylings.visible, knowledge().stylings.textures[0]
    sitters = POPULATION.draw({}, noise(200), visible, around).texture
    free = POPULATION.draw({}, noise(200)).texture
    assert (
        np.abs(sitters @ visible.T - around @ visible.T).mean()
        < np.abs(free @ visible.T - around @ visible.T).mean() / 3
    )
    assert sitters.std(axis=0).mean() > 0.6 * free.std(axis=0).mean()


def test_an_average_follows_a_change_both_ways() -> None:
    darker, lighter = (POPULATION.follows({"hair_lightness": change}) for change in (-1.0, 1.0))
    assert darker == pytest.approx(-lighter, abs=1e-5)
    assert np.abs(lighter).max() > 0.1
