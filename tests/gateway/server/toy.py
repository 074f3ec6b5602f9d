"""A third-party capability that the tests route to: its descriptors are in no generated stub, its messages are bytes.

What a call does is asked in the metadata `toy-do`:

    wait          answer when `release` is set
    sleep         answer after `toy-seconds`
    refuse        FAILED_PRECONDITION with details and trailing metadata of its own
    unavailable   a bare UNAVAILABLE
    draining      UNAVAILABLE with the reason DRAINING
    late          (streams) UNAVAILABLE after the first response

Run as a process (`python toy.py PORT`), it can be killed.
"""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import grpc
from atelier_rpc.errors import code_of, to_status, trailers
from atelier_sdk import Capability, Limits
from atelier_sdk.errors import DrainingError, NoFaceError
from google.protobuf.descriptor_pb2 import FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    Context = grpc.aio.ServicerContext[bytes, bytes]

SERVICE = "toy.v1.ToyService"
OPTIONS = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))


def descriptors() -> bytes:
    """Describe toy.v1.ToyService: Echo, Down, Up and Chat, one of each kind, all of toy.v1.Blob."""
    file = FileDescriptorProto(name="toy/v1/toy.proto", package="toy.v1", syntax="proto3")
    message = file.message_type.add(name="Blob")
    message.field.add(
        name="content",
        number=1,
        type=FieldDescriptorProto.TYPE_BYTES,
        label=FieldDescriptorProto.LABEL_OPTIONAL,
    )
    service = file.service.add(name="ToyService")
    for name, up, down in (
        ("Echo", False, False),
        ("Down", False, True),
        ("Up", True, False),
        ("Chat", True, True),
    ):
        service.method.add(
            name=name,
            input_type=".toy.v1.Blob",
            output_type=".toy.v1.Blob",
            client_streaming=up,
            server_streaming=down,
        )
    return FileDescriptorSet(file=[file]).SerializeToString()


def capability(name: str = "toy", limits: Limits | None = None) -> Capability:
    return Capability(
        name=name,
        service=SERVICE,
        description="Gives back what it gets.",
        descriptors=descriptors(),
        command=(sys.executable, __file__, "0"),
        limits=limits or Limits(max_message_bytes=20 * 1024 * 1024),
    )


class Toy:
    """The service, and what it saw."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.called = asyncio.Event()
        self.cancelled = asyncio.Event()
        self.metadata: list[dict[str, str | bytes]] = []
        self.remaining: list[float] = []
        self.received: list[bytes] = []
        self.completed: list[bytes] = []
        self.health = health.aio.HealthServicer()
        self.server = grpc.aio.server(options=OPTIONS)
        self.port = 0

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    async def start(self, port: int = 0, *, with_health: bool = True) -> Toy:
        handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {
            "Echo": grpc.unary_unary_rpc_method_handler(self.echo),
            "Down": grpc.unary_stream_rpc_method_handler(self.down),
            "Up": grpc.stream_unary_rpc_method_handler(self.up),
            "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
        }
        self.server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        if with_health:
            health_pb2_grpc.add_HealthServicer_to_server(self.health, self.server)
            await self.health.set(SERVICE, health_pb2.HealthCheckResponse.SERVING)
        self.port = self.server.add_insecure_port(f"127.0.0.1:{port}")
        await self.server.start()
        return self

    async def echo(self, request: bytes, context: Context) -> bytes:
        await self._behave(context)
        self.received.append(request)
        context.set_trailing_metadata((("toy-trailer", "last"), ("toy-bin", b"\x00\xff")))
        await context.send_initial_metadata((("toy-header", "first"),))
        return request

    async def down(self, request: bytes, context: Context) -> AsyncIterator[bytes]:
        """Give a request back in pieces of as many bytes as its first byte says."""
        await self._behave(context)
        context.set_trailing_metadata((("toy-trailer", "last"),))
        size = request[0]
        for start in range(0, len(request), size):
            yield request[start : start + size]
            await self._fail_late(context)

    async def up(self, requests: AsyncIterator[bytes], context: Context) -> bytes:
        await self._behave(context)
        context.set_trailing_metadata((("toy-trailer", "last"),))
        whole = b"".join([await self._note(request) async for request in requests])
        await asyncio.sleep(0.02)  # The toy's own server, too, tells of a cancellation only after the stream's end.
        self.completed.append(whole)
        return whole

    async def chat(self, requests: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        await self._behave(context)
        async for request in requests:
            yield await self._note(request)
            await self._fail_late(context)

    async def _note(self, request: bytes) -> bytes:
        self.received.append(request)
        return request

    async def _behave(self, context: Context) -> None:
        metadata = dict(context.invocation_metadata() or ())
        self.metadata.append(metadata)
        self.remaining.append(context.time_remaining())
        self.called.set()
        wish = metadata.get("toy-do")
        try:
            if wish == "wait":
                await self.release.wait()
            elif wish == "sleep":
                await asyncio.sleep(float(metadata["toy-seconds"]))
        except asyncio.CancelledError:
            self.cancelled.set()
            raise
        if wish == "unavailable":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "busy")
        for name, error in (
            ("refuse", NoFaceError("There is no face.", metadata={"faces": "0"})),
            ("draining", DrainingError("The toy is stopping.")),
        ):
            if wish == name:
                status = to_status(error)
                await context.abort(code_of(error), status.message, (*trailers(status), ("toy-trailer", "last")))

    async def _fail_late(self, context: Context) -> None:
        metadata = dict(context.invocation_metadata() or ())
        if metadata.get("toy-do") == "late":
            await context.abort(grpc.StatusCode.UNAVAILABLE, "went away")


async def main(port: int) -> None:
    toy = await Toy().start(port)
    await toy.server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
