"""A server-streaming RPC: progress one by one, stopped between two responses."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import image_pb2, upscale_pb2, upscale_pb2_grpc

from tests.services.kit.toys import PIXEL, ToyStream, capability, refusal, running, until

if TYPE_CHECKING:
    from pathlib import Path

REQUEST = upscale_pb2.UpscaleRequest(image=image_pb2.Image(content=PIXEL))
SERVICE = "atelier.v1.UpscaleService"


async def test_responses_arrive_in_order_and_the_report_comes_last(tmp_path: Path) -> None:
    async with running(ToyStream(), tmp_path, declared=capability(SERVICE)) as at:
        stub = upscale_pb2_grpc.UpscaleServiceStub(at.channel)
        events = [event async for event in stub.Upscale(REQUEST)]
    assert [event.progress.steps_done for event in events[:-1]] == [0, 1, 2]
    assert events[-1].result.report.operation == "toy.upscale"


async def test_a_cancelled_stream_stops_between_two_responses(tmp_path: Path) -> None:
    toy = ToyStream(tiles=10_000)
    async with running(toy, tmp_path, declared=capability(SERVICE, max_concurrency=1)) as at:
        call = upscale_pb2_grpc.UpscaleServiceStub(at.channel).Upscale(REQUEST)
        await anext(aiter(call))
        call.cancel()
        await until(toy.closed.is_set)
        await until(lambda: not at.server.admission.busy)


async def test_a_stream_ends_with_its_deadline(tmp_path: Path) -> None:
    toy = ToyStream(tiles=10_000)
    async with running(toy, tmp_path, declared=capability(SERVICE, max_deadline_seconds=0.2)) as at:
        call = upscale_pb2_grpc.UpscaleServiceStub(at.channel).Upscale(REQUEST)
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            async for _ in call:
                pass
        assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        await until(toy.closed.is_set)


async def test_a_stream_that_is_malformed_is_refused_before_it_begins(tmp_path: Path) -> None:
    async with running(ToyStream(), tmp_path, declared=capability(SERVICE)) as at:
        call = upscale_pb2_grpc.UpscaleServiceStub(at.channel).Upscale(upscale_pb2.UpscaleRequest())
        error = await refusal(anext(aiter(call)))
    assert [violation.field for violation in error.violations] == ["image"]
