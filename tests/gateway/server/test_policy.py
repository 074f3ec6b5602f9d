"""Hooks at the gateway: every way in which one can go wrong, on a running gateway."""

from __future__ import annotations

import time
from types import SimpleNamespace
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from atelier_rpc.errors import from_rpc_error
from atelier_sdk import CallInfo, Refusal, hookimpl
from atelier_sdk.discovery import Found
from atelier_sdk.errors import AtelierError, PolicyFailedError, PolicyRefusedError, QuotaError, UnauthenticatedError
from atelier_sdk.host import PluginHost

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.gateway.server.conftest import House, OpenHouse, StartToy


def plugins(*, api: str = "1.0", required: tuple[str, ...] = (), **hooks: Callable[..., object]) -> PluginHost:
    host = PluginHost(call_seconds=0.5)
    module = SimpleNamespace(atelier_api=api, **{name: hookimpl(function) for name, function in hooks.items()})
    host.add(Found("gatekeeper", "gatekeeper-dist", "1.2.3", lambda: module))
    host.load(allowed=("none",), required=required)
    return host


async def refusal(house: House) -> AtelierError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(b"x")
    return from_rpc_error(caught.value)


async def listed(house: House) -> catalog_pb2.Plugin:
    answer = await catalog_pb2_grpc.CatalogServiceStub(house.channel).ListPlugins(catalog_pb2.ListPluginsRequest())
    return next(each for each in answer.plugins if each.name == "gatekeeper")


async def test_a_policy_sees_the_call_and_lets_it_in(start_toy: StartToy, open_house: OpenHouse) -> None:
    seen: list[CallInfo] = []

    def admit(call: CallInfo) -> None:
        seen.append(call)

    toy = await start_toy()
    house = await open_house(toy.address, plugins=plugins(atelier_admit=admit))
    metadata = (("x-request-id", "one"), ("x-atelier-tenant", "studio"), ("authorization", "Bearer secret"))
    assert await house.unary()(b"x", timeout=30, metadata=metadata) == b"x"
    (call,) = seen
    assert (call.request_id, call.tenant, call.capability) == ("one", "studio", "toy")
    assert (call.service, call.method) == ("toy.v1.ToyService", "Echo")
    assert 25 < call.deadline_seconds <= 30
    assert call.headers["authorization"] == "Bearer secret"
    assert "secret" not in repr(call)


@pytest.mark.parametrize(
    ("refused", "kind"),
    [
        (Refusal("Not at night.", "OUT_OF_HOURS"), PolicyRefusedError),
        (Refusal("Enough.", "USED_UP", "RESOURCE_EXHAUSTED", 7.0), QuotaError),
        (Refusal("Who are you?", "NO_TOKEN", "UNAUTHENTICATED"), UnauthenticatedError),
    ],
)
async def test_a_policy_refuses_with_its_reason_and_the_service_is_not_asked(
    start_toy: StartToy, open_house: OpenHouse, refused: Refusal, kind: type[AtelierError]
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, plugins=plugins(atelier_admit=lambda: refused))
    error = await refusal(house)
    assert (type(error), error.message) == (kind, refused.message)
    assert error.metadata == {"plugin": "gatekeeper", "policy_reason": refused.reason}
    assert error.retry_after_seconds == refused.retry_after_seconds
    assert toy.metadata == []


def raises(call: CallInfo) -> None:
    raise RuntimeError(f"about {call.tenant}")


def hangs(call: CallInfo) -> None:
    time.sleep(60)


def answers_yes(call: CallInfo) -> bool:
    return True


@pytest.mark.parametrize("admit", [raises, hangs, answers_yes])
async def test_a_policy_that_fails_refuses_and_the_catalogue_names_it(
    start_toy: StartToy, open_house: OpenHouse, admit: Callable[..., object]
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, plugins=plugins(atelier_admit=admit))
    error = await refusal(house)
    assert isinstance(error, PolicyFailedError)
    assert error.metadata == {"plugin": "gatekeeper", "version": "1.2.3"}
    assert toy.metadata == []
    plugin = await listed(house)
    assert (plugin.version, plugin.state) == ("1.2.3", catalog_pb2.PLUGIN_STATE_TROUBLED)
    assert "atelier_admit failed" in plugin.detail
    assert "default" not in plugin.detail


async def test_a_policy_that_is_left_out_refuses(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, plugins=plugins(api="1.9", atelier_admit=lambda: None))
    assert isinstance(await refusal(house), PolicyFailedError)
    assert (await listed(house)).state == catalog_pb2.PLUGIN_STATE_REFUSED


async def test_a_required_plugin_that_is_not_there_refuses(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, plugins=plugins(required=("nobody",)))
    error = await refusal(house)
    assert isinstance(error, PolicyFailedError)
    assert error.metadata["plugin"] == "nobody"


async def test_a_hanging_policy_costs_little_time_once_it_is_known(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, plugins=plugins(atelier_admit=hangs))
    for _ in range(4):
        await refusal(house)
    started = time.monotonic()
    for _ in range(20):
        await refusal(house)
    assert time.monotonic() - started < 20 * 0.5 / 2


@pytest.mark.parametrize("kind", ["unary", "down"])
async def test_a_response_is_decorated(start_toy: StartToy, open_house: OpenHouse, kind: str) -> None:
    def decorate(call: CallInfo, headers: Mapping[str, str]) -> Mapping[str, str]:
        return {**headers, "x-studio": call.capability}

    toy = await start_toy()
    house = await open_house(toy.address, plugins=plugins(atelier_decorate=decorate))
    call = house.unary()(b"\x01") if kind == "unary" else house.down()(b"\x01")
    got = dict(await call.initial_metadata())
    assert got["x-studio"] == "toy"
    assert got.get("toy-header") == ("first" if kind == "unary" else None)
    assert "x-request-id" in got


@pytest.mark.parametrize(
    "decorate",
    [
        lambda: (_ for _ in ()).throw(RuntimeError("no")),
        lambda: time.sleep(60),
        lambda: None,
        lambda: {"X Y": "1"},
        lambda: {"grpc-status": "0"},
        lambda: {"x-request-id": "mine"},
        lambda: {"x-studio": "two\nlines"},
    ],
    ids=["raises", "hangs", "nothing", "no name", "reserved", "identifier", "two lines"],
)
async def test_a_decoration_that_fails_leaves_the_response_as_it_was(
    start_toy: StartToy, open_house: OpenHouse, decorate: Callable[..., object]
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address, plugins=plugins(atelier_decorate=decorate))
    call = house.unary()(b"x", metadata=(("x-request-id", "one"),))
    assert await call == b"x"
    assert dict(await call.initial_metadata()) == {"toy-header": "first", "x-request-id": "one"}
    assert (await listed(house)).state == catalog_pb2.PLUGIN_STATE_TROUBLED
