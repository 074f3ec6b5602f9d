"""The critic through the client: `studio.perform(inspect, "in.jpg")`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from atelier_client.artifacts import collect, place
from atelier_client.editing import begin
from atelier_client.parameters import face_selector
from atelier_client.report import Report
from atelier_client.steps import Method, Steps, call

from atelier_inspect.v1 import inspect_pb2

if TYPE_CHECKING:
    from atelier_client.parameters import FaceChoice, Output
    from atelier_client.pictures import PictureSource
    from atelier_client.session import Session

_INSPECT = Method("/atelier_inspect.v1.InspectService/Inspect", inspect_pb2.InspectRequest, inspect_pb2.InspectResponse)


@dataclass(frozen=True, slots=True)
class Inspection:
    """What the critic says; `annotated` is the encoded picture with the evidence, empty unless asked for."""

    critique: inspect_pb2.Critique
    report: Report
    annotated: bytes = field(default=b"", repr=False)


def inspect(
    session: Session,
    image: PictureSource,
    *,
    source: PictureSource | None = None,
    annotate: bool = False,
    face: FaceChoice | None = None,
    output: Output | None = None,
) -> Steps[Inspection]:
    """Judge a face against real portraits, and against its source where one is given.

    Errors: AtelierCallError (NO_FACE, FACE_NOT_SELECTED, IMAGE_… …); PictureError; OSError.
    """
    operation = begin(session, {})
    request = inspect_pb2.InspectRequest(
        request_id=operation.request_id,
        image=(yield from place(operation, image)),
        source=None if source is None else (yield from place(operation, source)),
        face=face_selector(face),
        annotate=annotate,
        output=output.message() if output else None,
    )
    answer = yield from call(operation, _INSPECT, request)
    drawn = (yield from collect(operation, answer.annotated)) if answer.HasField("annotated") else b""
    return Inspection(answer.critique, Report(answer.report), drawn)
