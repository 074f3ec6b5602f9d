from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pytest
from atelier_imaging.identity import MIN_INTEROCULAR_PIXELS, Resemblance, load_encoder
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import FaceTooSmallError, ModelNotInstalledError, NoFaceError

from tests.services.imaging.heads import SeeingModels, head, scene
from tests.services.imaging.identity.encoders import Brightness, darker, sitter


def test_a_face_whose_pixels_are_untouched_is_the_same_without_asking_the_encoder() -> None:
    portrait, face = sitter()
    models = Brightness()
    edge = portrait.picture.pixels.copy()
    edge[-1] = 0
    assert Resemblance(portrait.picture, face, models).similarity(portrait.picture.with_pixels(edge)) == 1.0
    assert models.batches == []


def test_the_source_is_embedded_once_with_the_first_edit() -> None:
    portrait, face = sitter()
    models = Brightness()
    resemblance = Resemblance(portrait.picture, face, models)
    first, second = (resemblance.distance(darker(portrait.picture, share)) for share in (0.1, 0.2))
    assert models.batches == [4, 2]
    assert second == pytest.approx(2 * first, rel=0.01)


def test_an_enlarged_edit_has_its_face_where_the_source_has_it() -> None:
    portrait, face = sitter()
    large = np.asarray(cv2.resize(portrait.picture.pixels, (800, 600), interpolation=cv2.INTER_CUBIC), np.uint16)
    assert Resemblance(portrait.picture, face, Brightness()).distance(Picture.from_array(large)) < 0.005


def test_an_edit_that_moved_the_face_is_measured_where_the_face_is_now() -> None:
    portrait, face = sitter()
    moved = scene(400, 300)
    edited = Portrait(moved, SeeingModels(moved, [head(40, 40, 30), head(240, 150, 60)]))
    # The scene's colours say where a crop was taken: 40 of 400 columns to the right, 20 of 300 rows down.
    distance = Resemblance(portrait.picture, face, Brightness()).distance(edited)
    assert distance == pytest.approx(float(np.hypot(40 / 400, 20 / 300)), rel=0.05)


def test_an_edit_without_a_face_is_told() -> None:
    portrait, face = sitter()
    empty = scene(400, 300)
    with pytest.raises(NoFaceError, match="no face any more"):
        Resemblance(portrait.picture, face, Brightness()).distance(Portrait(empty, SeeingModels(empty, [])))


def test_a_face_of_few_pixels_is_refused_with_the_limit() -> None:
    portrait, face = sitter()
    small = dataclasses.replace(face, interocular_pixels=MIN_INTEROCULAR_PIXELS - 1)
    with pytest.raises(FaceTooSmallError) as caught:
        Resemblance(portrait.picture, small, Brightness())
    assert caught.value.metadata["limit"] == f"{MIN_INTEROCULAR_PIXELS:g}"


def test_an_encoder_without_a_calibration_measures_nothing() -> None:
    portrait, face = sitter()
    encoder = dataclasses.replace(load_encoder(), calibration=None)
    with pytest.raises(ModelNotInstalledError, match="no calibration"):
        Resemblance(portrait.picture, face, Brightness(), encoder)
