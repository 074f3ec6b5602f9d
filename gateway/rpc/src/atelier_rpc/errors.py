"""Errors on the wire: one `AtelierError` is one `google.rpc.Status`, both ways.

A status carries exactly one `ErrorInfo` (domain `atelier`, the reason, every variable as metadata), a `BadRequest`
with the field violations, and a `RetryInfo` where waiting helps. It stays below 3 KiB serialised, which is 4 KB of
trailers in base64: with 9 to 16 KB grpcio turned INVALID_ARGUMENT into RESOURCE_EXHAUSTED at random.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import grpc
from atelier_sdk import errors
from atelier_sdk.errors import AtelierError, FieldViolation
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2, status_pb2

if TYPE_CHECKING:
    from collections.abc import Iterator

DOMAIN: Final = "atelier"
DETAILS_KEY: Final = "grpc-status-details-bin"
MAX_STATUS_BYTES: Final = 3072
MAX_VIOLATIONS: Final = 64
MAX_MESSAGE_BYTES: Final = 1024
MAX_VALUE_BYTES: Final = 256
MAX_METADATA_BYTES: Final = 1024
LEFT_OUT_KEY: Final = "violations_left_out"


def to_status(error: AtelierError) -> status_pb2.Status:
    """Return the wire form of an error.

    Violations that do not fit are left out from the end; the last one then says how many, and so does the metadata
    `violations_left_out`. Over-long texts are cut with an ellipsis.
    """
    status = status_pb2.Status(code=code_of(error).value[0], message=_cut(error.message, MAX_MESSAGE_BYTES))
    for count in range(min(len(error.violations), MAX_VIOLATIONS), -1, -1):
        del status.details[:]
        for detail in _details(error, count):
            status.details.add().Pack(detail)
        if status.ByteSize() <= MAX_STATUS_BYTES:
            break
    return status


def code_of(error: AtelierError) -> grpc.StatusCode:
    """Return the canonical gRPC code of an error."""
    return grpc.StatusCode[error.status]


def _details(
    error: AtelierError, count: int
) -> Iterator[error_details_pb2.ErrorInfo | error_details_pb2.BadRequest | error_details_pb2.RetryInfo]:
    left_out = len(error.violations) - count
    metadata = _bounded(error.metadata)
    if left_out:
        metadata[LEFT_OUT_KEY] = str(left_out)
    yield error_details_pb2.ErrorInfo(reason=error.reason, domain=DOMAIN, metadata=metadata)
    if error.violations:
        request = error_details_pb2.BadRequest()
        for violation in error.violations[:count]:
            description = _cut(violation.description, MAX_VALUE_BYTES)
            request.field_violations.add(field=_cut(violation.field, MAX_VALUE_BYTES), description=description)
        if left_out:
            request.field_violations.add(description=f"{left_out} more violations are left out.")
        yield request
    if error.retry_after_seconds is not None:
        retry = error_details_pb2.RetryInfo()
        retry.retry_delay.FromNanoseconds(round(error.retry_after_seconds * 1e9))
        yield retry


def _bounded(metadata: dict[str, str]) -> dict[str, str]:
    bounded: dict[str, str] = {}
    room = MAX_METADATA_BYTES
    for key, value in metadata.items():
        short = _cut(value, MAX_VALUE_BYTES)
        room -= len(key.encode()) + len(short.encode()) + 8
        if room < 0:
            break
        bounded[key] = short
    return bounded


def _cut(text: str, limit: int) -> str:
    encoded = text.encode()
    return text if len(encoded) <= limit else encoded[: limit - 3].decode(errors="ignore") + "…"


def trailers(status: status_pb2.Status) -> tuple[tuple[str, bytes], ...]:
    """Return the trailing metadata that carries a status."""
    return ((DETAILS_KEY, status.SerializeToString()),)


def from_status(status: status_pb2.Status) -> AtelierError:
    """Return the error that a status stands for.

    A status without an `ErrorInfo` of ours, or with a reason that this version does not know, becomes the nearest error
    of its code; the reason that was sent is kept in the metadata as `reason`.
    """
    info, violations, retry_after = _read(status)
    code = grpc.StatusCode(_code_pair(status.code))
    reason = info.reason if info is not None and info.domain == DOMAIN else ""
    metadata = dict(info.metadata) if info is not None else {}
    kind = _by_reason().get(reason)
    if kind is None:
        kind = _FALLBACKS.get(code, AtelierError)
        metadata |= {"code": code.name} | ({"reason": reason} if reason else {})
    return kind(status.message, metadata=metadata, violations=violations, retry_after_seconds=retry_after)


def _read(
    status: status_pb2.Status,
) -> tuple[error_details_pb2.ErrorInfo | None, tuple[FieldViolation, ...], float | None]:
    info: error_details_pb2.ErrorInfo | None = None
    violations: list[FieldViolation] = []
    retry_after: float | None = None
    for detail in status.details:
        if detail.Is(error_details_pb2.ErrorInfo.DESCRIPTOR):
            info = error_details_pb2.ErrorInfo.FromString(detail.value)
        elif detail.Is(error_details_pb2.BadRequest.DESCRIPTOR):
            request = error_details_pb2.BadRequest.FromString(detail.value)
            violations += [FieldViolation(v.field, v.description) for v in request.field_violations]
        elif detail.Is(error_details_pb2.RetryInfo.DESCRIPTOR):
            delay = error_details_pb2.RetryInfo.FromString(detail.value).retry_delay
            retry_after = delay.ToNanoseconds() / 1e9
    return info, tuple(violations), retry_after


def from_rpc_error(error: grpc.aio.AioRpcError) -> AtelierError:
    """Return the error that a failed call stands for, with or without details of ours."""
    code, message = error.code(), error.details() or ""
    plain = status_pb2.Status(code=code.value[0], message=message)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in message:
        return errors.MessageTooLargeError(message)
    found = dict(error.trailing_metadata() or ()).get(DETAILS_KEY)
    if not isinstance(found, bytes):
        return from_status(plain)
    try:
        return from_status(status_pb2.Status.FromString(found))
    except DecodeError:
        return from_status(plain)


_FALLBACKS: Final[dict[grpc.StatusCode, type[AtelierError]]] = {
    grpc.StatusCode.INVALID_ARGUMENT: errors.InvalidArgumentError,
    grpc.StatusCode.FAILED_PRECONDITION: errors.FailedPreconditionError,
    grpc.StatusCode.NOT_FOUND: errors.NotFoundError,
    grpc.StatusCode.ALREADY_EXISTS: errors.AlreadyExistsError,
    grpc.StatusCode.UNIMPLEMENTED: errors.CapabilityUnknownError,
    grpc.StatusCode.RESOURCE_EXHAUSTED: errors.ResourceExhaustedError,
    grpc.StatusCode.DEADLINE_EXCEEDED: errors.DeadlineTooShortError,
    grpc.StatusCode.CANCELLED: errors.CancelledError,
    grpc.StatusCode.UNAUTHENTICATED: errors.UnauthenticatedError,
    grpc.StatusCode.PERMISSION_DENIED: errors.PermissionDeniedError,
    grpc.StatusCode.UNAVAILABLE: errors.BackendDownError,
}


def _code_pair(number: int) -> tuple[int, str]:
    pairs = {code.value[0]: code.value for code in grpc.StatusCode}
    return pairs.get(number, grpc.StatusCode.UNKNOWN.value)


def _by_reason() -> dict[str, type[AtelierError]]:
    return {kind.reason: kind for kind in _tree(AtelierError) if "reason" in vars(kind)}


def _tree(kind: type[AtelierError]) -> Iterator[type[AtelierError]]:
    yield kind
    for child in kind.__subclasses__():
        yield from _tree(child)
