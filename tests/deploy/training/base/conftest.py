"""The training needs PyTorch, which only `make torch` installs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed here; `make torch` makes an environment that has it")
from atelier_generate.base.frame import HEIGHT, WIDTH
from atelier_generate.base.knowledge import knowledge
from atelier_training_base.album import Album
from atelier_training_base.batches import Maker
from atelier_training_base.fitting import Fitted

if TYPE_CHECKING:
    from atelier_generate.base.population import Sitters


@pytest.fixture
def maker(sitters: Sitters, album: Album) -> Maker:
    """Make batches of three sitters that nobody has ever seen."""
    return Maker(album, Fitted(knowledge().appearance, sitters.shape, sitters.texture), sitters.attributes)


@pytest.fixture(scope="session")
def album(sitters: Sitters) -> Album:
    """Pretend to have three portraits."""
    population, appearance = knowledge().population, knowledge().appearance
    pictures = np.random.default_rng(1).integers(0, 256, (3, HEIGHT, WIDTH, 3)).astype(np.uint8)
    points = np.stack([appearance.points(shape) for shape in sitters.shape])
    measured = population.attribute_mean + population.attribute_deviation * sitters.attributes
    return Album(pictures, points, measured, np.full(3, 1 / 3))


@pytest.fixture(scope="session")
def sitters() -> Sitters:
    """Draw three sitters that nobody has ever seen."""
    population = knowledge().population
    return population.draw({}, np.random.default_rng(0).standard_normal((3, len(population.covariance)), np.float32))
