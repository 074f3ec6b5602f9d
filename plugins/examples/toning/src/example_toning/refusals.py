"""Errors of the SDK on the wire, and requests held to the rules of their proto file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

import grpc
import protovalidate
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation
from google.protobuf.any_pb2 import Any as AnyMessage
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo
from google.rpc.status_pb2 import Status
from grpc_status import rpc_status

if TYPE_CHECKING:
    from atelier_sdk import AtelierError
    from google.protobuf.message import Message


def check(request: Message) -> None:
    """Raise FieldOutOfRangeError with everything that breaks the annotations of the proto file."""
    found = [
        FieldViolation(".".join(step.field_name for step in each.proto.field.elements), each.proto.message)
        for each in protovalidate.collect_violations(request)
    ]
    if found:
        names = ", ".join(violation.field for violation in found)
        raise FieldOutOfRangeError(f"Fields break the contract: {names}.", violations=tuple(found))


def refuse(context: grpc.ServicerContext, error: AtelierError) -> NoReturn:
    """End a call with an error in the form that every client of Atelier reads."""
    details: list[Any] = [ErrorInfo(reason=error.reason, domain="atelier", metadata=error.metadata)]
    if error.violations:
        violations = [
            BadRequest.FieldViolation(field=each.field, description=each.description) for each in error.violations
        ]
        details.append(BadRequest(field_violations=violations))
    status = Status(code=grpc.StatusCode[error.status].value[0], message=error.message)
    for detail in details:
        packed = AnyMessage()
        packed.Pack(detail)
        status.details.append(packed)
    context.abort_with_status(rpc_status.to_status(status))
    raise AssertionError("abort_with_status raises")
