"""A toy gateway for every test, and pictures to send."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_client import Atelier, RetryPolicy
from PIL import Image

from tests.gateway.client.toys import ToyGateway

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray


@pytest.fixture
def gateway() -> Iterator[ToyGateway]:
    with ToyGateway() as running:
        yield running


@pytest.fixture
def studio(gateway: ToyGateway) -> Iterator[Atelier]:
    with Atelier(gateway.address, retry=RetryPolicy(first_pause_seconds=0.01)) as studio:
        yield studio


@pytest.fixture
def pixels() -> NDArray[np.uint8]:
    """A small picture with no symmetry: 40 rows, 60 columns, RGB."""
    return np.random.default_rng(7).integers(0, 256, (40, 60, 3), dtype=np.uint8)


@pytest.fixture
def picture(tmp_path: Path, pixels: NDArray[np.uint8]) -> Path:
    """The same as a PNG file."""
    path = tmp_path / "in.png"
    Image.fromarray(pixels).save(path)
    return path


@pytest.fixture
def portrait(tmp_path: Path) -> Path:
    """A plain picture of 40 × 50."""
    path = tmp_path / "in.png"
    Image.new("RGB", (40, 50), (200, 150, 120)).save(path)
    return path
