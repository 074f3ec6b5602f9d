"""The service on loopback. Faces need real models: those tests skip where none are installed."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from atelier.v1 import face_pb2, image_pb2, report_pb2, style_pb2, style_pb2_grpc
from atelier_imaging.decode import decode
from atelier_rpc.artifacts import ArtifactStore
from atelier_rpc.errors import from_rpc_error
from atelier_rpc.places import home_folder
from atelier_service.models.fake import FakeModels
from atelier_service.models.in_process import InProcessModels
from atelier_service.server import Server
from atelier_style.capability import style_capability
from atelier_style.cube import parse_cube
from atelier_style.presets import grades, stocks
from atelier_style.servicer import StyleServicer
from google.protobuf import json_format
from PIL import Image

from tests.services.style.portraits import no_face

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable

    from atelier_sdk.errors import AtelierError
    from atelier_service.models.backend import ModelBackend
    from numpy.typing import NDArray


def png(pixels: NDArray[np.uint8]) -> image_pb2.Image:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return image_pb2.Image(content=stream.getvalue())


def pixels_of(image: image_pb2.Image) -> NDArray[np.uint8]:
    return np.asarray(decode(image.content).pixels, np.uint8)


@asynccontextmanager
async def serving(tmp_path: Path, backend: ModelBackend) -> AsyncIterator[style_pb2_grpc.StyleServiceAsyncStub]:
    store = ArtifactStore.from_url((tmp_path / "artifacts").as_uri())
    server = Server(
        style_capability(), StyleServicer(), backend=backend, store=store, uri_hosts=(), canary_seconds=30.0
    )
    port = await server.start("127.0.0.1:0")
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        try:
            yield style_pb2_grpc.StyleServiceStub(channel)
        finally:
            await server.drain(0.2)


@pytest.fixture
async def faceless(tmp_path: Path) -> AsyncIterator[style_pb2_grpc.StyleServiceAsyncStub]:
    """The service with a detector that sees no face."""
    async with serving(tmp_path, FakeModels({"face_detector": no_face})) as stub:
        yield stub


@pytest.fixture
async def seeing(tmp_path: Path) -> AsyncIterator[style_pb2_grpc.StyleServiceAsyncStub]:
    """The service with the installed models."""
    home = os.environ.get("ATELIER_HOME")
    folder = home_folder(Path(home) if home else None) / "models"
    if not all((folder / model).is_dir() for model in style_capability().models):
        pytest.skip(f"no models in {folder}; `make models` installs them")
    async with serving(tmp_path, InProcessModels(folder)) as stub:
        yield stub


async def refusal(call: Awaitable[object]) -> AtelierError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value)


def verdicts(report: report_pb2.Report) -> dict[str, str]:
    return {
        measure.name: report_pb2.Verdict.Name(measure.verdict).removeprefix("VERDICT_") for measure in report.measures
    }


WALL = np.tile(np.linspace(60, 190, 160, dtype=np.uint8)[:, None, None], (1, 200, 3))


async def test_a_wall_is_graded_and_skin_is_not_measurable(faceless: style_pb2_grpc.StyleServiceAsyncStub) -> None:
    request = style_pb2.GradeRequest(image=png(WALL), grade=style_pb2.Grade(preset="golden_warm", export_lut=True))
    answer = await faceless.Grade(request)
    assert not np.array_equal(pixels_of(answer.image), WALL)
    assert parse_cube(answer.lut).size == 33
    assert verdicts(answer.report) == {
        "global_shift": "NOT_MEASURABLE",  # a wall has nothing to be laid on
        "texture_ratio": "NOT_MEASURABLE",
        "skin_delta_e": "NOT_MEASURABLE",
        "identity_similarity": "NOT_MEASURABLE",
    }


async def test_the_report_holds_every_effective_parameter_and_the_drawn_seed(
    faceless: style_pb2_grpc.StyleServiceAsyncStub,
) -> None:
    request = style_pb2.ApplyRequest(
        request_id="2f1c6a5e-9a53-4c57-9f3c-0a7d5e6f4b21",
        image=png(WALL),
        grade=style_pb2.Grade(preset="moody_cinematic"),
        grain=style_pb2.Grain(stock="tri_x_400"),
    )
    answer = await faceless.Apply(request)
    parameters = json_format.MessageToDict(answer.report.parameters)
    assert parameters["grade"]["preset"] == "moody_cinematic"
    assert parameters["grade"]["strength"] == 1.0
    assert parameters["grade"]["vignette"] == pytest.approx(grades()["moody_cinematic"].vignette)
    assert parameters["grain"]["iso"] == 400
    assert parameters["grain"]["radius_pixels"] == pytest.approx(stocks()["tri_x_400"].model.radius)
    again = await faceless.Apply(
        style_pb2.ApplyRequest(
            image=request.image,
            grade=request.grade,
            grain=style_pb2.Grain(stock="tri_x_400", seed=int(parameters["grain"]["seed"])),
        )
    )
    assert again.image.content == answer.image.content


async def test_empty_requests_answer_the_pixels_of_their_picture(
    faceless: style_pb2_grpc.StyleServiceAsyncStub,
) -> None:
    image = png(WALL)
    graded = await faceless.Grade(style_pb2.GradeRequest(image=image, grade=style_pb2.Grade()))
    grained = await faceless.Grain(style_pb2.GrainRequest(image=image, grain=style_pb2.Grain()))
    applied = await faceless.Apply(style_pb2.ApplyRequest(image=image))
    for answer in (graded, grained, applied):
        assert np.array_equal(pixels_of(answer.image), WALL)


async def test_the_look_and_grain_of_references_are_taken_over(
    faceless: style_pb2_grpc.StyleServiceAsyncStub, astronaut: NDArray[np.uint8]
) -> None:
    answer = await faceless.Apply(
        style_pb2.ApplyRequest(
            image=png(WALL),
            grade=style_pb2.Grade(reference=png(astronaut)),
            grain=style_pb2.Grain(reference=png(astronaut), seed=1),
        )
    )
    parameters = json_format.MessageToDict(answer.report.parameters)
    assert parameters["grade"]["match_method"] == "reinhard"
    assert parameters["grain"]["estimate"]["blocks"] > 5
    assert not np.array_equal(pixels_of(answer.image), WALL)


async def test_skin_tone_needs_a_face(faceless: style_pb2_grpc.StyleServiceAsyncStub) -> None:
    request = style_pb2.SkinToneRequest(image=png(WALL), skin_tone=style_pb2.SkinTone(warmth=0.5))
    assert (await refusal(faceless.SkinTone(request))).reason == "NO_FACE"


async def test_a_floor_of_identity_needs_a_face(faceless: style_pb2_grpc.StyleServiceAsyncStub) -> None:
    request = style_pb2.GradeRequest(image=png(WALL), grade=style_pb2.Grade(preset="golden_warm"), identity_floor=0.5)
    error = await refusal(faceless.Grade(request))
    assert error.reason == "NO_FACE"
    assert error.metadata["field"] == "identity_floor"


async def test_a_floor_of_zero_is_no_floor(faceless: style_pb2_grpc.StyleServiceAsyncStub) -> None:
    request = style_pb2.GradeRequest(image=png(WALL), grade=style_pb2.Grade(preset="golden_warm"), identity_floor=0.0)
    assert (await faceless.Grade(request)).report.operation == "style.grade"


async def test_unknown_names_are_refused_together(faceless: style_pb2_grpc.StyleServiceAsyncStub) -> None:
    request = style_pb2.ApplyRequest(
        image=png(WALL), grade=style_pb2.Grade(preset="golden_worm"), grain=style_pb2.Grain(stock="try_x")
    )
    error = await refusal(faceless.Apply(request))
    assert error.reason == "PRESET_UNKNOWN"
    assert [violation.field for violation in error.violations] == ["grade.preset", "grain.stock"]


async def test_a_malformed_table_is_refused_with_its_line(faceless: style_pb2_grpc.StyleServiceAsyncStub) -> None:
    request = style_pb2.GradeRequest(image=png(WALL), grade=style_pb2.Grade(lut=b"LUT_3D_SIZE 2\n0 0 0\n1 0 zero\n"))
    error = await refusal(faceless.Grade(request))
    assert (error.reason, error.metadata["line"]) == ("LUT_MALFORMED", "3")


async def test_a_face_is_toned_and_measured(
    seeing: style_pb2_grpc.StyleServiceAsyncStub, astronaut: NDArray[np.uint8]
) -> None:
    request = style_pb2.SkinToneRequest(image=png(astronaut), skin_tone=style_pb2.SkinTone(warmth=0.8))
    answer = await seeing.SkinTone(request)
    seen = verdicts(answer.report)
    changed = (pixels_of(answer.image) != astronaut).any(axis=2)
    assert (seen["seam"], seen["outside_mask_difference"], seen["global_shift"]) == ("PASS", "PASS", "PASS")
    assert [face.selected for face in answer.report.faces] == [True]
    assert 0.005 < changed.mean() < 0.2


async def test_a_protected_face_moves_less_than_an_unprotected_one(
    seeing: style_pb2_grpc.StyleServiceAsyncStub, astronaut: NDArray[np.uint8]
) -> None:
    moved = []
    for share in (0.0, 0.5, 1.0):
        grade = style_pb2.Grade(preset="teal_orange", protect_skin=share)
        answer = await seeing.Grade(style_pb2.GradeRequest(image=png(astronaut), grade=grade))
        moved += [measure.value for measure in answer.report.measures if measure.name == "skin_delta_e"]
    assert moved == sorted(moved, reverse=True)


async def test_a_point_names_the_face(
    seeing: style_pb2_grpc.StyleServiceAsyncStub, astronaut: NDArray[np.uint8]
) -> None:
    pair = np.concatenate([astronaut[:300, 80:380], astronaut[:300, 80:380][:, ::-1]], axis=1)
    request = style_pb2.SkinToneRequest(
        image=png(np.ascontiguousarray(pair)),
        skin_tone=style_pb2.SkinTone(warmth=1.0),
        face=face_pb2.FaceSelector(at=face_pb2.Point(x=450, y=120)),
    )
    answer = await seeing.SkinTone(request)
    changed = (pixels_of(answer.image) != pair).any(axis=2)
    assert changed[:, 300:].any()
    assert not changed[:, :250].any()


async def test_a_face_beside_the_point_is_refused(
    seeing: style_pb2_grpc.StyleServiceAsyncStub, astronaut: NDArray[np.uint8]
) -> None:
    request = style_pb2.GradeRequest(
        image=png(astronaut),
        grade=style_pb2.Grade(preset="golden_warm"),
        face=face_pb2.FaceSelector(at=face_pb2.Point(x=3, y=3)),
    )
    assert (await refusal(seeing.Grade(request))).reason == "FACE_NOT_SELECTED"


def test_every_preset_is_in_the_catalogue() -> None:
    listed = {(preset.kind, preset.name) for preset in StyleServicer().presets()}
    assert listed == {("grade", name) for name in grades()} | {("stock", name) for name in stocks()}
