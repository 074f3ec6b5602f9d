"""What the tests of the critic share: the astronaut, analysed by the installed models."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
import pytest
import skimage.data
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_inspect.plugin import inspect_capability
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels

if TYPE_CHECKING:
    from atelier_imaging.models import ModelRunner


@pytest.fixture(scope="session")
def models() -> ModelRunner:
    """The installed models."""
    folder = default_home() / "models"
    if not all((folder / model).is_dir() for model in inspect_capability().models):
        pytest.skip(f"no models in {folder}; `make models` installs them")
    return CallModels(InProcessModels(folder), cancellation=Cancellation(), deadline=time.monotonic() + 600)


@pytest.fixture(scope="session")
def astronaut(models: ModelRunner) -> Portrait:
    """A real portrait, the head of 512 x 512."""
    return Portrait(Picture.from_array(np.asarray(skimage.data.astronaut())), models)
