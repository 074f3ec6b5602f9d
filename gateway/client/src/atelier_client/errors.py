"""Every error that a call through this client can end in.

AtelierCallError                any other code
├── InvalidArgumentError        INVALID_ARGUMENT
├── FailedPreconditionError     FAILED_PRECONDITION
├── NotFoundError               NOT_FOUND
├── AlreadyExistsError          ALREADY_EXISTS
├── UnimplementedError          UNIMPLEMENTED
├── ResourceExhaustedError      RESOURCE_EXHAUSTED
├── DeadlineExceededError       DEADLINE_EXCEEDED
├── CallCancelledError          CANCELLED
├── UnauthenticatedError        UNAUTHENTICATED
├── PermissionDeniedError       PERMISSION_DENIED
├── UnavailableError            UNAVAILABLE
└── InternalError               INTERNAL

PictureError                    not a call's: what was handed over cannot be sent as a picture

One class for each canonical code; what exactly went wrong stands in `reason`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import grpc
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Iterable

    from google.protobuf.message import Message

_DETAILS_KEY = "grpc-status-details-bin"


class PictureError(ValueError):
    """What was handed over cannot be read or sent as a picture."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One field of the request that breaks its contract: its path, and what is allowed."""

    field: str
    description: str


class AtelierCallError(Exception):
    """A call did not succeed.

    `code` is the canonical gRPC code, `reason` the machine-readable cause (empty where the answer came from no Atelier
    process, such as a refused connection), `metadata` every variable of the message as text, `violations` the fields at
    fault, `retry_after_seconds` set where waiting helps, `request_id` what to quote to the operator.
    """

    def __init__(
        self,
        message: str,
        *,
        code: grpc.StatusCode,
        reason: str = "",
        metadata: dict[str, str] | None = None,
        violations: tuple[Violation, ...] = (),
        retry_after_seconds: float | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.reason = reason
        self.metadata = metadata or {}
        self.violations = violations
        self.retry_after_seconds = retry_after_seconds
        self.request_id = request_id

    def __str__(self) -> str:
        return f"{self.reason or self.code.name}: {self.message}"


class InvalidArgumentError(AtelierCallError):
    """The request itself is at fault; sending it again cannot help."""


class FailedPreconditionError(AtelierCallError):
    """The request is well-formed and this picture or installation cannot serve it."""


class NotFoundError(AtelierCallError):
    """What the request refers to is not there."""


class AlreadyExistsError(AtelierCallError):
    """What the request would make is there already."""


class UnimplementedError(AtelierCallError):
    """Nobody serves that RPC."""


class ResourceExhaustedError(AtelierCallError):
    """A limit is reached: a full queue, a quota, a message that is too large."""


class DeadlineExceededError(AtelierCallError):
    """The deadline passed, or what is left of it cannot suffice."""


class CallCancelledError(AtelierCallError):
    """The call was cancelled."""


class UnauthenticatedError(AtelierCallError):
    """The caller did not prove who it is."""


class PermissionDeniedError(AtelierCallError):
    """The caller may not do this."""


class UnavailableError(AtelierCallError):
    """The service cannot answer now; the only code that is tried again."""


class InternalError(AtelierCallError):
    """Something broke on the other side; the message carries an error id."""


_BY_CODE: dict[grpc.StatusCode, type[AtelierCallError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidArgumentError,
    grpc.StatusCode.FAILED_PRECONDITION: FailedPreconditionError,
    grpc.StatusCode.NOT_FOUND: NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: AlreadyExistsError,
    grpc.StatusCode.UNIMPLEMENTED: UnimplementedError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ResourceExhaustedError,
    grpc.StatusCode.DEADLINE_EXCEEDED: DeadlineExceededError,
    grpc.StatusCode.CANCELLED: CallCancelledError,
    grpc.StatusCode.UNAUTHENTICATED: UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: PermissionDeniedError,
    grpc.StatusCode.UNAVAILABLE: UnavailableError,
    grpc.StatusCode.INTERNAL: InternalError,
}


def call_error(
    code: grpc.StatusCode,
    message: str,
    trailers: Iterable[tuple[str, str | bytes]] = (),
    request_id: str = "",
) -> AtelierCallError:
    """Make the exception of a status, with the details that its trailing metadata carries."""
    status = _status(trailers)
    info, fields, retry = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest(), error_details_pb2.RetryInfo()
    unpacked = [_unpack(status, detail) for detail in (info, fields, retry)]
    return _BY_CODE.get(code, AtelierCallError)(
        status.message or message,
        code=code,
        reason=info.reason,
        metadata=dict(info.metadata),
        violations=tuple(Violation(one.field, one.description) for one in fields.field_violations),
        retry_after_seconds=retry.retry_delay.ToTimedelta().total_seconds() if unpacked[2] else None,
        request_id=request_id,
    )


def _status(trailers: Iterable[tuple[str, str | bytes]]) -> status_pb2.Status:
    for key, value in trailers:
        if key == _DETAILS_KEY and isinstance(value, bytes):
            return status_pb2.Status.FromString(value)
    return status_pb2.Status()


def _unpack(status: status_pb2.Status, into: Message) -> bool:
    return any(detail.Unpack(into) for detail in status.details)
