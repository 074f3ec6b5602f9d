"""Style: colour grade, film grain and skin tone of a portrait."""

from __future__ import annotations

import dataclasses
import os
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from atelier.v1 import style_pb2

from atelier_client.editing import CallOptions, begin, common_of_strength, reference, result
from atelier_client.parameters import Grade, Grain, SkinTone
from atelier_client.steps import Method, Operation, Steps, call, work

if TYPE_CHECKING:
    from atelier_client.pictures import PictureSource
    from atelier_client.result import PictureResult
    from atelier_client.session import Session

_SERVICE = "/atelier.v1.StyleService"
_GRADE = Method(f"{_SERVICE}/Grade", style_pb2.GradeRequest, style_pb2.GradeResponse)
_GRAIN = Method(f"{_SERVICE}/Grain", style_pb2.GrainRequest, style_pb2.GrainResponse)
_SKIN_TONE = Method(f"{_SERVICE}/SkinTone", style_pb2.SkinToneRequest, style_pb2.SkinToneResponse)
_APPLY = Method(f"{_SERVICE}/Apply", style_pb2.ApplyRequest, style_pb2.ApplyResponse)


def grade(
    session: Session, image: PictureSource, grade: str | Grade, **options: Unpack[CallOptions]
) -> Steps[PictureResult]:
    """Apply a colour grade: a preset by name, or a `Grade` with a LUT or a picture to match.

    Errors: AtelierCallError (PRESET_UNKNOWN, LUT_MALFORMED, the IMAGE_… reasons …); PictureError; OSError.
    """
    operation = begin(session, options)
    fields = yield from common_of_strength(operation, image, options)
    message = yield from _grade(operation, grade)
    answer = yield from call(operation, _GRADE, style_pb2.GradeRequest(grade=message, **fields))
    return (yield from result(operation, answer.image, answer.report, answer.lut))


def grain(
    session: Session, image: PictureSource, grain: str | Grain, **options: Unpack[CallOptions]
) -> Steps[PictureResult]:
    """Add film grain: a stock by name, or a `Grain` with parameters or a photograph to estimate it from.

    Errors: AtelierCallError (PRESET_UNKNOWN, the IMAGE_… reasons …); PictureError; OSError.
    """
    operation = begin(session, options)
    fields = yield from common_of_strength(operation, image, options)
    message = yield from _grain(operation, grain)
    answer = yield from call(operation, _GRAIN, style_pb2.GrainRequest(grain=message, **fields))
    return (yield from result(operation, answer.image, answer.report))


def skin_tone(
    session: Session, image: PictureSource, skin_tone: SkinTone, **options: Unpack[CallOptions]
) -> Steps[PictureResult]:
    """Move skin to a tone and change nothing else.

    Errors: AtelierCallError (NO_FACE, FACE_TOO_SMALL, POSE_TOO_EXTREME, SKIN_NOT_VISIBLE …); PictureError; OSError.
    """
    operation = begin(session, options)
    fields = yield from common_of_strength(operation, image, options)
    message = yield from _skin_tone(operation, skin_tone)
    answer = yield from call(
        operation,
        _SKIN_TONE,
        style_pb2.SkinToneRequest(skin_tone=message, **fields),
    )
    return (yield from result(operation, answer.image, answer.report))


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
    operation = begin(session, options)
    fields = yield from common_of_strength(operation, image, options)
    request = style_pb2.ApplyRequest(**fields)
    if skin_tone is not None:
        request.skin_tone.CopyFrom((yield from _skin_tone(operation, skin_tone)))
    if grade is not None:
        request.grade.CopyFrom((yield from _grade(operation, grade)))
    if grain is not None:
        request.grain.CopyFrom((yield from _grain(operation, grain, seed)))
    answer = yield from call(operation, _APPLY, request)
    return (yield from result(operation, answer.image, answer.report, answer.lut))


def _grade(operation: Operation, grade: str | Grade) -> Steps[style_pb2.Grade]:
    wanted = Grade(preset=grade) if isinstance(grade, str) else grade
    lut = wanted.lut
    if isinstance(lut, str | os.PathLike):
        path = Path(lut)
        lut = yield from work(path.read_bytes)
    return wanted.message(lut, (yield from reference(operation, wanted.match)))


def _grain(operation: Operation, grain: str | Grain, seed: int | None = None) -> Steps[style_pb2.Grain]:
    wanted = Grain(stock=grain) if isinstance(grain, str) else grain
    if seed is not None:
        wanted = dataclasses.replace(wanted, seed=seed)
    return wanted.message((yield from reference(operation, wanted.match)))


def _skin_tone(operation: Operation, skin_tone: SkinTone) -> Steps[style_pb2.SkinTone]:
    return skin_tone.message((yield from reference(operation, skin_tone.match)))
