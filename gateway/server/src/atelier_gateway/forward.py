"""Messages passed on as the bytes that they are, in both directions, for all four kinds of RPC.

Every handler is registered as one with a request stream, whatever its kind: only then is the first message read when
*we* ask for it, so that a call which is refused costs nobody the transfer of its picture.
"""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING

import grpc
from atelier_sdk.errors import AtelierError, BackendDownError, MessageMalformedError
from grpc.aio import EOF  # type: ignore[attr-defined]  # the stubs lack it

from atelier_gateway.descriptors import Kind
from atelier_gateway.endings import Ending
from atelier_gateway.ends import let_a_cancellation_arrive
from atelier_gateway.outcomes import is_draining, may_repeat, told
from atelier_gateway.passage import Passage, log

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from atelier_gateway.passage import Context, Route

    Carry = Callable[[Passage], Awaitable[bytes | None]]
    StreamCall = grpc.aio.UnaryStreamCall[bytes, bytes] | grpc.aio.StreamStreamCall[bytes, bytes]


def handler_for(route: Route) -> grpc.RpcMethodHandler[bytes, bytes]:
    """Return the handler of one method, which neither parses nor serialises."""
    if route.kind in {Kind.UNARY_UNARY, Kind.STREAM_UNARY}:
        carry = _unary_unary if route.kind is Kind.UNARY_UNARY else _stream_unary

        async def answer_once(_requests: object, context: Context) -> bytes | None:
            return await _answer(route, context, carry)

        return grpc.stream_unary_rpc_method_handler(answer_once)

    carry_stream = _unary_stream if route.kind is Kind.UNARY_STREAM else _stream_stream

    async def answer_stream(_requests: object, context: Context) -> None:
        await _answer(route, context, carry_stream)

    return grpc.stream_stream_rpc_method_handler(answer_stream)


async def _answer(route: Route, context: Context, carry: Carry) -> bytes | None:
    """Carry one call and end it, whatever happens, with exactly one status."""
    passage = Passage(route, context)
    try:
        passage.open()
        await passage.admit()
        reply = await carry(passage)
        passage.judge(None)
        passage.code = "OK"
    except AtelierError as error:
        await passage.refuse(error)
    except grpc.aio.AioRpcError as error:
        await _fail(passage, error)
    except asyncio.CancelledError:
        if _is_cancelled():
            raise
        # The cancellation is not the caller's but of the call behind us: unanswered, it would let the caller hang.
        cut_off = BackendDownError("The call to the service was cut off.")
        passage.judge(cut_off)
        await passage.refuse(cut_off)
    except (grpc.aio.AbortError, grpc.aio.InternalError):
        raise  # Answered already, or the caller is gone.
    except Exception as error:  # noqa: BLE001 (nothing of an unexpected exception leaves the house)
        identifier = uuid.uuid4().hex[:12]
        log.error("unexpected error", error, error_id=identifier)
        message = f"Something went wrong. Error id: {identifier}."
        await passage.refuse(AtelierError(message, metadata={"error_id": identifier}))
    else:
        return reply
    return None


async def _fail(passage: Passage, error: grpc.aio.AioRpcError) -> None:
    """End a call that failed behind us, with the service's own words where it has any."""
    instead = told(error, passage.route.capability.name)
    passage.suspect(instead)
    if not is_draining(error):
        passage.judge(instead)
    await (passage.refuse(instead) if instead else passage.hand_back(error))


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _unary_unary(passage: Passage) -> bytes:
    request = await _first_message(passage)
    try:
        return await _ask_once(passage, request)
    except grpc.aio.AioRpcError as error:
        if not _has_another_try(passage, error):
            raise
    return await _ask_once(passage, request)


async def _ask_once(passage: Passage, request: bytes) -> bytes:
    endpoint = passage.choose(besides=passage.endpoint)
    ask = endpoint.unary_unary(passage.route.path)
    call = ask(request, timeout=passage.seconds_left(), metadata=passage.caller.metadata)
    reply = await call
    passage.give(reply)
    trailing = await call.trailing_metadata()
    if trailing:
        passage.context.set_trailing_metadata(tuple(trailing))
    await passage.head(await call.initial_metadata(), decorated=True)
    return reply


