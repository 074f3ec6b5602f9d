"""ArtifactService: files in and out of the artifact store, in chunks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from atelier.v1 import artifact_pb2, artifact_pb2_grpc
from atelier_rpc.artifacts import DEFAULT_TENANT, TENANT_KEY
from atelier_rpc.interceptors import metadata_value
from atelier_rpc.logs import Log
from atelier_sdk.errors import FieldOutOfRangeError, FieldViolation, MessageMalformedError

from atelier_gateway.ends import let_a_cancellation_arrive

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import grpc
    from atelier_rpc.artifacts import Artifact, ArtifactStore

    Context = grpc.aio.ServicerContext[object, object]

SWEEP_SECONDS: Final = 300.0

log = Log(__name__)


class Artifacts(artifact_pb2_grpc.ArtifactServiceServicer):
    """Serve a tenant's files. The tenant is what `x-atelier-tenant` says."""

    def __init__(self, store: ArtifactStore) -> None:
        self._store = store

    async def Put(  # noqa: N802 (the API's name)
        self, request_iterator: AsyncIterator[artifact_pb2.PutRequest], context: Context
    ) -> artifact_pb2.PutResponse:
        """Store a file that comes in chunks."""
        first = await anext(aiter(request_iterator), None)
        if first is None:
            raise MessageMalformedError("The call ended before its first message.")
        header = first.header
        asked = header.HasField("time_to_live")
        artifact = await self._store.put(
            _tenant(context),
            _content(first, request_iterator),
            ttl_seconds=header.time_to_live.ToNanoseconds() / 1e9 if asked else None,
            sha256=header.sha256 or None,
            **({"media_type": header.media_type} if header.media_type else {}),
        )
        return artifact_pb2.PutResponse(artifact=_message(artifact))

    async def Get(  # noqa: N802 (the API's name)
        self, request: artifact_pb2.GetRequest, context: Context
    ) -> AsyncIterator[artifact_pb2.GetResponse]:
        """Stream a file; its description comes with the first chunk."""
        artifact, chunks = await self._store.open(_tenant(context), request.id)
        response = artifact_pb2.GetResponse(artifact=_message(artifact))
        async for chunk in chunks:
            response.chunk = chunk
            yield response
            response = artifact_pb2.GetResponse()
        if response.HasField("artifact"):  # An empty file has no chunk.
            yield response

    async def Stat(  # noqa: N802 (the API's name)
        self, request: artifact_pb2.StatRequest, context: Context
    ) -> artifact_pb2.StatResponse:
        """Describe a file."""
        return artifact_pb2.StatResponse(artifact=_message(await self._store.stat(_tenant(context), request.id)))

    async def Delete(  # noqa: N802 (the API's name)
        self, request: artifact_pb2.DeleteRequest, context: Context
    ) -> artifact_pb2.DeleteResponse:
        """Delete a file."""
        await self._store.delete(_tenant(context), request.id)
        return artifact_pb2.DeleteResponse()


async def sweep_forever(store: ArtifactStore) -> None:
    """Remove what is past its time every five minutes."""
    while True:
        freed = await store.sweep()
        if freed:
            log.info("swept artifacts", freed_bytes=freed)
        await asyncio.sleep(SWEEP_SECONDS)


async def _content(
    first: artifact_pb2.PutRequest, rest: AsyncIterator[artifact_pb2.PutRequest]
) -> AsyncIterator[bytes]:
    yield first.chunk
    async for request in rest:
        if request.HasField("header"):
            rule = "is taken in the first message only"
            raise FieldOutOfRangeError(f"header {rule}.", violations=(FieldViolation("header", rule),))
        yield request.chunk
    await let_a_cancellation_arrive()


def _tenant(context: Context) -> str:
    return metadata_value(context, TENANT_KEY, DEFAULT_TENANT)


def _message(artifact: Artifact) -> artifact_pb2.Artifact:
    message = artifact_pb2.Artifact(id=artifact.id, media_type=artifact.media_type, size_bytes=artifact.size_bytes)
    message.create_time.FromDatetime(artifact.create_time)
    message.expire_time.FromDatetime(artifact.expire_time)
    return message
