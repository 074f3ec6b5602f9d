"""What a capability's author writes: one synchronous function an RPC."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence

    from google.protobuf.message import Message

    from atelier_service.call import Call


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of parameters that the catalogue lists.

    `kind` says what it is a preset of (`grade`, `stock`); `description` is one sentence on what it looks like.
    """

    kind: str
    name: str
    description: str


class Servicer(ABC):
    """A capability's RPCs.

    Every RPC of the gRPC service is a method named after it in snake_case (`SkinTone` is `skin_tone`) that takes
    `(request, call)` and returns the response; a server-streaming RPC is a generator of responses. It runs in a worker
    thread, so it may compute and block as it likes; the event loop never runs it. It raises errors of
    `atelier_sdk.errors`; whatever else it raises goes out as INTERNAL with an error id. The request has been validated
    against the annotations of its message. A missing method stops the start.

    While a server-streaming RPC waits for its turn, its caller is told how many are served before it, if the RPC's
    response has a field `progress` of `atelier.v1.Progress`.
    """

    version: ClassVar[str] = "0.1.0"

    beside: ClassVar[frozenset[str]] = frozenset()
    """RPCs, such as `Compose`, that take milliseconds and run no model: they do not wait for those that work."""

    def presets(self) -> Sequence[Preset]:
        """Return the presets that the catalogue lists."""
        return ()

    def size(self, request: Message) -> float:  # noqa: ARG002 (most calls of an RPC are alike)
        """Return how much work a call is beside the usual one of its RPC: eight candidates are eight times one."""
        return 1.0

    @abstractmethod
    def canary(self, call: Call) -> None:
        """Do one tiny real piece of work through the models, and raise if its outcome is not what it should be.

        Run before the process says that it is ready, and again and again while it serves. Assert values: a model
        server that answers zeros with status OK is broken.
        """
