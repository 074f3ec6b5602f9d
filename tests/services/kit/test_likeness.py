"""The identity of every edit, on a real server: measured, held to a floor, kept by less strength."""

from __future__ import annotations

import functools
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import numpy as np
import pytest
from atelier.v1 import image_pb2, report_pb2, style_pb2
from atelier_imaging.decode import decode
from atelier_imaging.encode import EncodeOptions, encode
from atelier_imaging.formats import ImageFormat
from atelier_imaging.identity import load_encoder
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_sdk.errors import FaceTooSmallError, IdentityBelowFloorError, ModelNotInstalledError, NoFaceError
from atelier_service.likeness import Likeness, mixed
from atelier_service.models.fake import FakeModels
from atelier_service.sitting import Outcome, Sitting

from tests.services.imaging.heads import SeeingModels, head, scene
from tests.services.imaging.identity.encoders import Brightness
from tests.services.kit.toys import Toy, double, refusal, running

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from atelier_service.call import Call
    from numpy.typing import NDArray

SCENE = scene(400, 300)
PERCEPTION = ("face_detector", "face_mesh", "iris", "person_segmenter")


class Darkener(Toy):
    """A toy that takes the share of light that its grade's strength names."""

    def grade(self, request: style_pb2.GradeRequest, call: Call) -> style_pb2.GradeResponse:
        sitting = Sitting(request, call)
        face, picture = sitting.face(), sitting.portrait.picture
        dark = picture.with_pixels((picture.pixels * (1 - request.grade.strength)).astype(np.uint16))
        kept = sitting.kept(dark, face)
        image, report = sitting.finish(Outcome(kept, {"strength": request.grade.strength}), face)
        return style_pb2.GradeResponse(image=image, report=report)


def backend(width: float | None = 60.0, *, encoder: bool = True) -> FakeModels:
    """See a head of that width in the scene, or none, with an encoder or without."""
    heads = [] if width is None else [head(200, 130, width)]
    seeing = SeeingModels(SCENE, heads)
    models = FakeModels({name: functools.partial(seeing.infer, name) for name in PERCEPTION})
    models.learn("doubler", double)
    if encoder:
        models.learn("face_encoder", functools.partial(Brightness().infer, "face_encoder"))
    return models


def asked(strength: float, **fields: object) -> style_pb2.GradeRequest:
    content = encode(SCENE, EncodeOptions(format=ImageFormat.PNG)).data
    grade = style_pb2.Grade(preset="x", strength=strength)
    return style_pb2.GradeRequest(image=image_pb2.Image(content=content), grade=grade, **fields)  # type: ignore[arg-type]


def identity(report: report_pb2.Report) -> report_pb2.Measure:
    (found,) = (measure for measure in report.measures if measure.name == "identity_similarity")
    return found


def light_left(image: image_pb2.Image) -> float:
    return float(decode(image.content).pixels.mean() / SCENE.pixels.mean())


async def test_every_report_says_how_like_its_source_an_edit_is(tmp_path: Path) -> None:
    async with running(Darkener(), tmp_path, backend=backend()) as toy:
        values = [identity((await toy.style.Grade(asked(share))).report).value for share in (0.0, 0.1, 0.3)]
    assert values[0] == 1.0 > values[1] > values[2]


async def test_without_an_encoder_the_report_says_so(tmp_path: Path) -> None:
    async with running(Darkener(), tmp_path, backend=backend(encoder=False)) as toy:
        measure = identity((await toy.style.Grade(asked(0.1))).report)
    assert measure.verdict == report_pb2.VERDICT_NOT_MEASURABLE
    assert "face_encoder is not installed" in measure.explanation


async def test_an_edit_below_the_floor_is_refused_with_the_figure(tmp_path: Path) -> None:
    async with running(Darkener(), tmp_path, backend=backend()) as toy:
        reached = identity((await toy.style.Grade(asked(0.3))).report).value
        kept = await toy.style.Grade(asked(0.3, identity_floor=reached - 0.01))
        error = await refusal(toy.style.Grade(asked(0.3, identity_floor=reached + 0.01)))
    assert identity(kept.report).value == pytest.approx(reached)
    assert isinstance(error, IdentityBelowFloorError)
    assert float(error.metadata["similarity"]) == pytest.approx(reached, abs=0.001)
    assert float(error.metadata["floor"]) == pytest.approx(reached + 0.01, abs=0.001)


