from __future__ import annotations

import asyncio
import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier_rpc.errors import from_rpc_error
from atelier_sdk import Limits
from atelier_sdk.errors import MessageTooLargeError, NoFaceError

from tests.gateway.server.toy import SERVICE, capability

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from tests.gateway.server.conftest import House, OpenHouse, StartToy

CONTENTS = [b"", b"\x00", os.urandom(1000), os.urandom(3 * 1024 * 1024)]


async def stream(*messages: bytes) -> AsyncIterator[bytes]:
    for message in messages:
        yield message


@pytest.mark.parametrize("content", CONTENTS, ids=len)
async def test_a_unary_call_passes_byte_for_byte(start_toy: StartToy, open_house: OpenHouse, content: bytes) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    assert await house.unary()(content) == content
    assert toy.received == [content]


async def test_a_server_stream_passes_message_by_message(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    content = b"\x07" + os.urandom(40)
    assert [len(part) async for part in house.down()(content)] == [7, 7, 7, 7, 7, 6]
    assert b"".join([part async for part in house.down()(content)]) == content


async def test_a_client_stream_passes_message_by_message(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    assert await house.up()(stream(*CONTENTS)) == b"".join(CONTENTS)
    assert toy.received == CONTENTS


async def test_both_streams_pass_at_once(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    call = house.chat()()
    for content in CONTENTS:
        await call.write(content)
        assert await call.read() == content
    await call.done_writing()
    assert await call.read() is grpc.aio.EOF  # type: ignore[attr-defined]
    assert await call.code() is grpc.StatusCode.OK


async def test_an_empty_client_stream_is_a_stream(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    assert await house.up()(stream()) == b""
    assert [part async for part in house.chat()(stream())] == []


async def test_the_services_metadata_comes_back_unchanged(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    call = house.unary()(b"x", metadata=(("x-request-id", "one"),))
    await call
    assert dict(await call.initial_metadata()) == {"toy-header": "first", "x-request-id": "one"}
    assert dict(await call.trailing_metadata()) == {"toy-trailer": "last", "toy-bin": b"\x00\xff"}


async def test_a_streams_metadata_comes_back(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    down, up = house.down()(b"\x01"), house.up()(stream())
    await drained(down)
    await up
    for call in (down, up):
        assert dict(await call.trailing_metadata()) == {"toy-trailer": "last"}
        assert re.fullmatch(r"[0-9a-f-]{36}", str(dict(await call.initial_metadata())["x-request-id"]))


@pytest.mark.parametrize("kind", ["unary", "down", "up", "chat"])
async def test_the_services_own_error_comes_back_unchanged(
    start_toy: StartToy, open_house: OpenHouse, kind: str
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    error = await failure(house, kind, "refuse")
    told = from_rpc_error(error)
    assert (error.code(), error.details()) == (grpc.StatusCode.FAILED_PRECONDITION, "There is no face.")
    assert (type(told), told.metadata) == (NoFaceError, {"faces": "0"})
    assert dict(error.trailing_metadata())["toy-trailer"] == "last"
    assert "x-request-id" in dict(error.initial_metadata())


async def failure(house: House, kind: str, wish: str) -> grpc.aio.AioRpcError:
    """Call in one of the four kinds and return the failure."""
    metadata = (("toy-do", wish),)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "unary": lambda: house.unary()(b"x", metadata=metadata),
        "up": lambda: house.up()(stream(b"x"), metadata=metadata),
        "down": lambda: drained(house.down()(b"\x01x", metadata=metadata)),
        # The caller only reads here: that a write of its own may fail first is grpc.aio's matter.
        "chat": lambda: drained(house.chat()(metadata=metadata)),
    }
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await calls[kind]()
    return caught.value


async def test_a_service_that_ends_a_stream_while_it_is_written_to_is_heard(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, of=capability(limits=Limits(max_queue=100)))
    calls = [house.chat()(metadata=(("toy-do", "refuse"),)) for _ in range(30)]
    for call in calls:
        with suppress(grpc.aio.AioRpcError, asyncio.InvalidStateError):
            for _ in range(20):
                await call.write(bytes(1000))
    seconds = "atelier_gateway_call_seconds_count"
    await house.settled(lambda: house.count(seconds, capability="toy", method="Chat") == 30)

    total = "atelier_gateway_calls_total"
    assert house.count(total, capability="toy", method="Chat", code="FAILED_PRECONDITION") == 30


async def test_a_stream_that_fails_midway_delivers_what_came_before(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    call = house.down()(b"\x01x", metadata=(("toy-do", "late"), ("x-request-id", "one")))
    assert await call.read() == b"\x01"
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call.read()
    assert caught.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_message_above_the_capabilitys_limit_is_refused_with_its_reason(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    limit = capability().limits.max_message_bytes
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(bytes(limit + 1))
    told = from_rpc_error(caught.value)
    assert type(told) is MessageTooLargeError
    assert told.metadata == {"size_bytes": str(limit + 1), "limit_bytes": str(limit)}
    assert toy.metadata == []


async def test_a_message_above_the_limit_within_a_stream_ends_the_call_to_the_service(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    limit = capability().limits.max_message_bytes
    for call in (house.up()(stream(b"x", bytes(limit + 1))), house.chat()(stream(b"x", bytes(limit + 1)))):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await (call if isinstance(call, grpc.aio.StreamUnaryCall) else drained(call))
        assert type(from_rpc_error(caught.value)) is MessageTooLargeError


async def drained(call: grpc.aio.UnaryStreamCall[bytes, bytes] | grpc.aio.StreamStreamCall[bytes, bytes]) -> None:
    async for _ in call:
        pass


async def test_a_message_above_the_ceiling_is_refused_by_grpc_itself(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    """No details of ours are possible there; the shared client turns the text into the same error."""
    toy = await start_toy()
    house = await open_house(toy.address)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(bytes(65 * 1024 * 1024))
    assert caught.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert type(from_rpc_error(caught.value)) is MessageTooLargeError
    assert await house.unary()(b"next") == b"next"
    await house.settled(lambda: house.gateway.gate.calls == 0)


@pytest.mark.parametrize("kind", ["unary", "down", "up", "chat"])
async def test_a_cancelled_call_is_cancelled_at_the_service(
    start_toy: StartToy, open_house: OpenHouse, kind: str
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    call = begun(house, kind, (("toy-do", "wait"),))
    async with asyncio.timeout(10):
        await toy.called.wait()
        call.cancel()
        await toy.cancelled.wait()
    await house.settled(lambda: house.gateway.gate.calls == 0)
    assert [endpoint.in_flight for endpoint in house.gateway.backends["toy"].endpoints] == [0]


def begun(house: House, kind: str, metadata: tuple[tuple[str, str], ...]) -> grpc.aio.Call:
    """Start a call in one of the four kinds."""
    if kind == "unary":
        return house.unary()(b"x", metadata=metadata)
    if kind == "down":
        return house.down()(b"\x01", metadata=metadata)
    return house.up()(metadata=metadata) if kind == "up" else house.chat()(metadata=metadata)


async def test_an_upload_that_its_caller_cancels_does_not_look_complete(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    """GRPC reports a cancelled and a finished request stream to us in the same way."""
    toy = await start_toy()
    house = await open_house(toy.address)
    for number in range(100):
        call = house.up()()
        await call.write(b"first half")
        await asyncio.sleep(0.005 * (number % 2))
        call.cancel()
    await house.settled(lambda: house.gateway.gate.calls == 0)
    await asyncio.sleep(0.05)
    assert toy.completed == []


async def test_what_the_gateway_holds_is_given_back_after_every_call(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    await house.unary()(bytes(1000))
    await house.up()(stream(bytes(1000), bytes(1000)))
    [part async for part in house.down()(b"\x40" * 1000)]
    await drained(house.chat()(stream(bytes(1000), bytes(1000))))
    await failure(house, "up", "refuse")
    gate = house.gateway.gate
    await house.settled(lambda: gate.calls == 0)
    assert gate.bytes == 0
    assert [endpoint.in_flight for endpoint in house.gateway.backends["toy"].endpoints] == [0]


async def test_calls_and_bytes_are_counted(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    await house.unary()(bytes(1000))
    await failure(house, "unary", "refuse")
    await house.settled(lambda: house.gateway.gate.calls == 0)
    calls = "atelier_gateway_calls_total"
    assert house.count(calls, capability="toy", method="Echo", code="OK") == 1
    assert house.count(calls, capability="toy", method="Echo", code="FAILED_PRECONDITION") == 1
    assert house.count("atelier_gateway_message_bytes_total", capability="toy", direction="response") == 1000
    assert house.count("atelier_gateway_endpoint_up", capability="toy", endpoint=toy.address) == 1


async def test_the_access_log_says_who_and_how_long_but_nothing_of_the_message(
    start_toy: StartToy, open_house: OpenHouse, caplog: pytest.LogCaptureFixture
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    with caplog.at_level("INFO", logger="atelier_gateway"):
        await house.unary()(b"a secret", metadata=(("x-request-id", "abc"), ("x-atelier-tenant", "studio")))
        await house.settled(lambda: any(record.message == "call" for record in caplog.records))
    (fields,) = [record.atelier_fields for record in caplog.records if record.message == "call"]  # type: ignore[attr-defined]
    assert fields["request_id"] == "abc"
    assert (fields["tenant"], fields["method"], fields["code"]) == ("studio", f"/{SERVICE}/Echo", "OK")
    assert (fields["received"], fields["endpoint"], fields["attempts"]) == (8, toy.address, 1)
    assert "secret" not in str(fields)
