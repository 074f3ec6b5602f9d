"""Performing an operation's steps on the event loop."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, TypeVar

import grpc

from atelier_client.errors import AtelierCallError, call_error
from atelier_client.steps import Exchange, Pause, Work

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from atelier_client.steps import Step, Steps

R = TypeVar("R")


async def run(steps: Steps[R], channel: grpc.aio.Channel) -> R:
    """Perform an operation to its end and return its result.

    Errors: AtelierCallError, PictureError, OSError of a file that cannot be read.
    """
    try:
        step = next(steps)
        while True:
            try:
                outcome = await _perform(step, channel)
            except AtelierCallError as error:
                step = steps.throw(error)
            else:
                step = steps.send(outcome)
    except StopIteration as end:
        result: R = end.value
        return result


async def _perform(step: Step, channel: grpc.aio.Channel) -> object:
    match step:
        case Work(run=work):
            return await asyncio.to_thread(work)
        case Pause(seconds=seconds):
            await asyncio.sleep(seconds)
            return None
        case Exchange():
            return await _exchange(step, channel)


async def _exchange(step: Exchange[Any, Any], channel: grpc.aio.Channel) -> list[Message]:
    method, seconds, headers = step.method, step.timeout_seconds, step.headers
    codec = (method.request.SerializeToString, method.answer.FromString)
    try:
        if method.client_streams:
            put = channel.stream_unary(method.path, *codec)
            return [await put(step.requests(), timeout=seconds, metadata=headers)]
        request = next(step.requests())
        if method.server_streams:
            answers = channel.unary_stream(method.path, *codec)(request, timeout=seconds, metadata=headers)
            return [step.noted(answer) async for answer in answers]
        return [await channel.unary_unary(method.path, *codec)(request, timeout=seconds, metadata=headers)]
    except grpc.aio.AioRpcError as error:
        trailers = tuple(error.trailing_metadata() or ())
        raise call_error(error.code(), error.details() or "", trailers, step.headers[0][1]) from error
