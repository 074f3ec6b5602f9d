from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging.identity import aligned, crop_of_face, load_encoder
from atelier_imaging.portrait import Portrait

from tests.services.imaging.heads import SeeingModels, head, scene
from tests.services.imaging.identity.encoders import sitter

ENCODER = load_encoder()


def on_template(portrait: Portrait) -> np.ndarray:
    """Return where the points of the first face come to lie in its aligned square, 0..1."""
    face = portrait.select()
    crop = crop_of_face(face, ENCODER)
    matrix = np.vstack([crop.matrix(1), [0, 0, 1]])
    points = np.column_stack([face.mesh[list(ENCODER.mesh_points), :2], np.ones(len(ENCODER.mesh_points))])
    return np.asarray((np.linalg.inv(matrix) @ points.T)[:2].T)


@pytest.mark.parametrize("roll", [-25.0, 0.0, 40.0])
@pytest.mark.parametrize("width", [40.0, 90.0])
def test_eyes_and_nose_lie_on_the_template_however_the_head_is_rolled(roll: float, width: float) -> None:
    picture = scene(400, 300)
    portrait = Portrait(picture, SeeingModels(picture, [head(200, 130, width, roll=roll)]))
    # A mean head is not quite the template's: 3 % of the square, about 4 pixels.
    assert np.abs(on_template(portrait) - ENCODER.template).max() < 0.03


def test_an_aligned_face_has_the_encoders_size_and_range() -> None:
    portrait, face = sitter()
    drawn = aligned(portrait.picture.pixels, crop_of_face(face, ENCODER), ENCODER)
    assert (drawn.shape, drawn.dtype) == ((150, 150, 3), np.dtype(np.float32))
    assert 0.0 <= drawn.min() < drawn.max() <= 1.0


def test_a_large_face_is_averaged_and_does_not_alias() -> None:
    portrait, face = sitter(width=90.0)
    board = np.tile(np.indices((300, 400)).sum(axis=0)[..., None] % 2 * 65535, 3)
    fine = portrait.picture.with_pixels(board.astype(np.uint16))
    crop = crop_of_face(face, ENCODER)
    wide = type(crop)(crop.x, crop.y, crop.side * 4, crop.angle)
    assert aligned(fine.pixels, wide, ENCODER)[60:90, 60:90].std() < 0.1  # a checkerboard of 0 and 1 deviates by 0.5
