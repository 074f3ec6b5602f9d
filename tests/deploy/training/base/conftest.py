"""The training needs PyTorch, which only `make torch` installs."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="PyTorch is not installed here; `make torch` makes an environment that has it")
from atelier_generate.base.frame import HEIGHT, WIDTH
from atelier_generate.base.knowledge import knowledge
from atelier_training_base.album import Album
from atelier_training_base.batches import Maker
from atelier_training_base.fitting import Fitted


@pytest.fixture
def maker() -> Maker:
    """Make batches of three sitters that nobody has ever seen."""
    generator = np.random.default_rng(0)
    sitters = knowledge().population.draw(
        {}, generator.standard_normal((3, len(knowledge().population.covariance)), np.float32)
    )
    pictures = generator.integers(0, 256, (3, HEIGHT, WIDTH, 3)).astype(np.uint8)
    points = np.stack([knowledge().appearance.points(shape) for shape in sitters.shape])
    album = Album(pictures, points, sitters.attributes, np.full(3, 1 / 3))
    return Maker(album, Fitted(knowledge().appearance, sitters.shape, sitters.texture), sitters.attributes)
