"""From messages to what is asked for: the one place where edit's requests are read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier.v1 import edit_pb2
from atelier_sdk.errors import ModelNotInstalledError

from atelier_edit.enhance.plan import EnhanceAsk

if TYPE_CHECKING:
    from google.protobuf.message import Message


def enhancement_of(enhancement: edit_pb2.Enhancement) -> EnhanceAsk:
    """Read what is asked of an enhancement; what is left out is the default."""
    given = {name: value for name in EnhanceAsk().controls if (value := _given(enhancement, name)) is not None}
    return EnhanceAsk(**given, flexible=enhancement.mode == edit_pb2.ENHANCEMENT_MODE_FLEXIBLE)


def _given(message: Message, name: str) -> float | None:
    """Return an optional number of a message, None where it was left out."""
    return float(getattr(message, name)) if message.HasField(name) else None


def refuse_identity_floor() -> None:
    """Refuse a floor of identity similarity, which nothing installed can measure."""
    raise ModelNotInstalledError(
        "identity_floor needs a face encoder, and none is installed; leave identity_floor out.",
        metadata={"model": "face_encoder", "field": "identity_floor"},
    )