async def _unary_stream(passage: Passage) -> None:
    request = await _first_message(passage)
    try:
        return await _ask_for_stream(passage, request)
    except grpc.aio.AioRpcError as error:
        if passage.answered or not _has_another_try(passage, error):
            raise
    return await _ask_for_stream(passage, request)


async def _ask_for_stream(passage: Passage, request: bytes) -> None:
    endpoint = passage.choose(besides=passage.endpoint)
    ask: grpc.aio.UnaryStreamMultiCallable[bytes, bytes] = endpoint.channel.unary_stream(passage.route.path)
    call = ask(request, timeout=passage.seconds_left(), metadata=passage.caller.metadata)
    try:
        await _download(passage, call)
    finally:
        call.cancel()


async def _stream_unary(passage: Passage) -> bytes:
    endpoint = passage.choose()
    ask: grpc.aio.StreamUnaryMultiCallable[bytes, bytes] = endpoint.channel.stream_unary(passage.route.path)
    call = ask(timeout=passage.seconds_left(), metadata=passage.caller.metadata)
    ending = Ending(call)
    upload = asyncio.create_task(_upload(passage, call))
    try:
        reply = await call
    except asyncio.CancelledError:
        _raise_what_stopped(upload)
        raise
    except grpc.aio.AioRpcError as error:
        raise await ending.of(error) from None
    finally:
        upload.cancel()
        call.cancel()
    passage.give(reply)
    passage.context.set_trailing_metadata(ending.trailing_metadata())
    await passage.head(await call.initial_metadata(), decorated=True)
    return reply


async def _stream_stream(passage: Passage) -> None:
    endpoint = passage.choose()
    ask: grpc.aio.StreamStreamMultiCallable[bytes, bytes] = endpoint.channel.stream_stream(passage.route.path)
    call = ask(timeout=passage.seconds_left(), metadata=passage.caller.metadata)
    ending = Ending(call)
    upload = asyncio.create_task(_upload(passage, call))
    try:
        await _download(passage, call)
    except asyncio.CancelledError:
        _raise_what_stopped(upload)
        raise
    except grpc.aio.AioRpcError as error:
        said = await ending.of(error)
        if said.code() is not grpc.StatusCode.OK:
            raise said from None
        passage.context.set_trailing_metadata(ending.trailing_metadata())
    finally:
        upload.cancel()
        call.cancel()


async def _first_message(passage: Passage) -> bytes:
    message = await passage.context.read()
    if message is EOF:
        raise MessageMalformedError("The call ended before its message.")
    passage.take(message)
    return message


async def _upload(
    passage: Passage,
    call: grpc.aio.StreamUnaryCall[bytes, bytes] | grpc.aio.StreamStreamCall[bytes, bytes],
) -> None:
    """Pass the caller's messages on until it has no more; whatever stops that ends the call to the service."""
    try:
        while (message := await passage.context.read()) is not EOF:
            passage.take(message)
            await call.write(message)
            passage.hold(-len(message))
        await let_a_cancellation_arrive()
        await call.done_writing()
    except (grpc.aio.AioRpcError, asyncio.InvalidStateError):
        return  # The service has answered already; its status is read elsewhere.
    except BaseException:
        call.cancel()
        raise


def _raise_what_stopped(upload: asyncio.Task[None]) -> None:
    """Raise what ended the upload, and with it the call to the service; nothing when the caller cancelled."""
    if upload.done() and not upload.cancelled():
        error = upload.exception()
        if error is not None:
            raise error


async def _download(passage: Passage, call: StreamCall) -> None:
    """Pass the service's messages on, its initial metadata before them, its trailing metadata behind."""
    initial = await call.initial_metadata()
    if initial:
        await passage.head(initial, decorated=True)
    async for message in call:
        passage.answered = True
        await passage.head(decorated=True)
        passage.give(message)
        await passage.context.write(message)
        passage.hold(-len(message))
    await passage.head(decorated=True)
    passage.context.set_trailing_metadata(tuple(await call.trailing_metadata()))


def _has_another_try(passage: Passage, error: grpc.aio.AioRpcError) -> bool:
    """Tell whether the call may go to another endpoint, and count it if so."""
    others = any(endpoint is not passage.endpoint for endpoint in passage.route.backends.endpoints)
    if not others or not may_repeat(error, named=passage.caller.named):
        return False
    passage.suspect(told(error, passage.route.capability.name))
    passage.route.metrics.retried(passage.route.capability.name)
    return True
