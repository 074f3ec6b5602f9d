"""What the tests of the lens share: the astronaut, analysed by the installed models."""

from __future__ import annotations

import time

import numpy as np
import pytest
import skimage.data
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_lens.plugin import lens_capability
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels


@pytest.fixture(scope="session")
def astronaut() -> Portrait:
    """A real portrait, 512 x 512, in front of flags and a shuttle."""
    folder = default_home() / "models"
    if not all((folder / model).is_dir() for model in lens_capability().models):
        pytest.skip(f"no models in {folder}; `make models` installs them")
    models = CallModels(InProcessModels(folder), cancellation=Cancellation(), deadline=time.monotonic() + 600)
    return Portrait(Picture.from_array(np.asarray(skimage.data.astronaut())), models)
