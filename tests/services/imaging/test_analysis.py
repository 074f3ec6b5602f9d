"""The analysis as a whole, on scenes whose heads are known."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging.analysis import analyse, search
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.imaging.heads import SeeingModels, head, scene


@settings(deadline=None, max_examples=25)
@given(st.floats(-25, 25), st.floats(-15, 15), st.floats(-30, 30))
def test_a_head_in_any_pose_is_measured_through_all_crops(yaw: float, pitch: float, roll: float) -> None:
    picture = scene()
    mesh = head(200, 130, 90, yaw=yaw, pitch=pitch, roll=roll)
    (face,) = analyse(picture, SeeingModels(picture, [mesh]))
    # A 16-bit scene tells places to a hundredth of a pixel; bilinear crops to a few.
    np.testing.assert_allclose(face.mesh[:, :2], mesh[:, :2], atol=0.1)
    np.testing.assert_allclose(face.mesh[:468, 2], mesh[:468, 2], atol=0.2)
    assert face.pose.yaw_degrees == pytest.approx(yaw, abs=0.3)
    assert face.pose.roll_degrees == pytest.approx(roll, abs=0.3)


def test_the_box_is_the_smallest_one_around_the_face_mesh() -> None:
    picture, mesh = scene(), head(200, 130, 90)
    (face,) = analyse(picture, SeeingModels(picture, [mesh]))
    low, high = mesh[:468, :2].min(axis=0), mesh[:468, :2].max(axis=0)
    box = face.box
    assert (box.left, box.top) == pytest.approx(tuple(low), abs=0.1)
    assert (box.left + box.width, box.top + box.height) == pytest.approx(tuple(high), abs=0.1)


def test_left_and_right_are_the_subjects_own() -> None:
    picture = scene()
    (face,) = analyse(picture, SeeingModels(picture, [head(200, 130, 90)]))
    right_pupil, left_pupil = face.mesh[468], face.mesh[473]
    assert right_pupil[0] < 200 < left_pupil[0]
    assert face.interocular_pixels == pytest.approx(left_pupil[0] - right_pupil[0], abs=0.01)


def test_the_rims_of_both_irises_go_round_the_same_way() -> None:
    picture = scene()
    mesh = head(200, 130, 90)
    (face,) = analyse(picture, SeeingModels(picture, [mesh]))
    np.testing.assert_allclose(face.mesh[468:, :2], mesh[468:, :2], atol=0.1)


def test_points_nearer_to_the_lens_have_larger_z() -> None:
    picture = scene()
    (face,) = analyse(picture, SeeingModels(picture, [head(200, 130, 90)]))
    nose, ear = face.mesh[4, 2], face.mesh[234, 2]
    assert nose > ear


def test_three_faces_are_measured_in_as_many_calls_as_one() -> None:
    picture = scene(1200, 500)
    models = SeeingModels(picture, [head(200, 200, 100), head(600, 200, 120), head(1000, 200, 80)])
    faces = analyse(picture, models)
    assert [face.index for face in faces] == [0, 1, 2]
    assert [round(face.box.left + face.box.width / 2, -2) for face in faces] == [600, 200, 1000]
    after_detection = [call for call in models.calls if call[0] != "face_detector"]
    assert after_detection == [("face_mesh", 3), ("face_mesh", 3), ("iris", 6)]


def test_a_face_that_was_found_twice_is_one_face() -> None:
    picture = scene()
    mesh = head(200, 130, 90)
    assert len(analyse(picture, SeeingModels(picture, [mesh, mesh + 0.5]))) == 1


def test_a_detection_on_which_no_mesh_settles_is_no_face_and_is_told() -> None:
    picture = scene()
    found = search(picture.pixels, SeeingModels(picture, [head(200, 130, 90)], hidden=frozenset({0})))
    assert found.faces == ()
    assert len(found.unmeasured) == 1


def test_an_empty_scene_has_no_faces_and_runs_nothing_but_the_detector() -> None:
    picture = scene()
    models = SeeingModels(picture, [])
    assert analyse(picture, models) == ()
    assert {name for name, _ in models.calls} == {"face_detector"}


def test_a_measured_mesh_cannot_be_written_to() -> None:
    picture = scene()
    (face,) = analyse(picture, SeeingModels(picture, [head(200, 130, 90)]))
    with pytest.raises(ValueError, match="read-only"):
        face.mesh[0] = 0
