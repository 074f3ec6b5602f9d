"""What every RPC has in common, on a server with unary calls and streams in each direction."""

# Names and signatures are gRPC's.
# ruff: noqa: N802, ARG002

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from atelier.v1 import artifact_pb2, artifact_pb2_grpc
from atelier_rpc.errors import from_rpc_error
from atelier_rpc.interceptors import CallInterceptor
from atelier_rpc.logs import request_id
from atelier_sdk.errors import (
    ArtifactExpiredError,
    AtelierError,
    FieldOutOfRangeError,
    MessageMalformedError,
    QuotaError,
)

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

SERVICE = "atelier.v1.ArtifactService"
ID = "sha256:" + "a" * 64
Context = grpc.aio.ServicerContext[Any, Any]


class Toy(artifact_pb2_grpc.ArtifactServiceServicer):
    """A store whose files are what happens."""

    async def Stat(self, request: artifact_pb2.StatRequest, context: Context) -> artifact_pb2.StatResponse:
        return artifact_pb2.StatResponse(artifact=artifact_pb2.Artifact(id=request_id.get()))

    async def Delete(self, request: artifact_pb2.DeleteRequest, context: Context) -> artifact_pb2.DeleteResponse:
        if request.id.endswith("c"):
            raise asyncio.CancelledError
        if request.id.endswith("d"):
            raise AtelierError("the text of the house")
        raise ArtifactExpiredError("There is no such artifact.")

    async def Get(self, request: artifact_pb2.GetRequest, context: Context) -> AsyncIterator[artifact_pb2.GetResponse]:
        yield artifact_pb2.GetResponse(chunk=b"first")
        if request.id.endswith("b"):
            raise ArtifactExpiredError("It has just gone.")
        yield artifact_pb2.GetResponse(chunk=b"second")

    async def Put(self, requests: AsyncIterator[artifact_pb2.PutRequest], context: Context) -> artifact_pb2.PutResponse:
        size = 0
        async for request in requests:
            size += len(request.chunk)
        if size > 100:
            raise QuotaError("Too much.")
        return artifact_pb2.PutResponse(artifact=artifact_pb2.Artifact(size_bytes=size))


class Rest(grpc.GenericRpcHandler):
    """Refuses, in bytes, what nobody else serves, as the gateway does."""

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler[bytes, bytes]:
        async def refuse(_requests: object, context: Context) -> None:
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, "Nobody serves it.")

        return grpc.stream_stream_rpc_method_handler(refuse)


@asynccontextmanager
async def serving(
    *rest: grpc.GenericRpcHandler,
) -> AsyncIterator[tuple[artifact_pb2_grpc.ArtifactServiceAsyncStub, grpc.aio.Channel]]:
    server = grpc.aio.server(interceptors=[CallInterceptor((SERVICE,))])
    artifact_pb2_grpc.add_ArtifactServiceServicer_to_server(Toy(), server)
    server.add_generic_rpc_handlers(rest)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield artifact_pb2_grpc.ArtifactServiceStub(channel), channel
    await server.stop(1)  # a call that is answered has yet to write its line


def raw(channel: grpc.aio.Channel, method: str) -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(f"/{SERVICE}/{method}")
    return call


async def refusal(call: Any) -> AtelierError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return from_rpc_error(caught.value)


def last_of(identifier: str, letter: str) -> str:
    return identifier[:-1] + letter


async def test_a_unary_call_is_answered_and_knows_its_identifier() -> None:
    async with serving() as (stub, _):
        answer = await stub.Stat(artifact_pb2.StatRequest(id=ID), metadata=(("x-request-id", "abc"),))
    assert answer.artifact.id == "abc"


async def test_a_request_that_breaks_its_contract_never_reaches_the_servicer() -> None:
    async with serving() as (stub, _):
        error = await refusal(stub.Stat(artifact_pb2.StatRequest(id="x")))
    assert (type(error), error.violations[0].field) == (FieldOutOfRangeError, "id")


async def test_bytes_that_are_no_message_are_refused() -> None:
    async with serving() as (_, channel):
        error = await refusal(raw(channel, "Stat")(b"\xff"))
    assert isinstance(error, MessageMalformedError)


async def test_a_streamed_answer_ends_with_its_error() -> None:
    async with serving() as (stub, _):
        whole = [part.chunk async for part in stub.Get(artifact_pb2.GetRequest(id=ID))]
        call = stub.Get(artifact_pb2.GetRequest(id=last_of(ID, "b")))
        parts = aiter(call)
        first = (await anext(parts)).chunk
        error = await refusal(anext(parts))
    assert (whole, first, type(error)) == ([b"first", b"second"], b"first", ArtifactExpiredError)


async def test_a_streamed_request_is_validated_message_by_message() -> None:
    async def chunks(*headers: str) -> AsyncIterator[artifact_pb2.PutRequest]:
        for header in headers:
            yield artifact_pb2.PutRequest(header=artifact_pb2.PutHeader(sha256=header), chunk=b"x" * 30)

    async with serving() as (stub, _):
        stored = await stub.Put(chunks("", ""))
        broken = await refusal(stub.Put(chunks("", "not a digest")))
        full = await refusal(stub.Put(chunks("", "", "", "")))
    assert stored.artifact.size_bytes == 60
    assert ([violation.field for violation in broken.violations], type(full)) == (["header.sha256"], QuotaError)


@pytest.mark.parametrize("kind", ["c", "d"], ids=["leaked cancellation", "internal"])
async def test_an_unexpected_error_is_answered_by_an_identifier_alone(
    kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving() as (stub, _):
        error = await refusal(stub.Delete(artifact_pb2.DeleteRequest(id=last_of(ID, kind)), timeout=5))
    identifier = error.metadata["error_id"]
    assert (error.status, error.message) == ("INTERNAL", f"Something went wrong. Error id: {identifier}.")
    assert [record.getMessage() for record in caplog.records] == ["unexpected error"]


async def test_every_call_writes_one_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="atelier_rpc")
    async with serving() as (stub, _):
        await stub.Stat(artifact_pb2.StatRequest(id=ID))
        await refusal(stub.Delete(artifact_pb2.DeleteRequest(id=ID)))
    lines = [record.atelier_fields for record in caplog.records]  # type: ignore[attr-defined]
    assert [(line["method"], line["code"], line.get("reason")) for line in lines] == [
        (f"/{SERVICE}/Stat", "OK", None),
        (f"/{SERVICE}/Delete", "NOT_FOUND", "ARTIFACT_EXPIRED"),
    ]


async def test_a_method_that_is_not_served_is_grpcs_to_answer() -> None:
    async with serving() as (_, channel):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw(channel, "Nothing")(b"")
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_a_method_that_the_service_does_not_have_is_refused_by_whoever_answers_the_rest() -> None:
    async with serving(Rest()) as (_, channel):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await raw(channel, "Nothing")(b"")
    assert (caught.value.code(), caught.value.details()) == (grpc.StatusCode.UNIMPLEMENTED, "Nobody serves it.")
