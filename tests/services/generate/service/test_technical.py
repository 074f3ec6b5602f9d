"""What is measured of a candidate without a critic, on a photograph."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pytest
import skimage.data
from atelier_generate.technical import technical_measures
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels

from tests.services.generate.service.serving import models_folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def models() -> CallModels:
    return CallModels(InProcessModels(models_folder()), cancellation=Cancellation(), deadline=time.monotonic() + 300)


@pytest.fixture
def sharpness(models: CallModels) -> Callable[[NDArray[np.uint8]], float]:
    """Measure the sharpness of a picture's face."""

    def measured(pixels: NDArray[np.uint8]) -> float:
        portrait = Portrait(Picture.from_array(pixels), models)
        (value,) = [one.value for one in technical_measures(portrait) if one.name == "sharpness"]
        assert value is not None
        return value

    return measured


def test_a_face_is_as_sharp_in_a_large_picture_as_in_a_small_one(
    sharpness: Callable[[NDArray[np.uint8]], float],
) -> None:
    large = np.asarray(skimage.data.astronaut()[0:320, 84:340], np.uint8)
    whole = np.asarray(cv2.resize(large, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC), np.uint8)
    # Both are looked at with 64 pixels between the pupils; what remains is the kernels' doing. The contrast of the
    # pictures' own finest pixels differs more than fourfold.
    assert sharpness(whole) == pytest.approx(sharpness(large), rel=0.25)


def test_a_face_that_is_blurred_by_a_share_of_its_size_is_less_sharp_at_any_size(
    sharpness: Callable[[NDArray[np.uint8]], float],
) -> None:
    large = np.asarray(skimage.data.astronaut()[0:320, 84:340], np.uint8)
    for factor in (1, 3):
        face = np.asarray(cv2.resize(large, None, fx=factor, fy=factor, interpolation=cv2.INTER_CUBIC), np.uint8)
        soft = np.asarray(cv2.GaussianBlur(face, (0, 0), 1.5 * factor), np.uint8)
        assert sharpness(soft) < 0.6 * sharpness(face)
