"""The drawn analysis: sizes, what it covers, pictures without faces."""

from __future__ import annotations

import numpy as np
import pytest
from atelier_imaging.drawing import draw_analysis, draw_mesh, draw_patches, draw_regions
from atelier_imaging.portrait import Portrait

from tests.services.imaging.heads import SeeingModels, head, scene


def portrait(*meshes: np.ndarray, width: int = 400, height: int = 300) -> Portrait:
    picture = scene(width, height)
    return Portrait(picture, SeeingModels(picture, list(meshes)))


@pytest.mark.parametrize("draw", [draw_mesh, draw_regions, draw_patches])
def test_a_drawing_is_as_long_as_asked_and_keeps_the_proportions(draw: object) -> None:
    drawn = draw(portrait(head(200, 130, 90)), 640)  # type: ignore[operator]
    assert drawn.shape == (480, 640, 3)
    assert drawn.dtype == np.uint8


def test_the_mesh_is_drawn_over_the_face_and_nowhere_far_from_it() -> None:
    plain, drawn = draw_mesh(portrait(), 400), draw_mesh(portrait(head(200, 130, 90)), 400)
    changed = np.abs(drawn.astype(int) - plain).max(axis=2) > 8
    assert changed[80:180, 150:250].mean() > 0.1
    assert changed[:, :80].max() == 0
    assert changed[:, 320:].max() == 0


def test_a_small_face_is_drawn_from_close_by() -> None:
    whole = portrait(width=1600, height=1200)
    close = portrait(head(800, 600, 60), width=1600, height=1200)
    # The scene's red counts columns: from close by, the drawing spans only some of them.
    spans = [np.ptp(draw_mesh(each, 800)[5, :, 0].astype(int)) for each in (whole, close)]
    assert spans[1] < 0.5 * spans[0]


def test_a_picture_without_faces_is_drawn_all_the_same() -> None:
    assert draw_analysis(portrait(), 320).shape == (240, 644, 3)