async def test_an_edit_is_made_as_strong_as_the_floor_allows_where_that_is_asked(tmp_path: Path) -> None:
    async with running(Darkener(), tmp_path, backend=backend()) as toy:
        answer = await toy.style.Grade(asked(0.6, identity_floor=0.8, lower_strength_to_floor=True))
    share = answer.report.parameters["share_of_strength"]
    assert isinstance(share, float)
    assert 0.0 < share < 1.0
    assert light_left(answer.image) == pytest.approx(1 - 0.6 * share, abs=0.01)
    # As strong as it may be: a 64th of the strength more would fall below the floor.
    assert 0.8 <= identity(answer.report).value < 0.8 + 0.03
    assert any("stays at 0.8 or above" in note for note in answer.report.notes)


async def test_an_edit_that_keeps_the_floor_keeps_its_strength(tmp_path: Path) -> None:
    async with running(Darkener(), tmp_path, backend=backend()) as toy:
        answer = await toy.style.Grade(asked(0.1, identity_floor=0.5, lower_strength_to_floor=True))
    assert light_left(answer.image) == pytest.approx(0.9, abs=0.01)
    assert "share_of_strength" not in answer.report.parameters


async def test_a_floor_of_1_leaves_the_picture_as_it_was_where_less_strength_is_asked(tmp_path: Path) -> None:
    async with running(Darkener(), tmp_path, backend=backend()) as toy:
        answer = await toy.style.Grade(asked(0.9, identity_floor=1.0, lower_strength_to_floor=True))
    assert np.array_equal(decode(answer.image.content).pixels, SCENE.pixels)
    assert answer.report.parameters["share_of_strength"] == 0.0


@pytest.mark.parametrize(
    ("models", "error"),
    [
        (backend(None), NoFaceError),
        (backend(encoder=False), ModelNotInstalledError),
        (backend(20.0), FaceTooSmallError),  # pupils are 14 pixels apart, and 16 are needed
    ],
)
async def test_a_floor_that_cannot_be_measured_is_refused_with_what_keeps_it(
    models: FakeModels, error: type[Exception], tmp_path: Path
) -> None:
    async with running(Darkener(), tmp_path, backend=models) as toy:
        assert isinstance(await refusal(toy.style.Grade(asked(0.1, identity_floor=0.5))), error)


def test_a_mixture_is_rounded_to_the_nearest_level_and_ends_at_either_picture() -> None:
    black, white = (Picture.from_array(np.full((2, 2, 3), level, np.uint8)) for level in (0, 255))
    assert [int(mixed(black, white, share).pixels[0, 0, 0]) for share in (0.0, 0.25, 1.0)] == [0, 64, 255]
    assert mixed(black, white, 0.5).pixels.dtype == np.uint8


class Walking:
    """Networks that see one head, wherever it was moved to last, and an encoder that sees where it stands."""

    def __init__(self) -> None:
        self._seeing, self._encoder = SeeingModels(SCENE, []), Brightness()

    def move(self, share: float) -> Picture:
        """Move the head by a share of 160 pixels, and return a picture of its own."""
        self._seeing.heads = [head(120 + 160 * share, 130, 60.0)]
        return SCENE.with_pixels(SCENE.pixels.copy())

    def infer(self, model: str, inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
        return (self._encoder if model == "face_encoder" else self._seeing).infer(model, inputs)


def test_an_edit_that_moves_the_face_is_looked_at_anew_at_each_strength() -> None:
    walking = Walking()
    portrait = Portrait(walking.move(0.0), walking)
    call = SimpleNamespace(models=walking, encoder=load_encoder(), check=lambda: None)
    likeness = Likeness(cast("Call", call), portrait, portrait.select(), 0.8)
    _, share = likeness.strongest(walking.move, moves=True)
    # The scene's red counts columns: 160 of 400 columns are a distance of 0.4, and 0.8 stands for one of 0.205.
    assert share == pytest.approx(0.205 / 0.4, abs=1 / 32)
