"""What a failed call to a service means for its caller, and whether it may be tried once more."""

from __future__ import annotations

from typing import Final

import grpc
from atelier_rpc.errors import DETAILS_KEY, from_rpc_error
from atelier_sdk.errors import (
    AtelierError,
    BackendDownError,
    DeadlineTooShortError,
    DrainingError,
    MessageTooLargeError,
)

_NEVER_SENT: Final = "failed to connect to all addresses"


def is_the_services_own(error: grpc.aio.AioRpcError) -> bool:
    """Tell whether the service answered with details of its own, which go to the caller unchanged."""
    return DETAILS_KEY in (key for key, _ in error.trailing_metadata() or ())


def told(error: grpc.aio.AioRpcError, capability: str) -> AtelierError | None:
    """Return what the caller is told instead of a status that gRPC itself made up; None to pass the status on."""
    code = error.code()
    if is_the_services_own(error):
        return None
    if code is grpc.StatusCode.UNAVAILABLE or _is_torn(error):
        return BackendDownError(
            f"The process that serves {capability} cannot be reached, or went away during the call.",
            metadata={"capability": capability},
            retry_after_seconds=1.0,
        )
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return DeadlineTooShortError("The deadline passed before the service answered.")
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and "larger than max" in (error.details() or ""):
        return MessageTooLargeError(f"A message to or from {capability} exceeds what one message may hold.")
    return None


def _is_torn(error: grpc.aio.AioRpcError) -> bool:
    """Tell whether a process that was killed reset the stream before its connection broke."""
    return error.code() in {grpc.StatusCode.CANCELLED, grpc.StatusCode.INTERNAL} and "RST_STREAM" in (
        error.details() or ""
    )


def may_repeat(error: grpc.aio.AioRpcError, *, named: bool) -> bool:
    """Tell whether a call that failed before its first response may go to another endpoint.

    Only UNAVAILABLE is tried again, and only when that is safe: the caller gave the call an identifier, by which a
    repeated one is known; or the service refused it because it drains; or the call was never sent.
    """
    if error.code() is not grpc.StatusCode.UNAVAILABLE:
        return False
    return named or (error.details() or "").startswith(_NEVER_SENT) or is_draining(error)


def is_draining(error: grpc.aio.AioRpcError) -> bool:
    """Tell whether the service refused a call because it is about to stop."""
    return is_the_services_own(error) and isinstance(from_rpc_error(error), DrainingError)
