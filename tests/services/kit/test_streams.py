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
        assert toy.begun < toy.tiles
        await until(lambda: not at.server.admission.busy)


async def test_a_stream_ends_with_its_deadline(tmp_path: Path) -> None:
    toy = ToyStream(tiles=10_000)
    async with running(toy, tmp_path, declared=capability(SERVICE, max_deadline_seconds=0.5)) as at:
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


async def test_a_caller_that_waits_is_told_how_many_are_served_before_and_for_how_long(tmp_path: Path) -> None:
    toy = ToyStream()
    async with running(toy, tmp_path, declared=capability(SERVICE, max_concurrency=1)) as at:
        stub = upscale_pb2_grpc.UpscaleServiceStub(at.channel)
        async for _ in stub.Upscale(REQUEST):
            pass  # How long one takes is known afterwards.
        toy.tiles = 10_000
        first = stub.Upscale(REQUEST)
        await anext(aiter(first))
        toy.tiles = 3
        second = aiter(stub.Upscale(REQUEST))
        told = (await anext(second)).progress
        first.cancel()
        later = [event.progress.stage async for event in second]
    assert (told.stage, told.queue_position) == ("queued", 1)
    assert told.queue_seconds > 0
    assert later == [""] * 4


async def test_a_caller_that_leaves_the_queue_leaves_nothing_behind(tmp_path: Path) -> None:
    toy = ToyStream(tiles=10_000)
    async with running(toy, tmp_path, declared=capability(SERVICE, max_concurrency=1)) as at:
        stub = upscale_pb2_grpc.UpscaleServiceStub(at.channel)
        working = stub.Upscale(REQUEST)
        await anext(aiter(working))
        waiting = stub.Upscale(REQUEST)
        assert (await anext(aiter(waiting))).progress.queue_position == 1
        waiting.cancel()
        await until(lambda: at.server.admission.waiting == 0)
        working.cancel()
        await until(lambda: not at.server.admission.busy)


class Quick(ToyStream):
    """One whose RPC does not wait for those that work."""

    beside = frozenset({"Upscale"})


async def test_what_is_quick_is_answered_beside_those_that_work(tmp_path: Path) -> None:
    async with running(Quick(), tmp_path, declared=capability(SERVICE, max_concurrency=1)) as at:
        stub = upscale_pb2_grpc.UpscaleServiceStub(at.channel)
        calls = [stub.Upscale(REQUEST) for _ in range(2)]
        firsts = [await anext(aiter(call)) for call in calls]
        assert [first.progress.stage for first in firsts] == ["", ""]
        assert not at.server.admission.busy
