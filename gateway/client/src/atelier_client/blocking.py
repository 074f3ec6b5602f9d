"""Performing an operation's steps on the calling thread."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar, cast

import grpc

from atelier_client.errors import AtelierCallError, call_error
from atelier_client.steps import Exchange, Pause, Work

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from atelier_client.steps import Step, Steps

R = TypeVar("R")


def run(steps: Steps[R], channel: grpc.Channel) -> R:
    """Perform an operation to its end and return its result.

    Errors: AtelierCallError, PictureError, OSError of a file that cannot be read.
    """
    try:
        step = next(steps)
        while True:
            try:
                outcome = _perform(step, channel)
            except AtelierCallError as error:
                step = steps.throw(error)
            else:
                step = steps.send(outcome)
    except StopIteration as end:
        result: R = end.value
        return result


def _perform(step: Step, channel: grpc.Channel) -> object:
    match step:
        case Work(run=work):
            return work()
        case Pause(seconds=seconds):
            time.sleep(seconds)
            return None
        case Exchange():
            return _exchange(step, channel)


def _exchange(step: Exchange[Any, Any], channel: grpc.Channel) -> list[Message]:
    method, seconds, headers = step.method, step.timeout_seconds, step.headers
    codec = (method.request.SerializeToString, method.answer.FromString)
    try:
        if method.client_streams:
            return [channel.stream_unary(method.path, *codec)(step.requests(), timeout=seconds, metadata=headers)]
        request = next(step.requests())
        if method.server_streams:
            stream = channel.unary_stream(method.path, *codec)(request, timeout=seconds, metadata=headers)
            return [step.noted(answer) for answer in stream]
        return [channel.unary_unary(method.path, *codec)(request, timeout=seconds, metadata=headers)]
    except grpc.RpcError as error:
        raise _call_error(error, step) from error


def _call_error(error: grpc.RpcError, step: Exchange[Any, Any]) -> AtelierCallError:
    met = cast("grpc.Call", error)  # every error of a call is the call itself; grpc's types do not say so
    return call_error(met.code(), met.details() or "", met.trailing_metadata() or (), step.headers[0][1])
