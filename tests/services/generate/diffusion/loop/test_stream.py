"""The service's side of a stream, against a server that says what Triton says when it stops or breaks off."""

# Names and signatures are gRPC's.
# ruff: noqa: N802, ARG002

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import grpc
import numpy as np
import pytest
from atelier_generate.loop import wire
from atelier_generate.loop.stream import Loop
from atelier_sdk.errors import BackendDownError, QueueFullError
from tritonclient.grpc import service_pb2, service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import Iterator

Response = service_pb2.ModelStreamInferResponse
STOPPING = Response(error_message="Server is stopping, scheduler for model has stopped accepting new requests")
FULL = Response(error_message="Exceeds maximum queue size")


class Saying(service_pb2_grpc.GRPCInferenceServiceServicer):  # type: ignore[misc]
    """Answers each stream by what is next, and keeps the requests."""

    def __init__(self, *streams: list[Any]) -> None:
        self.streams = [*streams]
        self.requests: list[Any] = []

    def ModelStreamInfer(self, requests: Iterator[Any], context: Any) -> Iterator[Any]:
        self.requests += list(requests)
        yield from self.streams.pop(0)


def step(done: int) -> Any:
    response = service_pb2.ModelInferResponse()
    response.outputs.add(name=wire.STEP, datatype="INT32", shape=[2])
    response.raw_output_contents.append(np.array([done, 2], np.int32).tobytes())
    return Response(infer_response=response)


def end() -> Any:
    response = service_pb2.ModelInferResponse()
    response.parameters["triton_final_response"].bool_param = True
    return Response(infer_response=response)


@contextmanager
def serving(triton: Saying) -> Iterator[Loop]:
    server = grpc.server(ThreadPoolExecutor(2))
    service_pb2_grpc.add_GRPCInferenceServiceServicer_to_server(triton, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield Loop(f"127.0.0.1:{port}")
    finally:
        server.stop(None).wait()


def followed(loop: Loop) -> list[int]:
    return [int(answer[wire.STEP][0]) for answer in loop.follow(wire.from_json({}), lambda: None)]


def test_an_order_that_was_not_begun_is_sent_once_more() -> None:
    triton = Saying([STOPPING], [step(1), step(2), end()])
    with serving(triton) as loop:
        assert followed(loop) == [1, 2]
    first, second = triton.requests
    assert first == second
    assert (first.model_name, first.inputs[0].name, first.raw_input_contents) == (wire.MODEL, wire.ORDER, [b"{}"])


def test_it_is_not_sent_a_third_time() -> None:
    triton = Saying([STOPPING], [STOPPING], [end()])
    with serving(triton) as loop, pytest.raises(BackendDownError):
        followed(loop)
    assert len(triton.requests) == 2


def test_what_was_begun_is_never_sent_again() -> None:
    triton = Saying([step(1), STOPPING], [end()])
    with serving(triton) as loop, pytest.raises(BackendDownError):
        followed(loop)
    assert len(triton.requests) == 1


def test_a_full_queue_is_told_at_once() -> None:
    triton = Saying([FULL], [end()])
    with serving(triton) as loop, pytest.raises(QueueFullError) as raised:
        followed(loop)
    assert raised.value.retry_after_seconds == 0.5
    assert len(triton.requests) == 1


def test_a_stream_that_breaks_off_is_no_end() -> None:
    with serving(Saying([step(1)])) as loop, pytest.raises(BackendDownError):
        followed(loop)
