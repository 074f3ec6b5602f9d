"""Style: colour grade, film grain and skin tone of a portrait."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

from atelier.v1 import style_pb2

from atelier_client.artifacts import collect, place
from atelier_client.parameters import Grade, Grain, Output, SkinTone, face_selector
from atelier_client.report import Report
from atelier_client.result import PictureResult
from atelier_client.session import Session, new_request_id
from atelier_client.steps import Method, Operation, Steps, call, work

if TYPE_CHECKING:
    from atelier.v1 import face_pb2, image_pb2

    from atelier_client.parameters import FaceChoice
    from atelier_client.pictures import PictureSource

_SERVICE = "/atelier.v1.StyleService"
_GRADE = Method(f"{_SERVICE}/Grade", style_pb2.GradeRequest, style_pb2.GradeResponse)
_GRAIN = Method(f"{_SERVICE}/Grain", style_pb2.GrainRequest, style_pb2.GrainResponse)
_SKIN_TONE = Method(f"{_SERVICE}/SkinTone", style_pb2.SkinToneRequest, style_pb2.SkinToneResponse)
_APPLY = Method(f"{_SERVICE}/Apply", style_pb2.ApplyRequest, style_pb2.ApplyResponse)


class CallOptions(TypedDict, total=False):
    """What every style call takes besides its own parameters.

    `face` is an index, the largest first, or a pixel (x, y) inside the face; `identity_floor` is 0..1; `request_id` is
    a UUID, drawn when left out; `deadline_seconds` is for the whole operation, uploads and retries included.
    """

    face: FaceChoice | None
    output: Output | None
    identity_floor: float | None
    include_mesh: bool
    request_id: str | None
    deadline_seconds: float | None


class _Common(TypedDict):
    """The fields that all requests of the service share."""

    request_id: str
    image: image_pb2.Image
    face: face_pb2.FaceSelector | None
    output: image_pb2.OutputOptions | None
    identity_floor: float | None
    include_mesh: bool


def grade(
    session: Session, image: PictureSource, grade: str | Grade, **options: Unpack[CallOptions]
) -> Steps[PictureResult]:
    """Apply a colour grade: a preset by name, or a `Grade` with a LUT or a picture to match.

    Errors: AtelierCallError (PRESET_UNKNOWN, LUT_MALFORMED, the IMAGE_… reasons …); PictureError; OSError.
    """
    operation = _begin(session, options)
    common = yield from _common(operation, image, options)
    message = yield from _grade(operation, grade)
    answer = yield from call(operation, _GRADE, style_pb2.GradeRequest(grade=message, **common))
    return (yield from _result(operation, answer.image, Report(answer.report), answer.lut))


def grain(
    session: Session, image: PictureSource, grain: str | Grain, **options: Unpack[CallOptions]
) -> Steps[PictureResult]:
    """Add film grain: a stock by name, or a `Grain` with parameters or a photograph to estimate it from.

    Errors: AtelierCallError (PRESET_UNKNOWN, the IMAGE_… reasons …); PictureError; OSError.
    """
    operation = _begin(session, options)
    common = yield from _common(operation, image, options)
    message = yield from _grain(operation, grain)
    answer = yield from call(operation, _GRAIN, style_pb2.GrainRequest(grain=message, **common))
    return (yield from _result(operation, answer.image, Report(answer.report)))


def skin_tone(
    session: Session, image: PictureSource, skin_tone: SkinTone, **options: Unpack[CallOptions]
) -> Steps[PictureResult]:
    """Move skin to a tone and change nothing else.

    Errors: AtelierCallError (NO_FACE, FACE_TOO_SMALL, POSE_TOO_EXTREME, SKIN_NOT_VISIBLE …); PictureError; OSError.
    """
    operation = _begin(session, options)
    common = yield from _common(operation, image, options)
    message = yield from _skin_tone(operation, skin_tone)
    answer = yield from call(operation, _SKIN_TONE, style_pb2.SkinToneRequest(skin_tone=message, **common))
    return (yield from _result(operation, answer.image, Report(answer.report)))


def apply(
    session: Session,
    image: PictureSource,
    *,
    skin_tone: SkinTone | None = None,
    grade: str | Grade | None = None,
    grain: str | Grain | None = None,
    seed: int | None = None,
    **options: Unpack[CallOptions],
) -> Steps[PictureResult]:
    """Apply skin tone, grade and grain in one pass, in that order. `seed` is the grain's.

    Errors: those of the three.
    """
    operation = _begin(session, options)
    common = yield from _common(operation, image, options)
    request = style_pb2.ApplyRequest(**common)
    if skin_tone is not None:
        request.skin_tone.CopyFrom((yield from _skin_tone(operation, skin_tone)))
    if grade is not None:
        request.grade.CopyFrom((yield from _grade(operation, grade)))
    if grain is not None:
        request.grain.CopyFrom((yield from _grain(operation, grain, seed)))
    answer = yield from call(operation, _APPLY, request)
    return (yield from _result(operation, answer.image, Report(answer.report), answer.lut))


def _begin(session: Session, options: CallOptions) -> Operation:
    request_id = options.get("request_id") or new_request_id()
    return Operation.begin(session, request_id, options.get("deadline_seconds"))


def _common(operation: Operation, image: PictureSource, options: CallOptions) -> Steps[_Common]:
    output = options.get("output")
    return _Common(
        request_id=operation.request_id,
        image=(yield from place(operation, image)),
        face=face_selector(options.get("face")),
        output=output.message() if output else None,
        identity_floor=options.get("identity_floor"),
        include_mesh=options.get("include_mesh", False),
    )


def _grade(operation: Operation, grade: str | Grade) -> Steps[style_pb2.Grade]:
    wanted = Grade(preset=grade) if isinstance(grade, str) else grade
    lut = wanted.lut
    if isinstance(lut, str | os.PathLike):
        path = Path(lut)
        lut = yield from work(path.read_bytes)
    return wanted.message(lut, (yield from _reference(operation, wanted.match)))


def _grain(operation: Operation, grain: str | Grain, seed: int | None = None) -> Steps[style_pb2.Grain]:
    wanted = Grain(stock=grain) if isinstance(grain, str) else grain
    if seed is not None:
        wanted = dataclasses.replace(wanted, seed=seed)
    return wanted.message((yield from _reference(operation, wanted.match)))


def _skin_tone(operation: Operation, skin_tone: SkinTone) -> Steps[style_pb2.SkinTone]:
    return skin_tone.message((yield from _reference(operation, skin_tone.match)))


def _reference(operation: Operation, source: PictureSource | None) -> Steps[image_pb2.Image | None]:
    if source is None:
        return None
    return (yield from place(operation, source))


def _result(operation: Operation, image: image_pb2.Image, report: Report, lut: bytes = b"") -> Steps[PictureResult]:
    content = yield from collect(operation, image)
    return PictureResult(content, report, lut)
