from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier_gateway.admission import Gate, Lane
from atelier_rpc.errors import from_rpc_error
from atelier_sdk import Limits
from atelier_sdk.errors import DrainingError, QueueFullError

from tests.gateway.server.toy import capability

if TYPE_CHECKING:
    from tests.gateway.server.conftest import OpenHouse, StartToy

WAIT = (("toy-do", "wait"),)
NARROW = capability(limits=Limits(max_concurrency=1, max_queue=1, max_message_bytes=80 * 1024 * 1024))


async def test_a_call_without_room_is_refused_while_the_others_still_wait(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    """The refusal cannot have waited for anybody: those before it have not been answered yet."""
    toy = await start_toy()
    house = await open_house(toy.address, of=NARROW)
    waiting = [asyncio.ensure_future(house.unary()(b"x", metadata=WAIT)) for _ in range(2)]
    await house.settled(lambda: len(toy.metadata) == 2)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(b"y")
    told = from_rpc_error(caught.value)
    assert (caught.value.code(), type(told)) == (grpc.StatusCode.RESOURCE_EXHAUSTED, QueueFullError)
    assert told.metadata == {"capability": "toy", "in_flight": "2"}
    assert told.retry_after_seconds is not None
    assert told.retry_after_seconds > 0
    assert not any(call.done() for call in waiting)
    toy.release.set()
    assert await asyncio.gather(*waiting) == [b"x", b"x"]
    assert await house.unary()(b"y") == b"y"
    assert house.count("atelier_gateway_refusals_total", capability="toy", reason="QUEUE_FULL") == 1


async def test_a_full_capability_is_handed_the_call_of_a_tenant_with_fewer_and_decides(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, of=NARROW)
    crowd = [
        asyncio.ensure_future(house.unary()(b"x", metadata=(*WAIT, ("x-atelier-tenant", "crowd")))) for _ in range(2)
    ]
    await house.settled(lambda: len(toy.metadata) == 2)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(b"y", metadata=(("x-atelier-tenant", "crowd"),))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert await house.unary()(b"y", metadata=(("x-atelier-tenant", "single"),)) == b"y"
    toy.release.set()
    assert await asyncio.gather(*crowd) == [b"x", b"x"]


@pytest.mark.parametrize(
    ("tenants", "newcomer", "is_taken"),
    [
        ("aa", "a", True),
        ("aaa", "a", False),
        ("aaa", "b", True),
        ("aab", "b", False),
        ("aab", "c", True),
        ("abc", "d", False),
        ("aaabb", "c", True),
        ("aaabbb", "c", False),
    ],
)
def test_without_room_who_has_two_calls_fewer_than_another_goes_on_up_to_twice_the_room(
    tenants: str, newcomer: str, is_taken: bool
) -> None:
    lane = Lane("toy", lambda: 3)
    for tenant in tenants:
        lane.count(tenant, 1)
    assert lane.takes(newcomer) is is_taken


def test_who_has_gone_is_forgotten() -> None:
    gate, lane = Gate(byte_budget=10), Lane("toy", lambda: 5)
    gate.enter(lane, "a")
    gate.leave(lane, 0.1, "a")
    assert (lane.calls, lane.tenants) == (0, {})


async def test_a_refused_call_is_not_read(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, of=NARROW)
    waiting = [asyncio.ensure_future(house.unary()(b"x", metadata=WAIT)) for _ in range(2)]
    await house.settled(lambda: len(toy.metadata) == 2)
    call = house.up()()
    assert await call.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    toy.release.set()
    await asyncio.gather(*waiting)


async def test_no_more_bytes_are_let_in_than_fit(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, of=NARROW, ATELIER_MAX_BYTES_IN_FLIGHT=str(64 * 1024 * 1024))
    first = asyncio.ensure_future(house.unary()(bytes(40 * 1024 * 1024), metadata=WAIT))
    await house.settled(lambda: len(toy.metadata) == 1)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(bytes(30 * 1024 * 1024))
    assert type(from_rpc_error(caught.value)) is QueueFullError
    assert await house.unary()(bytes(1024)) == bytes(1024)
    toy.release.set()
    await first
    assert len(await house.unary()(bytes(30 * 1024 * 1024))) == 30 * 1024 * 1024


async def test_a_message_that_is_alone_always_fits() -> None:
    gate = Gate(byte_budget=10)
    assert gate.admits(11)
    gate.bytes = 1
    assert not gate.admits(10)


async def test_a_draining_gate_lets_nobody_in_and_waits_for_those_inside() -> None:
    gate, lane = Gate(byte_budget=10), Lane("toy", lambda: 5)
    gate.enter(lane)
    drained = asyncio.ensure_future(gate.drained(5))
    await asyncio.sleep(0)
    with pytest.raises(DrainingError):
        gate.enter(lane)
    assert not drained.done()
    gate.leave(lane, 0.1)
    assert await drained


async def test_a_gate_does_not_wait_for_ever() -> None:
    gate, lane = Gate(byte_budget=10), Lane("toy", lambda: 5)
    gate.enter(lane)
    assert not await gate.drained(0.01)


async def test_the_advice_when_to_retry_follows_how_long_calls_take() -> None:
    gate, lane = Gate(byte_budget=10), Lane("toy", lambda: 5)
    for _ in range(100):
        gate.enter(lane)
        gate.leave(lane, 4.0)
    assert lane.full().retry_after_seconds == pytest.approx(4.0, rel=0.01)
