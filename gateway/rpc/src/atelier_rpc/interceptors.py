"""What every RPC of every server here has in common: parsed, validated, answered with our errors, logged. In one place.

`CallInterceptor` takes the place of four: it reads the message itself (bytes that are none become MESSAGE_MALFORMED),
holds it against its annotations, turns whatever is raised into a `google.rpc.Status`, and writes one line a call.
"""

from __future__ import annotations

import asyncio
import time
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any, Final

import grpc
from atelier_sdk.errors import AtelierError, MessageMalformedError
from google.protobuf.message import DecodeError, Message

from atelier_rpc import validation
from atelier_rpc.errors import code_of, to_status, trailers
from atelier_rpc.logs import Log, request_id

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

    Handler = grpc.RpcMethodHandler[Any, Any]
    Context = grpc.aio.ServicerContext[Any, Any]

REQUEST_ID_KEY: Final = "x-request-id"
TENANT_KEY: Final = "x-atelier-tenant"
DEFAULT_TENANT: Final = "default"

log = Log(__name__)


def metadata_value(context: Context, key: str, default: str = "") -> str:
    """Return one text of a call's metadata."""
    for name, value in context.invocation_metadata() or ():
        if name == key:
            return value if isinstance(value, str) else value.decode(errors="replace")
    return default


class CallInterceptor(grpc.aio.ServerInterceptor):
    """Parse, validate, answer errors and log, for unary calls and streams.

    `services` are the full names of the gRPC services that it is for; their annotations are compiled here, so that one
    that is not evaluated stops the start (UnknownRuleError). Other services (health, reflection) pass untouched, and so
    do methods that the services do not have: refusing them is up to whoever answers them.
    """

    def __init__(self, services: Sequence[str]) -> None:
        self._methods = frozenset(path for service in services for path in validation.compile_service(service))

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler | None]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler | None:
        """Wrap the handler of a call."""
        handler = await continuation(handler_call_details)
        method = handler_call_details.method
        if handler is None or method not in self._methods:
            return handler
        return _wrap(handler, method)


def _wrap(handler: Handler, method: str) -> Handler:
    """Return a handler of the same shape that takes bytes."""
    parse = _parser(handler)
    if handler.unary_unary:
        return grpc.unary_unary_rpc_method_handler(
            _unary_unary(handler.unary_unary, parse, method), response_serializer=handler.response_serializer
        )
    if handler.unary_stream:
        return grpc.unary_stream_rpc_method_handler(
            _unary_stream(handler.unary_stream, parse, method), response_serializer=handler.response_serializer
        )
    if handler.stream_unary:
        return grpc.stream_unary_rpc_method_handler(
            _stream_unary(handler.stream_unary, parse, method), response_serializer=handler.response_serializer
        )
    raise TypeError(f"{method} streams both ways, which no service of ours does")


def _parser(handler: Handler) -> Callable[[bytes], Message]:
    deserialize = handler.request_deserializer
    if deserialize is None:
        raise TypeError("a service that forwards bytes is not to be validated")

    def parse(raw: bytes) -> Message:
        try:
            message: Message = deserialize(raw)
        except DecodeError:
            raise MessageMalformedError("The bytes of the call are not the message that its RPC takes.") from None
        validation.check(message, wire_bytes=len(raw))
        return message

    return parse


# A handler's function is whatever the service's author wrote: its types are known to nobody here.
def _unary_unary(inner: Any, parse: Callable[[bytes], Message], method: str) -> Any:
    async def answer(raw: bytes, context: Context) -> object:
        async with _answering(method, context):
            return await inner(parse(raw), context)

    return answer


def _unary_stream(inner: Any, parse: Callable[[bytes], Message], method: str) -> Any:
    async def answer(raw: bytes, context: Context) -> AsyncIterator[object]:
        async with _answering(method, context):
            async for response in inner(parse(raw), context):
                yield response

    return answer


def _stream_unary(inner: Any, parse: Callable[[bytes], Message], method: str) -> Any:
    async def answer(chunks: AsyncIterator[bytes], context: Context) -> object:
        async with _answering(method, context):
            return await inner(_parsed(chunks, parse), context)

    return answer


async def _parsed(chunks: AsyncIterator[bytes], parse: Callable[[bytes], Message]) -> AsyncIterator[Message]:
    async for raw in chunks:
        yield parse(raw)


@asynccontextmanager
async def _answering(method: str, context: Context) -> AsyncIterator[None]:
    """Turn what is raised inside into the call's status, and write the call's line."""
    started = time.perf_counter()
    request_id.set(metadata_value(context, REQUEST_ID_KEY) or str(uuid.uuid4()))
    try:
        yield
    except asyncio.CancelledError:
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            _write(method, started, "CANCELLED")
            raise
        # Somebody else's cancellation that leaked into the handler: without an answer the client would hang.
        leaked = RuntimeError("a cancellation leaked into the handler")
        await _abort(context, _internal(leaked), method, started)
    except grpc.aio.AbortError:
        _write(method, started, "ABORTED BY ITS HANDLER")
        raise
    except AtelierError as error:
        told = _internal(error) if error.status == AtelierError.status else error
        await _abort(context, told, method, started)
    except Exception as error:  # noqa: BLE001 (the one place where nothing may pass)
        await _abort(context, _internal(error), method, started)
    else:
        _write(method, started, "OK")


def _internal(error: Exception) -> AtelierError:
    """Return what the caller is told of an error that nobody expected: an identifier that the log explains."""
    identifier = uuid.uuid4().hex[:12]
    log.error("unexpected error", error, error_id=identifier)
    return AtelierError(f"Something went wrong. Error id: {identifier}.", metadata={"error_id": identifier})


async def _abort(context: Context, error: AtelierError, method: str, started: float) -> None:
    status = to_status(error)
    code = code_of(error)
    _write(method, started, code.name, reason=error.reason)
    await context.abort(code, status.message, trailers(status))


def _write(method: str, started: float, code: str, *, reason: str = "") -> None:
    milliseconds = round(1000 * (time.perf_counter() - started), 1)
    log.info("call", method=method, code=code, milliseconds=milliseconds, **({"reason": reason} if reason else {}))
