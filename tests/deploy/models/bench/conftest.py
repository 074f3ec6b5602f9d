"""A home with one real model, the smallest of the catalogue, which a test may change."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest
from atelier_models import catalogue, installed
from atelier_models import home as homes

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.catalogue import Model


@pytest.fixture
def iris() -> Model:
    """The real iris model."""
    model = catalogue.load().models["iris"]
    if installed.find(model, homes.default_home()) is None:
        pytest.skip("iris is not installed; run `make models`")
    return model


@pytest.fixture
def own(iris: Model, tmp_path: Path) -> Path:
    """A home that holds it alone."""
    home = tmp_path / "own"
    shutil.copytree(installed.folder_of(iris, homes.default_home()), installed.folder_of(iris, home))
    return home
