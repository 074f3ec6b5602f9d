from __future__ import annotations

import asyncio
import socket
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier_gateway import resolve
from atelier_gateway.endpoints import Backends, Endpoint, located, parse_endpoints
from atelier_rpc.errors import from_rpc_error
from atelier_sdk.errors import BackendDownError, DrainingError
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.gateway.server.toy import SERVICE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.gateway.server.conftest import House, OpenHouse, StartToy

WAIT = (("toy-do", "wait"),)
NAMED = ("x-request-id", "one")


async def test_the_endpoint_with_the_fewest_calls_is_chosen(start_toy: StartToy, open_house: OpenHouse) -> None:
    first, second = await start_toy(), await start_toy()
    house = await open_house(first.address, second.address)
    waiting = [asyncio.ensure_future(house.unary()(b"x", metadata=WAIT)) for _ in range(6)]
    await house.settled(lambda: len(first.metadata) + len(second.metadata) == 6)
    assert (len(first.metadata), len(second.metadata)) == (3, 3)
    first.release.set()
    await house.settled(lambda: sum(call.done() for call in waiting) == 3)
    for _ in range(3):
        await house.unary()(b"y")
    assert (len(first.metadata), len(second.metadata)) == (6, 3)
    second.release.set()
    await asyncio.gather(*waiting)


async def test_equals_take_turns() -> None:
    endpoints = [Endpoint(f"127.0.0.1:{port}") for port in (1, 2, 3)]
    backends = Backends(endpoints)
    assert {backends.pick() for _ in range(3)} == set(endpoints)
    for endpoint in endpoints:
        await endpoint.close()


async def test_an_endpoint_that_is_not_well_is_chosen_last(start_toy: StartToy, open_house: OpenHouse) -> None:
    well, ill = await start_toy(), await start_toy()
    house = await open_house(well.address, ill.address)
    await ill.health.set(SERVICE, health_pb2.HealthCheckResponse.NOT_SERVING)
    await house.settled(lambda: sum(e.serving for e in house.gateway.backends["toy"].endpoints) == 1)
    for _ in range(4):
        await house.unary()(b"x")
    assert (len(well.metadata), len(ill.metadata)) == (4, 0)


async def health_of(house: House, service: str) -> health_pb2.HealthCheckResponse.ServingStatus:
    answer = await health_pb2_grpc.HealthStub(house.channel).Check(health_pb2.HealthCheckRequest(service=service))
    return answer.status


