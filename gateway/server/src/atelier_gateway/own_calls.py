"""Calls to the gateway's own services: refused while it drains, counted, and given their identifier back."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import grpc
from atelier_rpc.interceptors import REQUEST_ID_KEY, CallInterceptor
from atelier_rpc.logs import request_id
from atelier_sdk.capability import MIB
from atelier_sdk.errors import AtelierError

from atelier_gateway.admission import Gate, Lane

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    from atelier_gateway.metrics import Metrics

    Handler = grpc.RpcMethodHandler[Any, Any]
    Context = grpc.aio.ServicerContext[Any, Any]

OWN = "gateway"
OWN_CALLS_AT_ONCE = 256
# What a stream may hold at once: a Put its chunk and the store's two parts of 5 MiB, a Get its chunk twice.
PUT_BYTES = 14 * MIB
GET_BYTES = 2 * MIB


class OwnCalls(CallInterceptor):
    """What `CallInterceptor` does, and the gate besides."""

    def __init__(self, services: Sequence[str], gate: Gate, metrics: Metrics) -> None:
        super().__init__(services)
        self._own = tuple(f"/{service}/" for service in services)
        self._gate = gate
        self._lane = Lane(OWN, lambda: OWN_CALLS_AT_ONCE)
        self._metrics = metrics

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wrap the handler of a call to one of our own services; others pass untouched."""
        if not handler_call_details.method.startswith(self._own):
            return await continuation(handler_call_details)

        async def counted(details: grpc.HandlerCallDetails) -> Handler | None:
            handler = await continuation(details)
            return handler and self._counted(handler, details.method.rpartition("/")[2])

        return await super().intercept_service(counted, handler_call_details)

    def _counted(self, handler: Handler, method: str) -> Handler:
        if handler.response_streaming:
            return _replaced(handler, self._stream(handler.unary_stream or handler.stream_stream, method))
        held = PUT_BYTES if handler.request_streaming else 0
        return _replaced(handler, self._once(handler.unary_unary or handler.stream_unary, method, held))

    # A handler's function takes and gives whatever its RPC does: its types are known to nobody here.
    def _once(self, inner: Any, method: str, held: int) -> Any:
        async def answer(request: object, context: Context) -> object:
            with _Entry(self._gate, self._lane, self._metrics, method, held):
                response = await inner(request, context)
                await _echo(context)
                return response

        return answer

    def _stream(self, inner: Any, method: str) -> Any:
        async def answer(request: object, context: Context) -> AsyncIterator[object]:
            with _Entry(self._gate, self._lane, self._metrics, method, GET_BYTES):
                headed = False
                async for response in inner(request, context):
                    if not headed:
                        await _echo(context)
                        headed = True
                    yield response

        return answer


class _Entry:
    """One call of ours, from the gate to the count."""

    def __init__(self, gate: Gate, lane: Lane, metrics: Metrics, method: str, held: int) -> None:
        self._gate, self._lane, self._metrics, self._method, self._held = gate, lane, metrics, method, held
        self._started = time.monotonic()

    def __enter__(self) -> None:
        try:
            self._gate.enter(self._lane)
        except AtelierError as error:
            self._metrics.refused(OWN, error.reason)
            raise
        self._gate.bytes += self._held

    def __exit__(self, _kind: object, error: BaseException | None, _traceback: object) -> None:
        seconds = time.monotonic() - self._started
        self._gate.bytes -= self._held
        self._gate.leave(self._lane, seconds)
        self._metrics.ended(OWN, self._method, _code(error), seconds)


def _code(error: BaseException | None) -> str:
    if error is None:
        return "OK"
    if isinstance(error, AtelierError):
        return error.status
    return "INTERNAL" if isinstance(error, Exception) else "CANCELLED"


def _replaced(handler: Handler, function: Any) -> Handler:
    make = {
        (False, False): grpc.unary_unary_rpc_method_handler,
        (False, True): grpc.unary_stream_rpc_method_handler,
        (True, False): grpc.stream_unary_rpc_method_handler,
        (True, True): grpc.stream_stream_rpc_method_handler,
    }[handler.request_streaming, handler.response_streaming]
    return make(function, handler.request_deserializer, handler.response_serializer)


async def _echo(context: Context) -> None:
    await context.send_initial_metadata(((REQUEST_ID_KEY, request_id.get()),))
