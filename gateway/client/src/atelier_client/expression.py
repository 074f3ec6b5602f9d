"""Expression: expression, gaze and head pose of a portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from atelier.v1 import expression_pb2

from atelier_client.editing import CallOptions, begin, common_of_strength, result
from atelier_client.face_change import Adjustment
from atelier_client.steps import Method, Steps, call

if TYPE_CHECKING:
    from atelier_client.pictures import PictureSource
    from atelier_client.result import PictureResult
    from atelier_client.session import Session

_ADJUST = Method("/atelier.v1.ExpressionService/Adjust", expression_pb2.AdjustRequest, expression_pb2.AdjustResponse)


def adjust(
    session: Session, image: PictureSource, adjustment: str | Adjustment, **options: Unpack[CallOptions]
) -> Steps[PictureResult]:
    """Change expression, gaze and pose: by an expression's name, or an `Adjustment` with each control.

    Errors: AtelierCallError (PRESET_UNKNOWN, NO_FACE, FACE_TOO_SMALL, EYES_CLOSED, POSE_TOO_EXTREME,
    MODEL_NOT_INSTALLED …); PictureError; OSError.
    """
    wanted = Adjustment(expression=adjustment) if isinstance(adjustment, str) else adjustment
    operation = begin(session, options)
    fields = yield from common_of_strength(operation, image, options)
    request = expression_pb2.AdjustRequest(adjustment=wanted.message(), **fields)
    answer = yield from call(operation, _ADJUST, request)
    return (yield from result(operation, answer.image, answer.report))
