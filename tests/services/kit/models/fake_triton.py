"""A gRPC server that speaks enough of Triton's protocol to be one: one model that doubles, shared memory, failures."""

# Names and signatures are gRPC's.
# ruff: noqa: N802, ARG002

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.shared_memory import SharedMemory
from typing import TYPE_CHECKING

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from numpy.typing import NDArray

    Context = grpc.aio.ServicerContext[object, object]


@dataclass
class FakeTriton(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Double `x`. `failures` are answered first, in order; `max_batch` is held; `hangs` never answers."""

    failures: list[tuple[grpc.StatusCode, str]] = field(default_factory=list)
    max_batch: int = 8
    hangs: bool = False
    takes_memory: bool = True
    requests: list[service_pb2.ModelInferRequest] = field(default_factory=list)
    cancelled: asyncio.Event = field(default_factory=asyncio.Event)
    regions: dict[str, str] = field(default_factory=dict)

    async def ModelInfer(
        self, request: service_pb2.ModelInferRequest, context: Context
    ) -> service_pb2.ModelInferResponse:
        self.requests.append(request)
        if self.failures:
            await context.abort(*self.failures.pop(0))
        if self.hangs:
            await self._hang()
        batch = request.inputs[0].shape[0]
        if batch > self.max_batch:
            text = f"inference request batch-size must be <= {self.max_batch} for '{request.model_name}'"
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, text)
        x = await self._read(request, context)
        return self._answer(request, 2 * x)

    async def SystemSharedMemoryRegister(
        self, request: service_pb2.SystemSharedMemoryRegisterRequest, context: Context
    ) -> service_pb2.SystemSharedMemoryRegisterResponse:
        if not self.takes_memory:
            await context.abort(grpc.StatusCode.INVALID_ARGUMENT, "Unable to open shared memory region")
        self.regions[request.name] = request.key
        return service_pb2.SystemSharedMemoryRegisterResponse()

    async def SystemSharedMemoryUnregister(
        self, request: service_pb2.SystemSharedMemoryUnregisterRequest, context: Context
    ) -> service_pb2.SystemSharedMemoryUnregisterResponse:
        self.regions.pop(request.name, None)
        return service_pb2.SystemSharedMemoryUnregisterResponse()

    async def SystemSharedMemoryStatus(
        self, request: service_pb2.SystemSharedMemoryStatusRequest, context: Context
    ) -> service_pb2.SystemSharedMemoryStatusResponse:
        status = service_pb2.SystemSharedMemoryStatusResponse()
        for name in self.regions:
            status.regions[name].name = name
        return status

    async def _hang(self) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise

    async def _read(self, request: service_pb2.ModelInferRequest, context: Context) -> NDArray[np.float32]:
        tensor = request.inputs[0]
        region = tensor.parameters["shared_memory_region"].string_param
        if not region:
            return np.frombuffer(request.raw_input_contents[0], np.float32).reshape(tuple(tensor.shape))
        if region not in self.regions:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"Unable to find shared memory region: '{region}'")
        memory = SharedMemory(self.regions[region].removeprefix("/"))
        view: NDArray[np.float32] = np.ndarray(tuple(tensor.shape), np.float32, buffer=memory.buf)
        copy = view.copy()
        del view
        memory.close()
        return copy

    def _answer(self, request: service_pb2.ModelInferRequest, y: NDArray[np.float32]) -> service_pb2.ModelInferResponse:
        response = service_pb2.ModelInferResponse(model_name=request.model_name)
        response.outputs.add(name="y", datatype="FP32", shape=list(y.shape))
        region = request.outputs[0].parameters["shared_memory_region"].string_param
        if not region:
            response.raw_output_contents.append(y.tobytes())
            return response
        memory = SharedMemory(self.regions[region].removeprefix("/"))
        view: NDArray[np.float32] = np.ndarray(y.shape, np.float32, buffer=memory.buf)
        view[...] = y
        del view
        memory.close()
        return response


@asynccontextmanager
async def serving(triton: FakeTriton, port: int = 0) -> AsyncIterator[int]:
    """Serve a fake Triton on loopback and return its port."""
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0), ("grpc.max_receive_message_length", -1)])
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(triton, server)
    bound = server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    try:
        yield bound
    finally:
        await server.stop(None)
