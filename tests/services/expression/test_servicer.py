"""The service on loopback, with the installed models."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from atelier.v1 import expression_pb2, face_pb2, image_pb2, report_pb2
from atelier_imaging.decode import decode
from atelier_rpc.errors import from_rpc_error
from google.protobuf import json_format
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from atelier.v1 import expression_pb2_grpc
    from atelier_sdk.errors import AtelierError
    from numpy.typing import NDArray

    Stub = expression_pb2_grpc.ExpressionServiceAsyncStub


def png(pixels: NDArray[np.uint8]) -> image_pb2.Image:
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    return image_pb2.Image(content=stream.getvalue())


def pixels_of(image: image_pb2.Image) -> NDArray[np.uint8]:
    return np.asarray(decode(image.content).pixels, np.uint8)


def asked(pixels: NDArray[np.uint8], **controls: Any) -> expression_pb2.AdjustRequest:
    adjustment = expression_pb2.ExpressionAdjustment(**controls)
    return expression_pb2.AdjustRequest(image=png(pixels), adjustment=adjustment)


async def refusal(call: Awaitable[object]) -> AtelierError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value)


def values(report: report_pb2.Report) -> dict[str, float]:
    return {measure.name: measure.value for measure in report.measures if measure.HasField("value")}


async def test_a_turn_is_measured_back_and_leaves_the_background(service: Stub, astronaut: NDArray[np.uint8]) -> None:
    answer = await service.Adjust(asked(astronaut, yaw_degrees=10.0))

    before, after = answer.report.faces[0].pose, answer.result_face.pose
    assert abs(after.yaw_degrees - before.yaw_degrees - 10.0) <= 2.0
    assert abs(after.pitch_degrees - before.pitch_degrees) <= 3.0
    assert values(answer.report)["outside_mask_difference"] == 0
    assert values(answer.report)["flow_jacobian"] > 0
    assert np.array_equal(pixels_of(answer.image)[-60:], astronaut[-60:])


async def test_the_report_holds_what_was_asked_and_every_measure(service: Stub, astronaut: NDArray[np.uint8]) -> None:
    answer = await service.Adjust(asked(astronaut, expression="joyful", gaze_x_degrees=-6.0))

    parameters = json_format.MessageToDict(answer.report.parameters)
    assert parameters["expression"] == "joyful"
    assert parameters["smile"] == pytest.approx(0.95)
    assert parameters["gaze_x_degrees"] == -6.0
    names = {measure.name for measure in answer.report.measures}
    assert {
        "gaze_error",
        "expression_error",
        "flow_jacobian",
        "outside_mask_difference",
        "identity_similarity",
    } <= names


async def test_only_the_part_that_may_move_moves(service: Stub, astronaut: NDArray[np.uint8]) -> None:
    answer = await service.Adjust(asked(astronaut, smile=0.6, brow_raise=0.5, region=face_pb2.REGION_BROWS))

    parameters = json_format.MessageToDict(answer.report.parameters)
    assert parameters["smile"] == 0
    assert parameters["brow_raise"] == 0.5
    assert any("smile" in note for note in answer.report.notes)


@pytest.mark.parametrize(
    ("controls", "reason", "says"),
    [
        ({"yaw_degrees": 20.0}, "MODEL_NOT_INSTALLED", "atelier models pull"),
        ({"gaze_x_degrees": 28.0, "gaze_y_degrees": 20.0, "roll_degrees": 0.0}, None, None),
        (
            {"smile": 0.5, "mouth_corner": -0.5, "jaw_open": 0.5, "facial_tension": 0.9},
            "FIELD_OUT_OF_RANGE",
            "jaw_open",
        ),
        ({"yaw_degrees": 26.0}, "FIELD_OUT_OF_RANGE", "yaw_degrees"),
        ({"expression": "joyfull"}, "PRESET_UNKNOWN", "joyful"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_reason(
    service: Stub, astronaut: NDArray[np.uint8], controls: dict[str, float], reason: str | None, says: str | None
) -> None:
    if reason is None or says is None:
        await service.Adjust(asked(astronaut, **controls))
        return
    error = await refusal(service.Adjust(asked(astronaut, **controls)))

    assert error.reason == reason
    assert says in error.message or any(says in violation.field for violation in error.violations)


async def test_contradictions_are_named_all_at_once(service: Stub, astronaut: NDArray[np.uint8]) -> None:
    error = await refusal(
        service.Adjust(asked(astronaut, smile=0.5, mouth_corner=-0.5, jaw_open=0.5, facial_tension=0.9))
    )

    assert {violation.field for violation in error.violations} == {"adjustment.mouth_corner", "adjustment.jaw_open"}


async def test_a_picture_without_a_face_is_refused(service: Stub) -> None:
    wall = np.tile(np.linspace(60, 190, 160, dtype=np.uint8)[:, None, None], (1, 200, 3))

    assert (await refusal(service.Adjust(asked(wall, smile=0.5)))).reason == "NO_FACE"


async def test_an_identity_floor_that_no_turn_keeps_is_refused_or_kept_by_a_weaker_one(
    service: Stub, astronaut: NDArray[np.uint8]
) -> None:
    request = asked(astronaut, yaw_degrees=12.0, smile=1.0)
    request.identity_floor = 0.999

    error = await refusal(service.Adjust(request))

    assert error.reason in {"IDENTITY_BELOW_FLOOR", "MODEL_NOT_INSTALLED"}
