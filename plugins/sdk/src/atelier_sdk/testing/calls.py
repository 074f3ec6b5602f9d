"""Call the edits of a capability by its descriptors alone, and read what comes back."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import grpc
from google.protobuf.json_format import MessageToDict, ParseDict
from google.rpc import error_details_pb2, status_pb2

from atelier_sdk.testing.api import answer_path, message_class
from atelier_sdk.testing.portrait import pixels

if TYPE_CHECKING:
    import numpy as np
    from google.protobuf.descriptor import MethodDescriptor
    from numpy.typing import NDArray

    from atelier_sdk.testing.edit import Fields

TIMEOUT_SECONDS: Final = 120.0
REQUEST_ID: Final = "5a0d4c0e-6f3e-4a66-9d0c-2d1b7c1f3a10"
"""Of every call: whatever is drawn by chance is drawn from it."""
_HEADERS: Final = (("x-request-id", REQUEST_ID),)
"""As the gateway sends it."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A picture and its report."""

    content: bytes
    report: dict[str, Any]

    @property
    def pixels(self) -> NDArray[np.uint8]:
        """Return the picture, (height, width, 4)."""
        return pixels(self.content)

    @property
    def lasting(self) -> dict[str, Any]:
        """Return what of the report is the same whenever and wherever the call is answered."""
        return {name: value for name, value in self.report.items() if name != "timings"}

    @property
    def sha256(self) -> str:
        """Return the checksum of the file."""
        return hashlib.sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a call failed: its code, its sentence, what `ErrorInfo` and `BadRequest` say, the size of all details."""

    code: str
    message: str
    reasons: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    details_bytes: int = 0

    def __str__(self) -> str:
        return f"{self.code} {' '.join(self.reasons) or '(no reason)'}: {self.message}"


class Caller:
    """Somebody who calls the RPCs of a service through a channel."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._channel = channel

    def ask(self, method: MethodDescriptor, fields: Fields, content: bytes) -> Answer | Refusal:
        """Call with a picture and those fields."""
        return self.send(method, request(method, fields, content))

    def send(self, method: MethodDescriptor, message: Any, timeout: float = TIMEOUT_SECONDS) -> Answer | Refusal:
        """Call with a message."""
        try:
            return answered(method, self.begin(method, message, timeout).result())
        except grpc.RpcError as error:
            return refused(error)

    def begin(self, method: MethodDescriptor, message: Any, timeout: float = TIMEOUT_SECONDS) -> Pending:
        """Call and do not wait."""
        service, kind = method.containing_service, message_class(method.output_type)
        path = f"/{service.full_name}/{method.name}"
        if method.server_streaming:
            stream = self._channel.unary_stream(path, _serialised, kind.FromString)
            return Pending(stream(message, timeout=timeout, metadata=_HEADERS), streams=True)
        unary = self._channel.unary_unary(path, _serialised, kind.FromString)
        return Pending(unary.future(message, timeout=timeout, metadata=_HEADERS), streams=False)


@dataclass(frozen=True, slots=True)
class Pending:
    """A call on its way."""

    call: Any
    streams: bool

    def result(self) -> Any:
        """Wait for the response, of a stream the last. Raises grpc.RpcError."""
        return list(self.call)[-1] if self.streams else self.call.result()

    def cancel(self) -> None:
        """Say that nobody waits for it any more."""
        self.call.cancel()


def request(method: MethodDescriptor, fields: Fields, content: bytes) -> Any:
    """Make a request of a picture and fields as JSON names them."""
    message = ParseDict(dict(fields), message_class(method.input_type)())
    message.image.content = content
    if "request_id" in message.DESCRIPTOR.fields_by_name:
        message.request_id = REQUEST_ID
    return message


def answered(method: MethodDescriptor, response: Any) -> Answer:
    """Read a response."""
    path = answer_path(method.output_type)
    answer = getattr(response, path) if path else response
    return Answer(answer.image.content, MessageToDict(answer.report, preserving_proto_field_name=True))


def refused(error: Any) -> Refusal:
    """Read a failed call and its `google.rpc.Status`."""
    code, message = error.code().name, error.details() or ""
    found = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    if not isinstance(found, bytes):
        return Refusal(code, message)
    reasons, domains, fields = [], [], []
    for detail in status_pb2.Status.FromString(found).details:
        info, bad = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if detail.Unpack(info):
            reasons.append(info.reason)
            domains.append(info.domain)
        if detail.Unpack(bad):
            fields += [violation.field for violation in bad.field_violations]
    return Refusal(code, message, tuple(reasons), tuple(domains), tuple(fields), len(found))


def _serialised(message: Any) -> bytes:
    return bytes(message.SerializeToString())
