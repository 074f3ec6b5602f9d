from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import grpc
import pytest
from atelier_gateway import passage
from atelier_gateway.admission import Lane
from atelier_gateway.descriptors import Kind
from atelier_gateway.passage import Passage, Route
from atelier_rpc.errors import from_rpc_error
from atelier_sdk import Limits
from atelier_sdk.errors import DeadlineTooShortError, FieldOutOfRangeError

from tests.gateway.server.toy import capability

if TYPE_CHECKING:
    from atelier_gateway.passage import Context

    from tests.gateway.server.conftest import OpenHouse, StartToy


async def test_a_deadline_reaches_the_service(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    await house.unary()(b"x", timeout=20)
    # On the wire a timeout of some seconds is rounded up to tenths.
    assert 10 < toy.remaining[0] < 20.2


async def test_the_gateways_answer_comes_before_the_callers_own_deadline(
    start_toy: StartToy, open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As much as a busy machine may take to hand the answer on.
    monkeypatch.setattr(passage, "MARGIN_SECONDS", 2.0)
    monkeypatch.setattr(passage, "MARGIN_SHARE", 0.8)
    toy = await start_toy()
    house = await open_house(toy.address)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(b"x", timeout=2.5, metadata=(("toy-do", "wait"),))
    assert caught.value.details() == "The deadline passed before the service answered."


async def test_a_call_without_a_deadline_gets_the_capabilitys(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    limits = Limits(default_deadline_seconds=30, max_deadline_seconds=50)
    house = await open_house(toy.address, of=capability(limits=limits))
    await house.unary()(b"x")
    await house.unary()(b"x", timeout=1000)
    assert 20 < toy.remaining[0] <= 30.2
    assert 40 < toy.remaining[1] <= 50.2


async def test_a_service_that_is_too_slow_is_cut_off_with_a_reason(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, of=capability(limits=Limits(max_deadline_seconds=1.0)))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(b"x", metadata=(("toy-do", "wait"),))
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    assert type(from_rpc_error(caught.value)) is DeadlineTooShortError
    async with asyncio.timeout(5):
        await toy.cancelled.wait()


class FakeContext:
    """A call of which just enough is there to be opened."""

    def __init__(self, remaining: float) -> None:
        self._remaining = remaining

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return ()

    def time_remaining(self) -> float:
        return self._remaining

    def add_done_callback(self, _callback: object) -> None:
        pass


@pytest.mark.parametrize("remaining", [0.0, 0.0005])
async def test_a_deadline_already_past_is_refused_at_once(open_house: OpenHouse, remaining: float) -> None:
    gateway = (await open_house("127.0.0.1:1", ready=0)).gateway
    lane = Lane("toy", lambda: 1)
    route = Route(
        capability(),
        "/x",
        Kind.UNARY_UNARY,
        gateway.backends["toy"],
        lane,
        gateway.gate,
        gateway.metrics,
        gateway.breakers["toy"],
        gateway.policies,
        gateway.answers["toy"],
        "toy 1.0",
    )
    with pytest.raises(DeadlineTooShortError):
        Passage(route, cast("Context", FakeContext(remaining))).open()
    assert (lane.calls, gateway.gate.calls) == (0, 0)


async def test_the_service_learns_who_calls_and_nothing_that_ends_at_the_gateway(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    await house.unary()(
        b"x",
        metadata=(
            ("x-request-id", "abc-1"),
            ("x-atelier-tenant", "studio"),
            ("traceparent", "00-1-2-01"),
            ("custom-bin", b"\x00\x01"),
            ("authorization", "Bearer secret"),
            ("cookie", "secret"),
        ),
    )
    seen = toy.metadata[0]
    assert (seen["x-request-id"], seen["x-atelier-tenant"], seen["traceparent"]) == ("abc-1", "studio", "00-1-2-01")
    assert seen["custom-bin"] == b"\x00\x01"
    assert not {"authorization", "cookie"} & seen.keys()


async def test_a_call_without_an_identifier_is_given_one(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    call = house.unary()(b"x")
    await call
    assert dict(await call.initial_metadata())["x-request-id"] == toy.metadata[0]["x-request-id"]
    assert toy.metadata[0]["x-atelier-tenant"] == "default"


@pytest.mark.parametrize(
    ("key", "value"), [("x-atelier-tenant", "../etc"), ("x-atelier-tenant", "A"), ("x-request-id", "a b")]
)
async def test_an_unusable_tenant_or_identifier_is_refused(
    start_toy: StartToy, open_house: OpenHouse, key: str, value: str
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(b"x", metadata=((key, value),))
    told = from_rpc_error(caught.value)
    assert (type(told), [violation.field for violation in told.violations]) == (FieldOutOfRangeError, [key])
    assert toy.metadata == []
