from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from atelier_gateway.breaker import FAILURES, PAUSE_SECONDS, Breaker
from atelier_rpc.errors import from_rpc_error
from atelier_sdk import Limits
from atelier_sdk.errors import BackendDownError, DeadlineTooShortError

from tests.gateway.server.toy import capability

if TYPE_CHECKING:
    from tests.gateway.server.conftest import House, OpenHouse, StartToy

SHORT, LONG = PAUSE_SECONDS


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def broken(clock: Clock) -> Breaker:
    """A breaker that has just opened."""
    breaker = Breaker("toy", clock)
    for _ in range(FAILURES):
        breaker.enter()
        breaker.failed()
    return breaker


def is_let_in(breaker: Breaker) -> bool:
    try:
        breaker.enter()
    except BackendDownError:
        return False
    return True


def test_it_opens_after_failures_in_a_row_and_only_then(clock: Clock) -> None:
    breaker = Breaker("toy", clock)
    for _ in range(5 * FAILURES):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert not breaker.is_open
    assert breaker.detail == ""


def test_while_it_is_open_calls_are_refused_with_the_time_to_wait(broken: Breaker, clock: Clock) -> None:
    clock.seconds += SHORT / 4
    with pytest.raises(BackendDownError) as refused:
        broken.enter()
    assert refused.value.retry_after_seconds == pytest.approx(0.75 * SHORT)
    assert refused.value.metadata == {"capability": "toy", "failures": str(FAILURES)}


def test_after_the_pause_one_call_is_tried_and_its_success_closes(broken: Breaker, clock: Clock) -> None:
    clock.seconds += SHORT
    assert [is_let_in(broken) for _ in range(3)] == [True, False, False]
    broken.succeeded()
    assert not broken.is_open
    assert all(is_let_in(broken) for _ in range(3))


def test_each_failed_trial_doubles_the_pause_up_to_a_limit(broken: Breaker, clock: Clock) -> None:
    pauses = []
    for _ in range(8):
        while not is_let_in(broken):
            clock.seconds += 0.25
        broken.failed()
        started = clock.seconds
        while not is_let_in(broken):
            clock.seconds += 0.25
        pauses.append(clock.seconds - started)
        broken.failed()
    assert pauses[0] == pytest.approx(2 * SHORT, abs=0.3)
    assert pauses[-1] == pytest.approx(LONG, abs=0.3)


def test_calls_that_were_on_their_way_do_not_lengthen_the_pause(broken: Breaker, clock: Clock) -> None:
    for _ in range(20):
        broken.failed()
    clock.seconds += SHORT
    assert is_let_in(broken)


def test_a_trial_of_which_nothing_is_heard_is_followed_by_another(broken: Breaker, clock: Clock) -> None:
    clock.seconds += SHORT
    assert is_let_in(broken)
    clock.seconds += SHORT
    assert is_let_in(broken)


def test_a_process_that_is_well_again_is_tried_at_once(broken: Breaker) -> None:
    assert not is_let_in(broken)
    broken.try_soon()
    assert is_let_in(broken)


async def fail(house: House, **options: object) -> Exception:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(b"x", **options)  # type: ignore[arg-type]
    return from_rpc_error(caught.value)


SLEEPS = (("toy-do", "sleep"), ("toy-seconds", "30"))


async def test_a_capability_that_is_slow_beyond_its_deadline_is_left_alone_and_the_catalogue_says_so(
    start_toy: StartToy, open_house: OpenHouse, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("atelier_gateway.server.Breaker", functools.partial(Breaker, now=clock))
    toy = await start_toy()
    usual = Limits(default_deadline_seconds=0.3)
    house = await open_house(toy.address, of=capability(limits=usual))
    for _ in range(FAILURES):
        assert isinstance(await fail(house, metadata=SLEEPS), DeadlineTooShortError)
    assert isinstance(await fail(house), BackendDownError)
    assert house.count("atelier_gateway_breaker_open", capability="toy") == 1.0
    catalogue = catalog_pb2_grpc.CatalogServiceStub(house.channel)
    (listed,) = (await catalogue.ListCapabilities(catalog_pb2.ListCapabilitiesRequest())).capabilities
    assert listed.health == catalog_pb2.HEALTH_UNHEALTHY
    assert f"its last {FAILURES} calls failed" in listed.health_detail
    clock.seconds += SHORT
    assert await house.unary()(b"x", timeout=20) == b"x"
    assert house.count("atelier_gateway_breaker_open", capability="toy") == 0.0


async def test_callers_in_a_hurry_do_not_shut_a_capability_off(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    for _ in range(2 * FAILURES):
        assert isinstance(await fail(house, timeout=0.05, metadata=SLEEPS), DeadlineTooShortError)
    assert await house.unary()(b"x") == b"x"


async def test_what_the_service_itself_refuses_is_no_failure(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    for _ in range(2 * FAILURES):
        await fail(house, metadata=(("toy-do", "refuse"),))
    for _ in range(2 * FAILURES):
        await fail(house, metadata=(("toy-do", "draining"),))
    assert await house.unary()(b"x") == b"x"
