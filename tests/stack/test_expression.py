"""Expression in the running stack: real networks behind Triton, a real portrait."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc, expression_pb2, expression_pb2_grpc, face_pb2, report_pb2
from atelier_imaging.decode import decode

from tests.stack.calls import png, refused

if TYPE_CHECKING:
    import grpc
    from atelier.v1 import image_pb2
    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def expression(channel: grpc.Channel) -> expression_pb2_grpc.ExpressionServiceStub:
    return expression_pb2_grpc.ExpressionServiceStub(channel)


def request(
    image: image_pb2.Image, adjustment: expression_pb2.ExpressionAdjustment, face: face_pb2.FaceSelector | None = None
) -> expression_pb2.AdjustRequest:
    return expression_pb2.AdjustRequest(image=image, adjustment=adjustment, face=face)


def test_a_named_expression_turns_and_smiles_as_it_says(
    expression: expression_pb2_grpc.ExpressionServiceStub, portrait: image_pb2.Image
) -> None:
    wanted = expression_pb2.ExpressionAdjustment(expression="confident", yaw_degrees=8)

    answer = expression.Adjust(request(portrait, wanted), timeout=60)

    before, after = answer.report.faces[0], answer.result_face
    assert abs(after.pose.yaw_degrees - before.pose.yaw_degrees - 8) <= 2
    assert abs(after.pose.pitch_degrees - before.pose.pitch_degrees - 2) <= 2
    verdicts = {measure.name: measure.verdict for measure in answer.report.measures}
    assert verdicts["pose_error"] == verdicts["outside_mask_difference"] == report_pb2.VERDICT_PASS
    assert verdicts["flow_jacobian"] == report_pb2.VERDICT_PASS
    assert {model.executor.partition("/")[0] for model in answer.report.models} == {"triton"}


def test_a_repeated_call_gives_the_same_bytes_beside_others(
    expression: expression_pb2_grpc.ExpressionServiceStub, portrait: image_pb2.Image
) -> None:
    asked = [expression_pb2.ExpressionAdjustment(smile=0.5, gaze_x_degrees=angle) for angle in (6, -6, 6)]

    with ThreadPoolExecutor(3) as pool:
        answers = list(pool.map(lambda each: expression.Adjust(request(portrait, each), timeout=60), asked))

    assert answers[0].image.content == answers[2].image.content != answers[1].image.content


def test_only_the_face_that_is_meant_moves(
    expression: expression_pb2_grpc.ExpressionServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    two = np.ascontiguousarray(np.concatenate([astronaut[:320, 80:380], astronaut[:320, 80:380]], axis=1))
    right = face_pb2.FaceSelector(at=face_pb2.Point(x=300 + 145, y=110))

    answer = expression.Adjust(
        request(png(two), expression_pb2.ExpressionAdjustment(roll_degrees=10, smile=0.5), right), timeout=60
    )

    result = np.asarray(decode(answer.image.content).pixels, np.uint8)
    assert np.array_equal(result[:, :250], two[:, :250])
    assert not np.array_equal(result[:, 350:], two[:, 350:])


def test_a_face_that_the_frame_cuts_still_turns(
    expression: expression_pb2_grpc.ExpressionServiceStub, astronaut: NDArray[np.uint8]
) -> None:
    cut = png(np.ascontiguousarray(astronaut[45:330, 120:420]))  # through the hair

    answer = expression.Adjust(
        request(cut, expression_pb2.ExpressionAdjustment(roll_degrees=8, pitch_degrees=-6)), timeout=60
    )

    assert abs(answer.result_face.pose.roll_degrees - answer.report.faces[0].pose.roll_degrees - 8) <= 2


def test_refusals_pass_the_gateway_with_their_fields(
    expression: expression_pb2_grpc.ExpressionServiceStub, portrait: image_pb2.Image
) -> None:
    against = expression_pb2.ExpressionAdjustment(smile=0.5, mouth_corner=-0.5)
    far = expression_pb2.ExpressionAdjustment(yaw_degrees=20)
    unknown = expression_pb2.ExpressionAdjustment(expression="grumpy")

    reasons = [refused(expression.Adjust, request(portrait, each)).reason for each in (against, far, unknown)]

    assert reasons == ["FIELD_OUT_OF_RANGE", "MODEL_NOT_INSTALLED", "PRESET_UNKNOWN"]


def test_the_catalogue_lists_the_expressions(channel: grpc.Channel) -> None:
    answer = catalog_pb2_grpc.CatalogServiceStub(channel).ListCapabilities(
        catalog_pb2.ListCapabilitiesRequest(), timeout=60
    )

    (found,) = (each for each in answer.capabilities if each.name == "expression")
    assert {"calm", "joyful", "serious"} <= {preset.name for preset in found.presets}
