"""What the tests with a known light share."""

from __future__ import annotations

import numpy as np
import pytest
import skimage.data
from atelier_imaging.picture import Picture
from atelier_models.home import default_home

from tests.services.edit.truth.head import Head, head_of
from tests.services.edit.truth.sitters import analysed, models

NEEDED = ("face_detector", "face_mesh", "iris", "person_segmenter")


@pytest.fixture(scope="session")
def astronaut_head() -> Head:
    """The astronaut, sculpted."""
    folder = default_home() / "models"
    if missing := [name for name in NEEDED if not (folder / name / "1" / "model.onnx").exists()]:
        pytest.skip(f"models are not installed: {', '.join(missing)}; run `atelier models convert`")
    picture = Picture.from_array(np.ascontiguousarray(skimage.data.astronaut()[:320, 80:380]))
    portrait = analysed(picture, models())
    return head_of(portrait, portrait.select())
