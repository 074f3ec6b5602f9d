"""The person mask: full size, edges of the picture, close-ups of small faces."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.analysis import analyse
from atelier_imaging.segmentation import segment_person

from tests.services.imaging.heads import SeeingModels, head, scene
from tests.services.imaging.painted import paint

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


class RoughSegmenter:
    """A segmenter that answers with a given mask (h, w), shrunk to 256 x 256, whatever it is shown."""

    def __init__(self, mask: NDArray[np.float32]) -> None:
        rows = np.linspace(0, mask.shape[0] - 1, 256).astype(int)
        columns = np.linspace(0, mask.shape[1] - 1, 256).astype(int)
        self._mask = mask[np.ix_(rows, columns)][None, ..., None].astype(np.float32)

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        """Answer for the person segmenter."""
        assert model == "person_segmenter"
        assert inputs["image"].shape == (1, 256, 256, 3)
        return {"mask": self._mask}


def test_a_rough_outline_is_brought_to_the_pictures_own_edges() -> None:
    painted = paint()
    rough = np.roll(painted.person, 3, axis=1).astype(np.float32)
    mask = segment_person(painted.pixels, [], RoughSegmenter(rough))
    assert mask.shape == painted.person.shape
    assert mask.dtype == np.float32
    wrong_before = np.abs(rough - painted.person).mean()
    assert np.abs(mask - painted.person).mean() < 0.8 * wrong_before


def test_certain_places_are_exactly_person_or_background() -> None:
    painted = paint()
    mask = segment_person(painted.pixels, [], RoughSegmenter(painted.person.astype(np.float32)))
    assert mask[0].max() == 0.0
    assert mask[-1, 240] == 1.0


def test_small_faces_are_shown_to_the_segmenter_again_from_close_by_in_the_same_call() -> None:
    picture = scene(1600, 1200)
    models = SeeingModels(picture, [head(300, 300, 60), head(1200, 900, 70)])
    faces = analyse(picture, models)
    models.calls.clear()
    mask = segment_person(picture.pixels, faces, models)
    assert models.calls == [("person_segmenter", 3)]
    assert mask[300, 300] == 1.0
    assert mask[900, 1200] == 1.0
    assert mask[300, 1200] == 0.0


def test_a_large_face_is_segmented_once() -> None:
    picture = scene()
    models = SeeingModels(picture, [head(200, 130, 90)])
    faces = analyse(picture, models)
    models.calls.clear()
    segment_person(picture.pixels, faces, models)
    assert models.calls == [("person_segmenter", 1)]
