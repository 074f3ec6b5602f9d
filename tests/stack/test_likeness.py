"""Identity in the running stack: every edit's report says how like its source it is, and a floor is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier.v1 import image_pb2, report_pb2, style_pb2

from tests.stack.calls import pixels_of, refused

if TYPE_CHECKING:
    from atelier.v1 import style_pb2_grpc
    from numpy.typing import NDArray

GRADE = style_pb2.Grade(preset="moody_cinematic")


def identity(report: report_pb2.Report) -> report_pb2.Measure:
    (found,) = (measure for measure in report.measures if measure.name == "identity_similarity")
    return found


def test_a_graded_portrait_is_still_the_same_person_and_triton_says_so(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    report = style.Grade(style_pb2.GradeRequest(image=portrait, grade=GRADE), timeout=60).report
    measure = identity(report)
    assert 0.5 < measure.value < 1.0
    assert measure.verdict == report_pb2.VERDICT_PASS
    assert {model.name: model.executor.partition("/")[0] for model in report.models}["face_encoder"] == "triton"


def test_a_neutral_edit_is_the_same_person_exactly(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image
) -> None:
    neutral = style_pb2.Grade(preset="moody_cinematic", strength=0)
    answer = style.Grade(style_pb2.GradeRequest(image=portrait, grade=neutral, identity_floor=1.0), timeout=60)
    assert identity(answer.report).value == 1.0


def test_a_floor_is_refused_or_kept_by_less_strength_as_asked(
    style: style_pb2_grpc.StyleServiceStub, portrait: image_pb2.Image, astronaut: NDArray[np.uint8]
) -> None:
    request = style_pb2.GradeRequest(image=portrait, grade=GRADE, identity_floor=0.99)
    refusal = refused(style.Grade, request)
    assert refusal.reason == "IDENTITY_BELOW_FLOOR"
    assert float(refusal.info.metadata["similarity"]) < 0.99
    request.lower_strength_to_floor = True
    answer = style.Grade(request, timeout=60)
    assert identity(answer.report).value >= 0.99
    share = answer.report.parameters["share_of_strength"]
    assert isinstance(share, float)
    assert 0 < share < 1
    full = style.Grade(style_pb2.GradeRequest(image=portrait, grade=GRADE), timeout=60)
    change = [np.abs(pixels_of(one.image).astype(int) - astronaut).mean() for one in (answer, full)]
    assert 0 < change[0] < change[1]
