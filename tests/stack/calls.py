"""What the tests of the running stack share: pictures to send, refusals taken apart."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import grpc
import numpy as np
import pytest
from atelier.v1 import image_pb2
from google.rpc import error_details_pb2, status_pb2
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

MESSAGE_LIMIT = 64 * 1024 * 1024


def encoded(pixels: NDArray[np.uint8], file_format: str = "PNG", **options: int) -> bytes:
    """Encode RGB or grey pixels to a file's bytes."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, file_format, **options)
    return buffer.getvalue()


def png(pixels: NDArray[np.uint8]) -> image_pb2.Image:
    """Wrap pixels as an inline PNG."""
    return image_pb2.Image(content=encoded(pixels))


def pixels_of(image: image_pb2.Image) -> NDArray[np.uint8]:
    """Decode an inline result."""
    return np.asarray(Image.open(io.BytesIO(image.content)))


class Refusal:
    """A failed call, taken apart: code, reason, metadata, violations, retry delay."""

    def __init__(self, error: grpc.RpcError) -> None:
        """Read `grpc-status-details-bin`."""
        self.code: grpc.StatusCode = error.code()
        self.message: str = error.details() or ""
        trailers = {item.key: item.value for item in error.trailing_metadata() or ()}
        status = status_pb2.Status()
        status.ParseFromString(trailers.get("grpc-status-details-bin", b""))
        self.info = error_details_pb2.ErrorInfo()
        self.bad_request = error_details_pb2.BadRequest()
        self.retry = error_details_pb2.RetryInfo()
        for detail in status.details:
            for part in (self.info, self.bad_request, self.retry):
                if detail.Is(part.DESCRIPTOR):
                    detail.Unpack(part)

    @property
    def reason(self) -> str:
        return str(self.info.reason)

    @property
    def fields(self) -> list[str]:
        return sorted(violation.field for violation in self.bad_request.field_violations)


def refused(call: grpc.UnaryUnaryMultiCallable, request: object, timeout: float = 60.0) -> Refusal:  # type: ignore[type-arg]
    """Call, expect a failure, and take it apart."""
    with pytest.raises(grpc.RpcError) as caught:
        call(request, timeout=timeout)
    return Refusal(caught.value)
