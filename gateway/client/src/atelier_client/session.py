"""What a client knows before any call: how long to wait, how often to try again, for whom."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field

MIB = 1024 * 1024
INLINE_LIMIT_BYTES = 4 * MIB
CHUNK_BYTES = MIB
DEFAULT_ADDRESS = "127.0.0.1:8610"
_MESSAGE_LIMIT_BYTES = 32 * MIB


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How a call that met UNAVAILABLE is tried again: exponentially later, with full jitter in the upper half.

    After failed attempt n, counted from 1, the pause is between half and all of `first_pause_seconds * 2 ** (n - 1)`,
    at most `longest_pause_seconds`; a server that names a time (RetryInfo) is never asked sooner than that.
    """

    attempts: int = 5
    first_pause_seconds: float = 0.1
    longest_pause_seconds: float = 5.0

    def pause_seconds(self, attempt: int, retry_after_seconds: float | None) -> float:
        """Choose how long to wait after failed attempt number `attempt`."""
        full = min(self.first_pause_seconds * 2.0 ** (attempt - 1), self.longest_pause_seconds)
        drawn = full * random.uniform(0.5, 1.0)  # noqa: S311 - jitter, not secrecy
        return max(drawn, retry_after_seconds or 0.0)


@dataclass(frozen=True, slots=True)
class Session:
    """Settings of one client. `deadline_seconds` is for a whole operation: all its attempts, uploads and downloads."""

    deadline_seconds: float = 120.0
    tenant: str = ""
    retry: RetryPolicy = field(default_factory=RetryPolicy)

    def headers(self, request_id: str) -> tuple[tuple[str, str], ...]:
        """List the metadata that goes with each call of an operation."""
        tenant = (("x-atelier-tenant", self.tenant),) if self.tenant else ()
        return (("x-request-id", request_id), *tenant)


def new_request_id() -> str:
    """Draw a UUID by which a repeated call is recognised."""
    return str(uuid.uuid4())


def channel_options() -> list[tuple[str, int]]:
    """List the settings of a channel to the gateway.

    gRPC's own retries are off, since they know neither RetryInfo nor the size at which they silently stop; reconnecting
    is quick, so that a gateway that restarts is found again within the retry policy's pauses.
    """
    return [
        ("grpc.max_receive_message_length", _MESSAGE_LIMIT_BYTES),
        ("grpc.max_send_message_length", _MESSAGE_LIMIT_BYTES),
        ("grpc.enable_retries", 0),
        ("grpc.initial_reconnect_backoff_ms", 100),
        ("grpc.min_reconnect_backoff_ms", 100),
        ("grpc.max_reconnect_backoff_ms", 2000),
    ]