async def test_the_gateways_health_of_a_capability_is_that_of_its_endpoints(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    endpoint = house.gateway.backends["toy"].endpoints[0]
    assert await health_of(house, SERVICE) == health_pb2.HealthCheckResponse.SERVING
    await toy.health.set(SERVICE, health_pb2.HealthCheckResponse.NOT_SERVING)
    await house.settled(lambda: not endpoint.serving)
    assert await health_of(house, SERVICE) == health_pb2.HealthCheckResponse.NOT_SERVING
    assert await health_of(house, "") == health_pb2.HealthCheckResponse.SERVING


async def test_an_endpoint_without_a_health_service_is_well_while_it_is_connected(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy(with_health=False)
    house = await open_house(toy.address)
    assert await health_of(house, SERVICE) == health_pb2.HealthCheckResponse.SERVING
    await toy.server.stop(0)
    await house.settled(lambda: not house.gateway.backends["toy"].endpoints[0].serving)


async def refused(call: Awaitable[bytes]) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value


async def test_a_service_that_does_not_listen_is_down(open_house: OpenHouse, free_port: int) -> None:
    house = await open_house(f"127.0.0.1:{free_port}", ready=0)
    error = await refused(house.unary()(b"x"))
    told = from_rpc_error(error)
    assert (error.code(), type(told), told.metadata) == (
        grpc.StatusCode.UNAVAILABLE,
        BackendDownError,
        {"capability": "toy"},
    )
    assert await health_of(house, SERVICE) == health_pb2.HealthCheckResponse.NOT_SERVING


@pytest.mark.parametrize("kind", ["unary", "down", "up", "chat"])
async def test_a_service_killed_in_mid_call_is_down_and_found_again_when_it_is_back(
    open_house: OpenHouse,
    killable: Callable[[int], Awaitable[asyncio.subprocess.Process]],
    free_port: int,
    kind: str,
) -> None:
    process = await killable(free_port)
    house = await open_house(f"127.0.0.1:{free_port}")
    calls: dict[str, Callable[[], grpc.aio.Call]] = {
        "unary": lambda: house.unary()(b"x", metadata=WAIT),
        "down": lambda: house.down()(b"\x01", metadata=WAIT),
        "up": lambda: house.up()(metadata=WAIT),
        "chat": lambda: house.chat()(metadata=WAIT),
    }
    call = calls[kind]()
    await house.settled(lambda: house.gateway.backends["toy"].endpoints[0].in_flight == 1)
    await asyncio.sleep(0.1)
    process.kill()
    assert await call.code() is grpc.StatusCode.UNAVAILABLE
    trailing = await call.trailing_metadata()
    error = grpc.aio.AioRpcError(await call.code(), grpc.aio.Metadata(), trailing, await call.details())
    assert type(from_rpc_error(error)) is BackendDownError
    assert not house.gateway.backends["toy"].endpoints[0].serving
    await killable(free_port)
    await house.settled(lambda: house.gateway.backends["toy"].endpoints[0].serving)
    assert await house.unary()(b"next") == b"next"


async def test_a_call_that_was_never_sent_goes_to_another_endpoint(
    start_toy: StartToy, open_house: OpenHouse, free_port: int
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, f"127.0.0.1:{free_port}", ready=1)
    for endpoint in house.gateway.backends["toy"].endpoints:
        endpoint.serving = endpoint.address != toy.address  # so that the dead one is tried first
    assert await house.unary()(b"x") == b"x"
    assert [part async for part in house.down()(b"\x01")] == [b"\x01"]
    assert house.count("atelier_gateway_retries_total", capability="toy") == 2


async def test_a_draining_endpoints_refusal_goes_to_another(start_toy: StartToy, open_house: OpenHouse) -> None:
    first, second = await start_toy(), await start_toy()
    house = await open_house(first.address, second.address)
    error = await refused(house.unary()(b"x", metadata=(("toy-do", "draining"),)))
    assert type(from_rpc_error(error)) is DrainingError
    assert (len(first.metadata), len(second.metadata)) == (1, 1)


async def test_a_bare_unavailable_is_tried_again_only_if_the_caller_named_the_call(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    first, second = await start_toy(), await start_toy()
    house = await open_house(first.address, second.address)
    await refused(house.unary()(b"x", metadata=(("toy-do", "unavailable"),)))
    assert len(first.metadata) + len(second.metadata) == 1
    await refused(house.unary()(b"x", metadata=(("toy-do", "unavailable"), NAMED)))
    assert len(first.metadata) + len(second.metadata) == 3


async def test_a_large_named_call_is_tried_again_too(start_toy: StartToy, open_house: OpenHouse) -> None:
    """GRPC's own retries silently stop at 256 KiB."""
    first, second = await start_toy(), await start_toy()
    house = await open_house(first.address, second.address)
    await refused(house.unary()(bytes(1024 * 1024), metadata=(("toy-do", "unavailable"), NAMED)))
    assert (len(first.metadata), len(second.metadata)) == (1, 1)


async def test_other_failures_and_lone_endpoints_are_not_tried_again(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    first, second = await start_toy(), await start_toy()
    house = await open_house(first.address, second.address)
    await refused(house.unary()(b"x", metadata=(("toy-do", "refuse"), NAMED)))
    assert len(first.metadata) + len(second.metadata) == 1
    lone = await open_house(first.address)
    before = len(first.metadata)
    await refused(lone.unary()(b"x", metadata=(("toy-do", "unavailable"), NAMED)))
    assert len(first.metadata) == before + 1


async def test_nothing_is_tried_again_after_the_first_response_or_of_a_request_stream(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    async def requests() -> AsyncIterator[bytes]:
        yield b"x"

    first, second = await start_toy(), await start_toy()
    house = await open_house(first.address, second.address)
    with pytest.raises(grpc.aio.AioRpcError):
        async for _ in house.down()(b"\x01\x01", metadata=(("toy-do", "late"), NAMED)):
            pass
    assert len(first.metadata) + len(second.metadata) == 1
    await refused(house.up()(requests(), metadata=(("toy-do", "unavailable"), NAMED)))
    assert len(first.metadata) + len(second.metadata) == 2


async def test_a_name_stands_for_all_its_addresses_and_is_resolved_anew(
    start_toy: StartToy, open_house: OpenHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = await start_toy(), await start_toy()
    found = [first.address]

    async def fake(target: str) -> tuple[str, ...]:
        assert target == "toy.svc:1"
        return tuple(found)

    monkeypatch.setattr("atelier_gateway.health.resolve", fake)
    house = await open_house("toy.svc:1", ATELIER_RESOLVE_SECONDS="0.1")
    endpoints = house.gateway.backends["toy"]
    assert [endpoint.address for endpoint in endpoints.endpoints] == [first.address]
    found[:] = [second.address]
    await house.settled(lambda: [e.address for e in endpoints.endpoints if e.serving] == [second.address])
    await house.unary()(b"x")
    found.clear()
    await asyncio.sleep(0.3)
    await house.unary()(b"x")
    assert len(second.metadata) == 2


async def test_names_resolve_to_one_family_of_addresses(monkeypatch: pytest.MonkeyPatch) -> None:
    class FakeLoop:
        async def getaddrinfo(self, host: str, port: int, **_: object) -> list[tuple[object, ...]]:
            assert (host, port) == ("toy.svc", 5001)
            return [
                (socket.AF_INET6, 1, 6, "", ("fd00::1", 5001, 0, 0)),
                (socket.AF_INET, 1, 6, "", ("10.0.0.2", 5001)),
                (socket.AF_INET, 1, 6, "", ("10.0.0.1", 5001)),
            ]

    monkeypatch.setattr(asyncio, "get_running_loop", FakeLoop)
    assert await resolve.resolve("dns:///toy.svc:5001") == ("10.0.0.1:5001", "10.0.0.2:5001")
    assert await resolve.resolve("[::1]:5001") == ("[::1]:5001",)
    assert await resolve.resolve("unix:/run/toy.sock") == ("unix:/run/toy.sock",)


async def test_a_name_that_does_not_resolve_has_no_addresses() -> None:
    assert await resolve.resolve("no-such-host.invalid:5001") == ()


def test_endpoints_are_read_from_one_text() -> None:
    text = " style=127.0.0.1:5001, 127.0.0.1:5002 ;upscale=upscale.svc:5001;"
    assert parse_endpoints(text) == {"style": ("127.0.0.1:5001", "127.0.0.1:5002"), "upscale": ("upscale.svc:5001",)}


@pytest.mark.parametrize("text", ["style", "style=", "style=here", "style=:1", "style=a:0", "style=a:b", "a=x:1;a=y:1"])
def test_endpoints_that_make_no_sense_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is no|is not|twice"):
        parse_endpoints(text)


def test_one_pattern_places_all_that_are_not_named() -> None:
    endpoints = parse_endpoints("*=dns:///{name}:8620;style=10.0.0.1:5001")
    assert located(endpoints, ["edit", "style"]) == {"edit": ("dns:///edit:8620",), "style": ("10.0.0.1:5001",)}
    assert located(parse_endpoints("style=10.0.0.1:5001"), ["edit"]) == {"style": ("10.0.0.1:5001",)}


def test_a_pattern_stands_for_no_name_of_its_own() -> None:
    with pytest.raises(ValueError, match="no host:port"):
        parse_endpoints("*={name}")
