"""What a policy is told of a call, and how it refuses."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CallInfo:
    """One call on its way through the gateway. Its message has not been read and is never shown.

    `service` and `method` are those of the RPC (`atelier.v1.StyleService`, `Grade`), `capability` is its name in the
    catalogue. `tenant` and `request_id` are the caller's or what the gateway gave. `deadline_seconds` is what is left.
    `headers` are the caller's text headers by their lower-case names, `authorization` included; keep them out of logs.
    """

    request_id: str
    tenant: str
    capability: str
    service: str
    method: str
    deadline_seconds: float
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a call is not let in.

    `message` is a sentence for the caller; `reason` is the policy's own word for it, in UPPER_SNAKE
    (`OUT_OF_HOURS`). `status` says what kind of refusal it is: a permission that is missing, a quota that is used up,
    or a caller who did not prove who it is. `retry_after_seconds` is set where waiting helps.
    """

    message: str
    reason: str
    status: Literal["PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "UNAUTHENTICATED"] = "PERMISSION_DENIED"
    retry_after_seconds: float | None = None
