"""What a caller of a streaming RPC is told while it waits for its turn."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.v1 import report_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from google.protobuf.message import Message

_FIELD: Final = "progress"
STAGE: Final = "queued"


def queued(response: type[Message]) -> Callable[[int, float], Message | None]:
    """Return what makes an RPC's response of a place in the queue and the seconds until its turn.

    It makes None where such responses hold no progress.
    """
    field = response.DESCRIPTOR.fields_by_name.get(_FIELD)
    if field is None or field.message_type is not report_pb2.Progress.DESCRIPTOR:
        return lambda _position, _seconds: None
    return lambda position, seconds: response(
        progress=report_pb2.Progress(stage=STAGE, queue_position=position, queue_seconds=seconds)
    )
