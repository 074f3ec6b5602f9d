"""The portrait: everything once, only when asked; selection; refusals that say what was measured."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_sdk.errors import FaceNotSelectedError, FaceTooSmallError, NoFaceError, PoseTooExtremeError

from tests.services.imaging.heads import SeeingModels, head, scene


def portrait(*meshes: np.ndarray, hidden: frozenset[int] = frozenset()) -> Portrait:
    picture = scene(800, 400)
    return Portrait(picture, SeeingModels(picture, list(meshes), hidden))


def runs(of: Portrait) -> list[str]:
    models = of._models
    assert isinstance(models, SeeingModels)
    return [name for name, _ in models.calls]


LEFT, RIGHT = head(200, 160, 110), head(600, 160, 90)


def test_nothing_is_run_before_something_is_asked() -> None:
    assert runs(portrait(LEFT)) == []


def test_faces_are_found_once_and_need_no_segmentation() -> None:
    subject = portrait(LEFT)
    assert subject.faces is subject.faces
    assert runs(subject).count("face_mesh") == 2
    assert "person_segmenter" not in runs(subject)


def test_masks_of_several_regions_segment_the_person_once() -> None:
    subject = portrait(LEFT)
    for region in Region:
        mask = subject.mask(region)
        assert mask is subject.mask(region)
        assert mask.shape == (400, 800)
        assert mask.dtype == np.float32
        assert 0 <= mask.min() <= mask.max() <= 1
    assert runs(subject).count("person_segmenter") == 1


def test_threads_that_ask_at_once_share_one_analysis() -> None:
    subject = portrait(LEFT)
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: subject.faces, range(8)))
    assert all(answer is answers[0] for answer in answers)
    assert runs(subject).count("iris") == 1


def test_without_a_selector_the_largest_face_is_meant() -> None:
    assert portrait(LEFT, RIGHT).select().index == 0
    assert portrait(LEFT, RIGHT).select().box.left < 400


def test_a_pixel_selects_the_face_around_it() -> None:
    assert portrait(LEFT, RIGHT).select(at=(600, 200)).index == 1


@pytest.mark.parametrize("selector", [{"index": 2}, {"index": -1}, {"at": (400.0, 20.0)}])
def test_a_selector_that_points_at_no_face_is_refused_with_how_many_there_are(selector: dict[str, object]) -> None:
    with pytest.raises(FaceNotSelectedError) as refused:
        portrait(LEFT, RIGHT).select(**selector)  # type: ignore[arg-type]
    assert refused.value.metadata["faces"] == "2"


def test_a_picture_without_a_face_is_refused() -> None:
    with pytest.raises(NoFaceError):
        portrait().require_face()


def test_a_small_face_is_refused_with_the_limit_and_its_size() -> None:
    with pytest.raises(FaceTooSmallError) as refused:
        portrait(LEFT).require_face(min_interocular_pixels=200)
    metadata = refused.value.metadata
    assert (metadata["measure"], metadata["limit"]) == ("interocular_pixels", "200")
    assert float(metadata["measured"]) == pytest.approx(110 * 0.71, rel=0.05)


def test_a_turned_head_is_not_taken_for_a_small_one() -> None:
    turned = portrait(head(200, 160, 110, yaw=40))
    ahead = portrait(LEFT).select().interocular_pixels
    assert turned.select().interocular_pixels < 0.85 * ahead
    assert turned.require_face(min_interocular_pixels=0.9 * ahead) is turned.faces[0]


@pytest.mark.parametrize(("measure", "turn"), [("yaw_degrees", {"yaw": -33.0}), ("pitch_degrees", {"pitch": 25.0})])
def test_an_extreme_pose_is_refused_with_the_limit_and_the_angle(measure: str, turn: dict[str, float]) -> None:
    with pytest.raises(PoseTooExtremeError) as refused:
        portrait(head(200, 160, 110, (0.0, 0.0), **turn)).require_face(max_yaw_degrees=30, max_pitch_degrees=20)
    metadata = refused.value.metadata
    assert metadata["measure"] == measure
    assert metadata["limit"] == {"yaw_degrees": "30", "pitch_degrees": "20"}[measure]
    assert float(metadata["measured"]) == pytest.approx(next(iter(turn.values())), abs=0.3)


def test_a_face_within_all_limits_is_returned() -> None:
    subject = portrait(head(200, 160, 110, yaw=20, pitch=-10))
    face = subject.require_face(min_interocular_pixels=60, max_yaw_degrees=30, max_pitch_degrees=20)
    assert face is subject.faces[0]


def test_a_profile_that_no_mesh_fits_is_refused_for_its_pose() -> None:
    with pytest.raises(PoseTooExtremeError) as refused:
        portrait(head(200, 160, 110, yaw=75), hidden=frozenset({0})).require_face()
    assert float(refused.value.metadata["measured"]) > 45


def test_a_tiny_face_that_no_mesh_fits_is_refused_for_its_size() -> None:
    with pytest.raises(FaceTooSmallError):
        portrait(head(200, 160, 13), hidden=frozenset({0})).require_face()


def test_masks_of_a_picture_without_faces_are_empty_and_all_of_it_is_background() -> None:
    subject = portrait()
    assert subject.mask(Region.SKIN).max() == 0.0
    assert subject.mask(Region.BACKGROUND).min() == 1.0


def test_a_mask_of_all_faces_is_the_union_of_each() -> None:
    subject = portrait(LEFT, RIGHT)
    each = [subject.mask(Region.EYES, face) for face in subject.faces]
    np.testing.assert_array_equal(subject.mask(Region.EYES), np.maximum(*each))
    assert each[0][:, 400:].max() == 0.0
    assert each[1][:, :400].max() == 0.0


def test_a_mask_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        portrait(LEFT).mask(Region.LIPS)[0, 0] = 1
