"""What cannot be shown of a face is refused before any work."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from atelier_expression.closed import is_closed
from atelier_expression.controls import Adjustment
from atelier_expression.limits import require_reachable
from atelier_imaging.face import Expression, Face
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import EyesClosedError, FaceTooSmallError, PoseTooExtremeError
from atelier_service.models.fake import FakeModels

from tests.services.expression.faces import SIZE, mean_face

SKIN = 190


def portrait_of(face: Face, iris: int = 60) -> Portrait:
    """Draw skin with two discs where the irises are."""
    pixels = np.full((SIZE[1], SIZE[0], 3), SKIN, np.uint8)
    rows, columns = np.mgrid[: SIZE[1], : SIZE[0]] + 0.5
    for points in (range(468, 473), range(473, 478)):
        middle = face.mesh[points[0], :2]
        radius = np.linalg.norm(face.mesh[list(points[1:]), :2] - middle, axis=1).mean()
        pixels[np.hypot(columns - middle[0], rows - middle[1]) < radius] = iris
    return Portrait(Picture.from_array(pixels), FakeModels({}))


def test_a_turn_beyond_what_can_be_shown_names_every_limit() -> None:
    face = mean_face(yaw=22, pitch=14)

    with pytest.raises(PoseTooExtremeError) as caught:
        require_reachable(portrait_of(face), face, Adjustment(yaw_degrees=14, pitch_degrees=14))

    assert {violation.field for violation in caught.value.violations} == {
        "adjustment.yaw_degrees",
        "adjustment.pitch_degrees",
    }
    assert caught.value.metadata["limit"] in caught.value.message


def passed(face: Face, asked: Adjustment) -> set[str]:
    """Return the fields that ask too much of a pose."""
    try:
        require_reachable(portrait_of(face), face, asked)
    except PoseTooExtremeError as error:
        return {violation.field for violation in error.violations}
    return set()


def test_turning_back_towards_the_lens_is_never_too_far() -> None:
    face = mean_face(yaw=33)

    assert passed(face, Adjustment(yaw_degrees=-15)) == set()
    assert passed(face, Adjustment(yaw_degrees=1)) == {"adjustment.yaw_degrees"}


def test_a_gaze_that_leaves_the_lids_is_refused() -> None:
    face = mean_face(gaze=(20, 0))

    with pytest.raises(PoseTooExtremeError, match="left gaze x"):
        require_reachable(portrait_of(face), face, Adjustment(gaze_x_degrees=25))


def test_a_profile_and_a_speck_are_refused() -> None:
    turned, small = mean_face(yaw=40), mean_face(width=40)

    with pytest.raises(PoseTooExtremeError):
        require_reachable(portrait_of(turned), turned, Adjustment(smile=0.5))
    with pytest.raises(FaceTooSmallError):
        require_reachable(portrait_of(small), small, Adjustment(smile=0.5))


def closed(face: Face) -> Face:
    return replace(face, expression=Expression(0.18, 0.18, 0.1, 0.1))


def test_closed_eyes_are_not_opened_and_do_not_look_elsewhere() -> None:
    face = closed(mean_face())
    asleep = portrait_of(face, iris=SKIN)

    with pytest.raises(EyesClosedError) as caught:
        require_reachable(asleep, face, Adjustment(left_eye_open=0.5, right_eye_open=0.5))
    assert [violation.field for violation in caught.value.violations] == [
        "adjustment.left_eye_open",
        "adjustment.right_eye_open",
    ]
    with pytest.raises(EyesClosedError):
        require_reachable(asleep, face, Adjustment(gaze_x_degrees=5))
    require_reachable(asleep, face, Adjustment(smile=0.5, left_eye_open=-0.2))


def test_narrow_eyes_with_a_dark_iris_are_open() -> None:
    face = closed(mean_face())

    assert not is_closed(portrait_of(face).picture.pixels, face, 0)
    assert is_closed(portrait_of(face, iris=SKIN).picture.pixels, face, 0)
