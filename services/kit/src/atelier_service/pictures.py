"""Pictures in and out of a call: inline, as an artifact, or from an address."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier.v1.image_pb2 import Image
from atelier_sdk.capability import MIB
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation

if TYPE_CHECKING:
    from atelier.v1.image_pb2 import OutputOptions
    from atelier_imaging.encode import Encoded
    from atelier_rpc.artifacts import ArtifactStore

    from atelier_service.bridge import Bridge
    from atelier_service.cancellation import Cancellation
    from atelier_service.fetching import Fetcher

MAX_INLINE_BYTES: Final = 4 * MIB


class Pictures:
    """Load what an `Image` holds or refers to, and answer results as the caller wants them."""

    def __init__(self, store: ArtifactStore, fetcher: Fetcher, bridge: Bridge) -> None:
        self._store = store
        self._fetcher = fetcher
        self._bridge = bridge

    def load(self, image: Image, *, tenant: str, cancellation: Cancellation, deadline: float) -> bytes:
        """Return the encoded file. Blocks."""
        source = image.WhichOneof("source")
        if source == "content":
            return _filled(image.content)
        if source == "artifact":
            reading = self._store.read(tenant, image.artifact)
            return self._bridge.wait(reading, cancellation=cancellation, deadline=deadline)
        if source == "uri":
            return self._fetcher.fetch(image.uri, deadline=deadline, check=cancellation.check)
        missing = FieldViolation("source", "one of content, artifact, uri must be set")
        raise FieldOutOfRangeError("A picture has no source.", violations=(missing,))

    def store(
        self, encoded: Encoded, options: OutputOptions, *, tenant: str, cancellation: Cancellation, deadline: float
    ) -> Image:
        """Return the result inline, or stored where that is asked for or it has more than 4 MiB. Blocks."""
        if not options.as_artifact and len(encoded.data) <= MAX_INLINE_BYTES:
            return Image(content=encoded.data)
        storing = self._store.put(tenant, encoded.data, media_type=f"image/{encoded.info.format}")
        stored = self._bridge.wait(storing, cancellation=cancellation, deadline=deadline)
        return Image(artifact=stored.id)


def _filled(content: bytes) -> bytes:
    if not content:
        empty = FieldViolation("content", "must not be empty")
        raise FieldOutOfRangeError("A picture has no bytes.", violations=(empty,))
    return content
