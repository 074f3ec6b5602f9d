"""What Triton's failures mean, by their text: a full queue and a stopping server are UNAVAILABLE alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import grpc
from atelier_sdk.errors import AtelierError, BackendDownError, DeadlineTooShortError, QueueFullError

from atelier_service.models.contract import not_installed

if TYPE_CHECKING:
    from collections.abc import Callable


class InferenceFailedError(RuntimeError):
    """The executor took the tensors and failed; its text is for the log, not for the caller."""


@dataclass(frozen=True, slots=True)
class Failure:
    """One kind of failure.

    It is recognised by code (None: any) and a part of the text in lower case. `error` makes what is raised from the
    model's name. `retry` says that the same request may be sent once more: it was not begun. `forget_memory` says that
    Triton has lost our shared memory, as it does when it restarts.
    """

    name: str
    code: grpc.StatusCode | None
    text: str
    error: Callable[[str], Exception]
    retry: bool = False
    forget_memory: bool = False


def _queue_full(model: str) -> AtelierError:
    return QueueFullError(
        f"The queue of the model {model} is full.", metadata={"model": model}, retry_after_seconds=0.5
    )


def _down(model: str) -> AtelierError:
    message = f"The model server that runs {model} cannot be reached."
    return BackendDownError(message, metadata={"model": model, "backend": "triton"}, retry_after_seconds=1.0)


def _late(model: str) -> AtelierError:
    return DeadlineTooShortError(
        f"The deadline passed while the model {model} was waited for.", metadata={"model": model}
    )


def _failed(model: str) -> Exception:
    return InferenceFailedError(model)


# The first that fits counts. Texts are Triton's own (2.51) and gRPC's. Of a model that it has, a server that stops or
# starts says "no available versions"; "is not found" it says of one that is not in its repository. A request
# that timed out in its queue met an overload: our own deadline would have ended the wait before.
FAILURES: Final = (
    Failure("memory lost", None, "unable to find shared memory region", _down, retry=True, forget_memory=True),
    Failure("queue full", grpc.StatusCode.UNAVAILABLE, "exceeds maximum queue size", _queue_full),
    Failure("queue timeout", grpc.StatusCode.UNAVAILABLE, "request timeout expired", _queue_full),
    Failure("restricted", grpc.StatusCode.UNAVAILABLE, "this protocol is restricted", _failed),
    Failure("model between versions", None, "has no available versions", _down, retry=True),
    Failure("stopping", grpc.StatusCode.UNAVAILABLE, "server is stopping", _down, retry=True),
    Failure("not ready", grpc.StatusCode.UNAVAILABLE, "is not ready", _down, retry=True),
    Failure("connection lost", grpc.StatusCode.UNAVAILABLE, "", _down),
    Failure("unknown model", grpc.StatusCode.NOT_FOUND, "", not_installed, retry=True),
    Failure("deadline", grpc.StatusCode.DEADLINE_EXCEEDED, "", _late),
    Failure("cancelled by the server", grpc.StatusCode.CANCELLED, "", _down),
    Failure("stub died", None, "stub process", _down),
    Failure("anything else", None, "", _failed),
)


def failure_of(code: grpc.StatusCode | None, text: str) -> Failure:
    """Return what kind of failure an answer of Triton's is; within a stream there is no code, and its text is all."""
    lower = text.lower()
    return next(kind for kind in FAILURES if _fits(kind, code, lower))


def _fits(kind: Failure, code: grpc.StatusCode | None, lower: str) -> bool:
    if code is None and kind.code is not None and not kind.text:
        return False
    return kind.text in lower and (code is None or kind.code in (None, code))
