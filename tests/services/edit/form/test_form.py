"""The form of a person: which way surfaces face, and what stands before what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier_edit.form.field import normals_of
from atelier_edit.form.form import Form, form_of
from atelier_edit.form.symmetry import LEFT, RIGHT

if TYPE_CHECKING:
    from atelier_imaging.portrait import Portrait


@pytest.fixture(scope="module")
def form(astronaut: Portrait) -> Form:
    return form_of(astronaut, astronaut.select())


def _at(form: Form, point: int) -> tuple[int, int]:
    x, y = form.points[point, :2].round().astype(int)
    return int(y), int(x)


def test_normals_are_of_length_one(form: Form) -> None:
    assert np.abs(np.linalg.norm(form.normals, axis=-1) - 1).max() < 1e-4


def test_cheeks_face_their_own_side_and_the_forehead_the_lens(form: Form) -> None:
    # 234 and 454 lie before the ears, 50 and 280 on the cheeks; x runs to the picture's right, the subject's left.
    assert form.normals[_at(form, 50)][0] < -0.2
    assert form.normals[_at(form, 280)][0] > 0.2
    assert form.normals[_at(form, 151)][2] > 0.8


def test_the_nose_stands_before_the_cheeks_and_the_jaw_before_the_neck(form: Form) -> None:
    assert form.height[_at(form, 4)] > form.height[_at(form, 50)] + 0.2
    row, column = _at(form, 152)
    below = round(0.25 * form.unit)
    assert form.height[row - 2, column] > form.height[row + below, column] + 0.2


def test_the_silhouette_turns_away_from_the_lens(form: Form) -> None:
    person = form.person > 0.9
    row, column = _at(form, 10)
    edge = int(np.flatnonzero(person[:, column])[0])
    # Hair has no sharp edge, so the turn is spread over an eighth of the pupils' distance.
    assert form.normals[edge + 1, column][1] > 0.5
    assert form.normals[row, column][1] < form.normals[edge + 1, column][1]


def test_a_corner_of_the_eye_and_the_neck_see_less_of_the_room_than_the_forehead(form: Form) -> None:
    open_forehead = form.openness[_at(form, 151)]
    row, column = _at(form, 152)
    assert form.openness[_at(form, 243)] < open_forehead
    assert form.openness[row + round(0.2 * form.unit), column] < 0.95 * open_forehead


def test_mirrored_points_are_a_partition_of_the_sides() -> None:
    assert len(RIGHT) == len(LEFT) == 220
    assert not set(RIGHT) & set(LEFT)


def test_mirrored_points_mirror_each_other(astronaut: Portrait) -> None:
    face = astronaut.select()
    middle = face.mesh[168, 0]
    right, left = face.mesh[list(RIGHT), 0], face.mesh[list(LEFT), 0]
    off = (right + left) / 2 - middle
    # She looks nearly into the lens: pairs meet at the bridge of the nose within a tenth of the pupils' distance.
    assert np.abs(off).max() < 0.2 * face.interocular_pixels
    assert np.abs(np.median(off)) < 0.1 * face.interocular_pixels


def test_a_plane_that_rises_to_the_right_faces_left() -> None:
    height = np.tile(np.float32(np.arange(32) / 8), (32, 1))
    normal = normals_of(height, unit=8)[16, 16]
    assert np.allclose(normal, np.array([-1, 0, 1]) / np.sqrt(2), atol=1e-5)
