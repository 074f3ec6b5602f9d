"""Who comes when many come at once, and what is left of a call that nobody waits for any more."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from atelier_generate.capability import generate_capability
from atelier_rpc.errors import from_rpc_error

from tests.services.generate.service.serving import models_folder, serving, until
from tests.services.generate.service.sketchbook import Networks, Sketchbook

if TYPE_CHECKING:
    from pathlib import Path

    from atelier.v1 import generate_pb2

    from tests.services.generate.service.serving import Running


@pytest.fixture(scope="session")
def models() -> Networks:
    return Networks(models_folder())


async def one_step_done(models: Networks, before: int) -> None:
    await until(lambda: models.steps > before)


@pytest.mark.parametrize("way", ["cancelled", "gone"])
async def test_a_call_that_is_given_up_stops_within_one_step_and_leaves_nothing(
    tmp_path: Path, models: Networks, way: str
) -> None:
    backend = Sketchbook(steps=50)
    async with serving(tmp_path, models, backend) as service:
        before = models.steps
        models.free.clear()
        call = service.call(candidates=8, seed=1)
        await one_step_done(models, before)
        begun = models.steps
        if way == "cancelled":
            call.cancel()
        else:
            await service.channel.close()
        await until(lambda: call.done())
        await asyncio.sleep(0.1)
        models.free.set()
        await until(lambda: not service.server.admission.busy)
        assert models.steps - begun <= 1
        assert backend.open_drawings == 0


async def test_a_call_stops_at_its_deadline(tmp_path: Path, models: Networks) -> None:
    backend = Sketchbook(steps=100_000)
    async with serving(tmp_path, models, backend) as service:
        error = await service.refusal(candidates=1, seed=1, seconds=0.5)
        await until(lambda: not service.server.admission.busy)
        stopped = models.steps
        await asyncio.sleep(0.2)
    assert (error.status, models.steps, backend.open_drawings) == ("DEADLINE_EXCEEDED", stopped, 0)


async def patient(service: Running, **fields: Any) -> generate_pb2.GenerateResult:
    """Ask until there is room, coming back when it is said to make sense."""
    while True:
        try:
            return await service.result(seconds=120, **fields)
        except grpc.aio.AioRpcError as refused:
            error = from_rpc_error(refused)
            assert error.reason == "QUEUE_FULL"
            assert error.retry_after_seconds
            await asyncio.sleep(error.retry_after_seconds)


async def test_twenty_callers_at_once_are_all_served_and_no_more_drawn_at_once_than_allowed(
    tmp_path: Path, models: Networks
) -> None:
    async with serving(tmp_path, models, Sketchbook(steps=1), at_once=2) as service:
        results = await asyncio.gather(
            *(patient(service, candidates=1, seed=seed, tenant=f"t{seed % 3}") for seed in range(20))
        )
    assert [result.report.parameters["first_seed"] for result in results] == list(range(20))
    assert models.most_at_once <= 2


async def test_one_tenant_with_many_calls_lets_the_other_in_after_the_next(tmp_path: Path, models: Networks) -> None:
    order: list[str] = []

    async def ask(service: Running, tenant: str) -> None:
        async for event in service.call(candidates=1, seed=1, tenant=tenant):
            if event.HasField("result"):
                order.append(tenant)  # noqa: PERF401 (in the order of their coming)

    async with serving(tmp_path, models, Sketchbook(steps=1)) as service:
        before = models.steps
        models.free.clear()
        crowd = [asyncio.ensure_future(ask(service, "crowd")) for _ in range(4)]
        await until(lambda: service.server.admission.waiting == 3 and models.steps > before)
        single = asyncio.ensure_future(ask(service, "single"))
        await until(lambda: service.server.admission.waiting == 4)
        models.free.set()
        await asyncio.gather(single, *crowd)
    assert order.index("single") <= 2


async def outcome(service: Running, **fields: Any) -> str:
    """Ask once, and say what became of it: `drawn`, or the reason of the refusal."""
    try:
        await service.result(**fields)
    except grpc.aio.AioRpcError as refused:
        error = from_rpc_error(refused)
        assert error.retry_after_seconds
        return error.reason
    return "drawn"


async def test_of_twenty_callers_those_of_a_crowd_keep_none_of_another_tenant_out(
    tmp_path: Path, models: Networks
) -> None:
    room = generate_capability().limits.max_queue
    async with serving(tmp_path, models, Sketchbook(steps=1)) as service:
        before = models.steps
        models.free.clear()
        crowd = [asyncio.ensure_future(outcome(service, candidates=1, seed=1, tenant="crowd")) for _ in range(16)]
        await until(lambda: models.steps > before and sum(call.done() for call in crowd) == 16 - 1 - room)
        few = [asyncio.ensure_future(outcome(service, candidates=1, seed=1, tenant="few")) for _ in range(4)]
        await until(lambda: sum(call.done() for call in crowd) == 16 - 1 - room + 4)
        models.free.set()
        told = [await asyncio.gather(*few), sorted(await asyncio.gather(*crowd))]
    assert told == [["drawn"] * 4, ["QUEUE_FULL"] * 11 + ["drawn"] * 5]


async def test_a_caller_that_loses_its_place_was_told_of_it_and_hears_why(tmp_path: Path, models: Networks) -> None:
    room = generate_capability().limits.max_queue
    async with serving(tmp_path, models, Sketchbook(steps=1)) as service:
        models.free.clear()
        crowd = [service.call(candidates=1, seed=1, tenant="crowd") for _ in range(room)]
        await until(lambda: service.server.admission.waiting == room - 1)
        last = aiter(service.call(candidates=1, seed=1, tenant="crowd"))
        place = (await anext(last)).progress.queue_position
        single = asyncio.ensure_future(outcome(service, candidates=1, seed=1, tenant="single"))
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await anext(last)
        for call in crowd:
            call.cancel()
        models.free.set()
        assert (place, await single) == (room, "drawn")
    error = from_rpc_error(caught.value)
    assert (error.reason, error.status) == ("QUEUE_FULL", "RESOURCE_EXHAUSTED")
    assert "place was given to a caller with fewer calls" in str(error)


async def test_who_waits_is_told_the_place_in_the_queue(tmp_path: Path, models: Networks) -> None:
    async with serving(tmp_path, models, Sketchbook(steps=1)) as service:
        before = models.steps
        models.free.clear()
        calls = [asyncio.ensure_future(service.ask(candidates=1, seed=1))]
        await one_step_done(models, before)
        for count in (1, 2):
            calls.append(asyncio.ensure_future(service.ask(candidates=1, seed=1)))
            await until(lambda count=count: service.server.admission.waiting == count)  # type: ignore[misc]
        models.free.set()
        events = (await asyncio.gather(*calls))[-1]
    queued = [event.progress.queue_position for event in events if event.progress.stage == "queued"]
    assert queued == [2, 1]


async def test_a_full_queue_is_refused_with_a_time_to_wait(tmp_path: Path, models: Networks) -> None:
    room = generate_capability().limits.max_queue
    async with serving(tmp_path, models, Sketchbook(steps=1)) as service:
        models.free.clear()
        calls = [asyncio.ensure_future(service.ask(candidates=1, seed=1)) for _ in range(1 + room)]
        await until(lambda: service.server.admission.waiting == room)
        error = await service.refusal(candidates=1, seed=1)
        for call in calls:
            call.cancel()
        models.free.set()
        with pytest.raises((asyncio.CancelledError, grpc.aio.AioRpcError)):
            await asyncio.gather(*calls)
    assert error.reason == "QUEUE_FULL"
    assert error.retry_after_seconds
