"""What the tests of relighting share."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import skimage.data
from atelier_imaging.picture import Picture
from atelier_models.home import default_home

from tests.services.edit.truth.sitters import analysed, models

if TYPE_CHECKING:
    from atelier_imaging.portrait import Portrait

NEEDED = ("face_detector", "face_mesh", "iris", "person_segmenter")


@pytest.fixture(scope="session")
def astronaut() -> Portrait:
    """The astronaut at twice its size, so that its texture can be measured; 86 pixels between the pupils."""
    folder = default_home() / "models"
    if missing := [name for name in NEEDED if not (folder / name / "1" / "model.onnx").exists()]:
        pytest.skip(f"models are not installed: {', '.join(missing)}; run `atelier models convert`")
    pixels = cv2.resize(skimage.data.astronaut()[:400, 50:450], None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC)
    return analysed(Picture.from_array(np.asarray(pixels, np.uint8)), models())
