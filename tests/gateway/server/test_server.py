from __future__ import annotations

import asyncio
import os
import signal
import sys
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from atelier_gateway.server import Gateway, NotInstalledError
from atelier_gateway.settings import GatewaySettings
from atelier_rpc.errors import from_rpc_error
from atelier_rpc.settings import read
from atelier_sdk.errors import CapabilityUnknownError, DrainingError
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

from tests.gateway.server.toy import SERVICE, capability

if TYPE_CHECKING:
    from pathlib import Path

    from tests.gateway.server.conftest import OpenHouse, StartToy

WAIT = (("toy-do", "wait"),)


@pytest.mark.parametrize("path", ["/atelier.v1.EditService/Relight", f"/{SERVICE}/Nothing", "/nonsense"])
async def test_what_nobody_serves_is_refused_with_what_is_served(
    start_toy: StartToy, open_house: OpenHouse, path: str
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    call: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = house.channel.unary_unary(path)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call(b"x")
    told = from_rpc_error(caught.value)
    assert (caught.value.code(), type(told)) == (grpc.StatusCode.UNIMPLEMENTED, CapabilityUnknownError)
    assert told.metadata == {"method": path, "known": "toy"}


async def test_a_capability_without_endpoints_is_not_installed(open_house: OpenHouse) -> None:
    house = await open_house()
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.unary()(b"x")
    assert type(from_rpc_error(caught.value)) is CapabilityUnknownError
    answer = await catalog_pb2_grpc.CatalogServiceStub(house.channel).ListCapabilities(
        catalog_pb2.ListCapabilitiesRequest()
    )
    assert list(answer.capabilities) == []


async def test_endpoints_of_what_nobody_declares_stop_the_start() -> None:
    settings = read(GatewaySettings, {"ATELIER_ENDPOINTS": "paint=127.0.0.1:1", "ATELIER_ARTIFACTS_URL": "memory:///"})
    with pytest.raises(NotInstalledError, match=r"paint, which no plugin declares\. Declared are: toy\."):
        Gateway(settings, [capability()])


async def test_a_draining_gateway_ends_what_it_has_and_takes_nothing_new(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    waiting = asyncio.ensure_future(house.unary()(b"x", metadata=WAIT))
    await toy.called.wait()
    stopping = asyncio.create_task(house.gateway.stop())
    await house.settled(lambda: house.gateway.gate.draining)
    for call in (
        house.unary()(b"y"),
        catalog_pb2_grpc.CatalogServiceStub(house.channel).ListCapabilities(catalog_pb2.ListCapabilitiesRequest()),
    ):
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await call
        assert type(from_rpc_error(caught.value)) is DrainingError
    for service in ("", SERVICE):
        answer = await health_pb2_grpc.HealthStub(house.channel).Check(health_pb2.HealthCheckRequest(service=service))
        assert answer.status == health_pb2.HealthCheckResponse.NOT_SERVING
    assert not waiting.done()
    toy.release.set()
    assert await waiting == b"x"
    assert await stopping


async def test_reflection_shows_descriptors_that_no_stub_here_holds(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)

    def look() -> tuple[set[str], list[str], list[str]]:
        with grpc.insecure_channel(house.address) as channel:
            database = ProtoReflectionDescriptorDatabase(channel)
            services = set(database.get_services())
            file = database.FindFileContainingSymbol(SERVICE)
            catalog = database.FindFileContainingSymbol("atelier.v1.CatalogService")
            return (
                services,
                [method.name for method in file.service[0].method],
                [service.name for service in catalog.service],
            )

    services, methods, own = await asyncio.to_thread(look)
    assert services == {
        SERVICE,
        "atelier.v1.CatalogService",
        "atelier.v1.ArtifactService",
        "grpc.health.v1.Health",
        "grpc.reflection.v1alpha.ServerReflection",
    }
    assert methods == ["Echo", "Down", "Up", "Chat"]
    assert "CatalogService" in own


async def run_gateway(tmp_path: Path, **environment: str) -> asyncio.subprocess.Process:
    variables = {
        "ATELIER_LISTEN": "127.0.0.1:0",
        "ATELIER_METRICS_LISTEN": "127.0.0.1:0",
        "ATELIER_STATE": str(tmp_path),
        "ATELIER_LOG_STYLE": "json",
    }
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "atelier_gateway",
        env={**os.environ, **variables, **environment},
        stderr=asyncio.subprocess.PIPE,
    )


async def test_the_process_says_that_it_listens_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    process = await run_gateway(tmp_path, ATELIER_ENDPOINTS="style=127.0.0.1:1")
    assert process.stderr is not None
    lines: list[str] = []
    while '"listening"' not in (lines[-1] if lines else ""):
        lines.append((await process.stderr.readline()).decode())
    process.send_signal(signal.SIGTERM)
    rest = (await process.stderr.read()).decode()
    assert await process.wait() == 0
    assert '"capabilities": "style"' in lines[-1]
    assert '"stopped"' in rest


async def test_a_bad_setting_stops_the_process_with_a_sentence(tmp_path: Path) -> None:
    process = await run_gateway(tmp_path, ATELIER_ENDPOINTS="paint=127.0.0.1:1")
    _, said = await process.communicate()
    assert (process.returncode, b"paint, which no plugin declares" in said) == (1, True)
    process = await run_gateway(tmp_path, ATELIER_ENDPOINTS="style", ATELIER_DRAIN_SECONDS="soon")
    _, said = await process.communicate()
    assert process.returncode == 2
    assert b"ATELIER_ENDPOINTS" in said
    assert b"ATELIER_DRAIN_SECONDS" in said
