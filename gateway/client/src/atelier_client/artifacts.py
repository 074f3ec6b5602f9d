"""Artifacts: files kept by content at the gateway, so that large ones travel once."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from atelier.v1 import artifact_pb2, image_pb2
from google.protobuf import duration_pb2

from atelier_client import pictures
from atelier_client.session import CHUNK_BYTES, INLINE_LIMIT_BYTES, Session, new_request_id
from atelier_client.steps import Method, Operation, Steps, call, exchange, work

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_client.pictures import PictureSource

_SERVICE = "/atelier.v1.ArtifactService"
_PUT = Method(f"{_SERVICE}/Put", artifact_pb2.PutRequest, artifact_pb2.PutResponse, client_streams=True)
_GET = Method(f"{_SERVICE}/Get", artifact_pb2.GetRequest, artifact_pb2.GetResponse, server_streams=True)
_STAT = Method(f"{_SERVICE}/Stat", artifact_pb2.StatRequest, artifact_pb2.StatResponse)
_DELETE = Method(f"{_SERVICE}/Delete", artifact_pb2.DeleteRequest, artifact_pb2.DeleteResponse)


@dataclass(frozen=True, slots=True)
class ArtifactInfo:
    """A stored file. `id` may stand wherever a picture may."""

    id: str
    media_type: str
    size_bytes: int
    created: datetime
    expires: datetime | None


def put(
    session: Session,
    source: PictureSource,
    *,
    media_type: str = "",
    time_to_live: timedelta | None = None,
    deadline_seconds: float | None = None,
) -> Steps[ArtifactInfo]:
    """Store a file; the media type is read from its first bytes unless given.

    Errors: InvalidArgumentError (ARTIFACT_TOO_LARGE), ResourceExhaustedError (QUOTA).
    """
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    content = yield from work(lambda: pictures.load(source))
    return (yield from _store(operation, content, media_type, time_to_live))


def get(session: Session, artifact: str, *, deadline_seconds: float | None = None) -> Steps[bytes]:
    """Fetch a file by its identifier.

    Errors: NotFoundError (ARTIFACT_EXPIRED: never stored, deleted, or past its time).
    """
    return (yield from fetch(Operation.begin(session, new_request_id(), deadline_seconds), artifact))


def stat(session: Session, artifact: str, *, deadline_seconds: float | None = None) -> Steps[ArtifactInfo]:
    """Describe a file by its identifier.

    Errors: NotFoundError (ARTIFACT_EXPIRED: never stored, deleted, or past its time).
    """
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    answer = yield from call(operation, _STAT, artifact_pb2.StatRequest(id=artifact))
    return _info(answer.artifact)


def delete(session: Session, artifact: str, *, deadline_seconds: float | None = None) -> Steps[None]:
    """Delete a file by its identifier; one that is not there is no error."""
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    yield from call(operation, _DELETE, artifact_pb2.DeleteRequest(id=artifact))


def place(
    operation: Operation,
    source: PictureSource,
    *,
    inline_bytes: int = INLINE_LIMIT_BYTES,
    time_to_live: timedelta | None = None,
) -> Steps[image_pb2.Image]:
    """Put a picture into a message: inline up to 4 MiB or less, stored as an artifact above, as long as is said."""
    reference = pictures.reference_of(source)
    if reference:
        is_uri = reference.startswith("https:")
        return image_pb2.Image(uri=reference) if is_uri else image_pb2.Image(artifact=reference)
    content = yield from work(lambda: pictures.load(source))
    if len(content) <= inline_bytes:
        return image_pb2.Image(content=content)
    stored = yield from _store(operation, content, "", time_to_live)
    return image_pb2.Image(artifact=stored.id)


def collect(operation: Operation, image: image_pb2.Image) -> Steps[bytes]:
    """Take a picture out of an answer: its inline bytes, or its artifact, fetched."""
    if image.WhichOneof("source") == "artifact":
        return (yield from fetch(operation, image.artifact))
    return image.content


def fetch(operation: Operation, artifact: str) -> Steps[bytes]:
    """Fetch a file as part of an operation."""
    request = artifact_pb2.GetRequest(id=artifact)
    answers = yield from exchange(operation, _GET, lambda: iter((request,)))
    return b"".join(answer.chunk for answer in answers)


def _store(
    operation: Operation, content: bytes, media_type: str, time_to_live: timedelta | None
) -> Steps[ArtifactInfo]:
    digest = yield from work(lambda: hashlib.sha256(content).hexdigest())
    header = artifact_pb2.PutHeader(media_type=media_type or pictures.media_type(content), sha256=digest)
    if time_to_live is not None:
        lifetime = duration_pb2.Duration()
        lifetime.FromTimedelta(time_to_live)
        header.time_to_live.CopyFrom(lifetime)
    answers = yield from exchange(operation, _PUT, lambda: _pieces(header, content))
    return _info(answers[0].artifact)


def _pieces(header: artifact_pb2.PutHeader, content: bytes) -> Iterator[artifact_pb2.PutRequest]:
    yield artifact_pb2.PutRequest(header=header, chunk=content[:CHUNK_BYTES])
    for start in range(CHUNK_BYTES, len(content), CHUNK_BYTES):
        yield artifact_pb2.PutRequest(chunk=content[start : start + CHUNK_BYTES])


def _info(message: artifact_pb2.Artifact) -> ArtifactInfo:
    expires = message.expire_time.ToDatetime(UTC) if message.HasField("expire_time") else None
    return ArtifactInfo(
        message.id, message.media_type, message.size_bytes, message.create_time.ToDatetime(UTC), expires
    )
