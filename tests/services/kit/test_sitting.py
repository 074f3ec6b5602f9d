"""A sitting on a real server: what every edit has in common."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
from atelier.v1 import face_pb2, image_pb2, style_pb2
from atelier_imaging.decode import decode
from atelier_sdk.errors import ImageTooLargeError, NoFaceError, UnsupportedFormatError
from atelier_sdk.testing.portrait import header_beyond
from atelier_service.models.fake import FakeModels
from atelier_service.sitting import Outcome, Sitting
from PIL import Image

from tests.services.kit.toys import Toy, capability, double, refusal, running

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from atelier_service.call import Call
    from numpy.typing import NDArray

UUID = "6f1d7b0e-5a3c-4f0e-9f5d-0d3f3a0f2b11"
WALL = np.tile(np.arange(64, dtype=np.uint8)[:, None, None], (1, 80, 3))


def no_face(inputs: Mapping[str, NDArray[np.float32]]) -> dict[str, NDArray[np.float32]]:
    """Answer as a detector that sees no face."""
    count = len(inputs["image"])
    return {"boxes": np.zeros((count, 896, 16), np.float32), "scores": np.full((count, 896, 1), -50.0, np.float32)}


class Inverter(Toy):
    """A toy that inverts pictures."""

    def grade(self, request: style_pb2.GradeRequest, call: Call) -> style_pb2.GradeResponse:
        sitting = Sitting(request, call)
        face = sitting.face()
        picture = sitting.portrait.picture
        inverted = picture.with_pixels(255 - picture.pixels)
        image, report = sitting.finish(Outcome(inverted, {"seed": call.drawn_seed()}, (), ("Inverted.",)), face)
        return style_pb2.GradeResponse(image=image, report=report)


def asked(content: bytes | None = None, **fields: object) -> style_pb2.GradeRequest:
    if content is None:
        stream = BytesIO()
        Image.fromarray(WALL).save(stream, "PNG")
        content = stream.getvalue()
    image = image_pb2.Image(content=content)
    return style_pb2.GradeRequest(image=image, grade=style_pb2.Grade(preset="x"), **fields)  # type: ignore[arg-type]


def backend() -> FakeModels:
    return FakeModels({"doubler": double, "face_detector": no_face})


async def test_a_sitting_gives_back_the_picture_with_its_report(tmp_path: Path) -> None:
    async with running(Inverter(), tmp_path, backend=backend()) as toy:
        answer = await toy.style.Grade(asked())
    assert np.array_equal(decode(answer.image.content).pixels, 255 - WALL)
    report = answer.report
    assert (report.input.width, report.input.height, report.output.format) == (80, 64, "png")
    assert list(report.notes) == ["Inverted."]
    assert [timing.stage for timing in report.timings] == [
        *("load", "decode", "analyse", "measure", "identity", "encode", "store")
    ]


async def test_the_same_call_draws_the_same_seed_and_another_one_another(tmp_path: Path) -> None:
    async with running(Inverter(), tmp_path, backend=backend()) as toy:
        seeds = [
            (await toy.style.Grade(asked(request_id=identifier))).report.parameters["seed"]
            for identifier in (UUID, UUID, UUID.replace("6f", "7f"))
        ]
    assert seeds[0] == seeds[1] != seeds[2]


async def test_a_face_that_is_named_must_be_there(tmp_path: Path) -> None:
    async with running(Inverter(), tmp_path, backend=backend()) as toy:
        error = await refusal(toy.style.Grade(asked(face=face_pb2.FaceSelector(index=0))))
    assert isinstance(error, NoFaceError)


async def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    async with running(Inverter(), tmp_path, backend=backend()) as toy:
        error = await refusal(toy.style.Grade(asked(b"GIF8 not really")))
    assert isinstance(error, UnsupportedFormatError)


async def test_a_picture_of_as_many_pixels_as_the_capability_takes_is_worked_on(tmp_path: Path) -> None:
    async with running(Inverter(), tmp_path, backend=backend(), declared=capability(max_pixels=80 * 64)) as toy:
        answer = await toy.style.Grade(asked())
    assert (answer.report.output.width, answer.report.output.height) == (80, 64)


async def test_a_picture_of_more_pixels_than_the_capability_takes_is_refused(tmp_path: Path) -> None:
    async with running(Inverter(), tmp_path, backend=backend(), declared=capability(max_pixels=80 * 64 - 1)) as toy:
        error = await refusal(toy.style.Grade(asked()))
    assert isinstance(error, ImageTooLargeError)
    assert error.metadata["max_pixels"] == "5119"


async def test_the_header_alone_says_that_a_picture_is_too_large(tmp_path: Path) -> None:
    async with running(Inverter(), tmp_path, backend=backend(), declared=capability(max_pixels=5000)) as toy:
        error = await refusal(toy.style.Grade(asked(header_beyond(5000))))
    assert isinstance(error, ImageTooLargeError)
