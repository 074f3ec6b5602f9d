"""What every operation on one portrait shares: its options, the fields of its request, its result."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

from atelier_client.artifacts import collect, place
from atelier_client.parameters import Output, face_selector
from atelier_client.report import Report
from atelier_client.result import PictureResult
from atelier_client.session import Session, new_request_id
from atelier_client.steps import Operation, Steps

if TYPE_CHECKING:
    from atelier.v1 import face_pb2, image_pb2, report_pb2

    from atelier_client.parameters import FaceChoice
    from atelier_client.pictures import PictureSource


class CallOptions(TypedDict, total=False):
    """What every such call takes besides its own parameters.

    `face` is an index, the largest first, or a pixel (x, y) inside the face; `identity_floor` is 0..1, and with
    `lower_strength_to_floor` an edit is made weaker rather than refused; `request_id` is a UUID, drawn when left out;
    `deadline_seconds` is for the whole operation, uploads and retries included.
    """

    face: FaceChoice | None
    output: Output | None
    identity_floor: float | None
    lower_strength_to_floor: bool
    include_mesh: bool
    request_id: str | None
    deadline_seconds: float | None


class Common(TypedDict):
    """The fields that all requests share."""

    request_id: str
    image: image_pb2.Image
    face: face_pb2.FaceSelector | None
    output: image_pb2.OutputOptions | None
    identity_floor: float | None
    include_mesh: bool


class CommonOfStrength(Common):
    """The fields that requests share whose operation can be made weaker to keep the identity floor."""

    lower_strength_to_floor: bool


def begin(session: Session, options: CallOptions) -> Operation:
    """Begin an operation, with its identifier and its deadline."""
    request_id = options.get("request_id") or new_request_id()
    return Operation.begin(session, request_id, options.get("deadline_seconds"))


def common(operation: Operation, image: PictureSource, options: CallOptions) -> Steps[Common]:
    """Send the picture where it is too large for a message, and make the fields that all requests share."""
    output = options.get("output")
    return Common(
        request_id=operation.request_id,
        image=(yield from place(operation, image)),
        face=face_selector(options.get("face")),
        output=output.message() if output else None,
        identity_floor=options.get("identity_floor"),
        include_mesh=options.get("include_mesh", False),
    )


def common_of_strength(operation: Operation, image: PictureSource, options: CallOptions) -> Steps[CommonOfStrength]:
    """Make the fields that all requests of operations share that can be weaker or stronger."""
    fields = yield from common(operation, image, options)
    return CommonOfStrength(lower_strength_to_floor=options.get("lower_strength_to_floor", False), **fields)


def reference(operation: Operation, source: PictureSource | None) -> Steps[image_pb2.Image | None]:
    """Send a reference picture where it is too large for a message; None where there is none."""
    if source is None:
        return None
    return (yield from place(operation, source))


def result(
    operation: Operation, image: image_pb2.Image, report: report_pb2.Report, lut: bytes = b""
) -> Steps[PictureResult]:
    """Fetch the finished picture where it is kept as an artifact."""
    content = yield from collect(operation, image)
    return PictureResult(content, Report(report), lut)
