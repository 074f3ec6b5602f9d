"""The detector's output decoded, and the search for faces of all sizes."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging.crop import Crop
from atelier_imaging.detector import anchors, decode, detect, suppress, tiles

from tests.services.imaging.heads import SeeingModels, head, scene


def test_there_are_896_anchors_two_a_cell_of_the_fine_grid_and_six_of_the_coarse_one() -> None:
    places, counts = np.unique(anchors(), axis=0, return_counts=True)
    assert anchors().shape == (896, 2)
    assert len(places) == 16 * 16 + 8 * 8
    assert sorted(set(counts.tolist())) == [2, 6]


def test_a_box_is_decoded_relative_to_its_anchor_and_brought_to_the_picture() -> None:
    boxes, scores = np.zeros((1, 896, 16), np.float32), np.full((1, 896, 1), -9, np.float32)
    boxes[0, 0, :6] = (12.8, 25.6, 64, 32, 0, 0)
    scores[0, 0] = 0.0
    row = decode(boxes, scores, (Crop(100, 200, 100),))[0]
    # The first anchor lies at 1/32 of the crop, whose corner is (50, 150): 50 + 100 * (1/32 + 0.1).
    assert row[:7] == pytest.approx([0.5, 63.125, 173.125, 50, 25, 53.125, 153.125], abs=1e-4)


def test_huge_logits_do_not_overflow() -> None:
    scores = np.full((1, 896, 1), 1e6, np.float32)
    assert decode(np.zeros((1, 896, 16), np.float32), scores, (Crop(50, 50, 100),))[:, 0] == pytest.approx(1.0)


def test_overlapping_finds_become_their_average_weighted_by_score() -> None:
    rows = np.zeros((3, 17), np.float32)
    rows[:, :5] = [(0.9, 50, 50, 20, 20), (0.6, 53, 50, 20, 20), (0.8, 150, 50, 20, 20)]
    merged = suppress(rows)
    assert merged[:, 0].tolist() == pytest.approx([0.9, 0.8])
    assert merged[0, 1] == pytest.approx((0.9 * 50 + 0.6 * 53) / 1.5)


def test_tiles_cover_the_picture_and_overlap_by_a_third() -> None:
    squares = tiles(400, 300, 100)
    covered = np.zeros((300, 400), np.int64)
    for square in squares:
        left, top = round(square.x - 50), round(square.y - 50)
        assert 0 <= left <= 300
        assert 0 <= top <= 200
        covered[top : top + 100, left : left + 100] += 1
    assert covered.min() >= 1
    columns = sorted({square.x for square in squares})
    assert max(np.diff(columns)) <= 67


def test_a_large_face_needs_one_look() -> None:
    picture = scene()
    models = SeeingModels(picture, [head(200, 130, 90)])
    (found,) = detect(picture.pixels, models)
    assert models.calls == [("face_detector", 1)]
    assert found.box.left + found.box.width / 2 == pytest.approx(200, abs=2)
    assert found.keypoints[1, 0] > found.keypoints[0, 0]


def test_small_faces_are_found_in_tiles_that_are_looked_at_in_one_batch() -> None:
    picture = scene(1600, 1200)
    models = SeeingModels(picture, [head(300, 300, 30), head(1200, 900, 24)])
    found = detect(picture.pixels, models)
    assert [round(each.keypoints[2, 0], -1) for each in found] == [300, 1200]
    assert len({name for name, _ in models.calls}) == 1
    assert [size for _, size in models.calls] == [1, 4, 24]


def test_a_smaller_person_beside_somebody_is_found() -> None:
    picture = scene(800, 600)
    models = SeeingModels(picture, [head(250, 300, 60), head(650, 300, 36)])
    assert [round(each.keypoints[2, 0], -1) for each in detect(picture.pixels, models)] == [250, 650]


def test_faces_are_ordered_by_size_whatever_their_scores() -> None:
    picture = scene(800, 400)
    models = SeeingModels(picture, [head(150, 150, 60), head(600, 180, 100)])
    assert [found.box.left > 400 for found in detect(picture.pixels, models)] == [True, False]


def test_a_weak_find_that_a_second_look_does_not_share_is_dropped() -> None:
    picture = scene()

    class Imagining(SeeingModels):
        def _detect(self, image: np.ndarray) -> dict[str, np.ndarray]:
            self.certainty = 0.5 if len(self.calls) == 1 else -5.0
            return SeeingModels._detect(self, image)

    models = Imagining(picture, [head(200, 130, 90)])
    assert detect(picture.pixels, models) == ()
    assert models.calls[0] == ("face_detector", 1)
    assert len(models.calls) > 1


def test_a_picture_of_one_pixel_holds_no_face() -> None:
    picture = scene(1, 1)
    assert detect(picture.pixels, SeeingModels(picture, [])) == ()
