"""Edit: facial detail and light of a portrait."""

from __future__ import annotations

from typing import TYPE_CHECKING, Unpack

from atelier.v1 import edit_pb2

from atelier_client.editing import CallOptions, begin, common_of_strength, reference, result
from atelier_client.light import Enhancement, LightRig, Relighting
from atelier_client.steps import Method, Steps, call

if TYPE_CHECKING:
    from atelier_client.pictures import PictureSource
    from atelier_client.result import PictureResult
    from atelier_client.session import Session

_SERVICE = "/atelier.v1.EditService"
_ENHANCE = Method(f"{_SERVICE}/Enhance", edit_pb2.EnhanceRequest, edit_pb2.EnhanceResponse)
_RELIGHT = Method(f"{_SERVICE}/Relight", edit_pb2.RelightRequest, edit_pb2.RelightResponse)


def enhance(
    session: Session, image: PictureSource, enhancement: Enhancement | None = None, **options: Unpack[CallOptions]
) -> Steps[PictureResult]:
    """Bring out facial detail; without an `Enhancement`, as the service does by default.

    Errors: AtelierCallError (NO_FACE, FACE_TOO_SMALL, POSE_TOO_EXTREME, MODEL_NOT_INSTALLED …); PictureError; OSError.
    """
    operation = begin(session, options)
    fields = yield from common_of_strength(operation, image, options)
    message = (enhancement or Enhancement()).message()
    request = edit_pb2.EnhanceRequest(enhancement=message, **fields)
    answer = yield from call(operation, _ENHANCE, request)
    return (yield from result(operation, answer.image, answer.report))


def relight(
    session: Session, image: PictureSource, light: str | LightRig | Relighting, **options: Unpack[CallOptions]
) -> Steps[PictureResult]:
    """Light a portrait anew: by a pattern's name, a rig, or a `Relighting` with all that can be said.

    Errors: AtelierCallError (PRESET_UNKNOWN, NO_FACE, FACE_TOO_SMALL, POSE_TOO_EXTREME …); PictureError; OSError;
    ValueError where two sources of light are given.
    """
    wanted = _relighting(light)
    operation = begin(session, options)
    fields = yield from common_of_strength(operation, image, options)
    message = wanted.message((yield from reference(operation, wanted.match)))
    request = edit_pb2.RelightRequest(relighting=message, **fields)
    answer = yield from call(operation, _RELIGHT, request)
    return (yield from result(operation, answer.image, answer.report))


def _relighting(light: str | LightRig | Relighting) -> Relighting:
    if isinstance(light, str):
        return Relighting(pattern=light)
    return Relighting(rig=light) if isinstance(light, LightRig) else light
