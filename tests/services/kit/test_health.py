"""Health by a canary: ready only after it, unhealthy while it fails, latched by what nobody expected."""

from __future__ import annotations

from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from atelier_sdk.errors import BackendDownError, QueueFullError
from atelier_service.models.failures import InferenceFailedError
from atelier_service.models.fake import FakeModels
from grpc_health.v1 import health_pb2, health_pb2_grpc

from tests.services.kit.toys import Toy, double, refusal, request, running, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.services.kit.toys import Running

SERVICE = "atelier.v1.StyleService"
SERVING, NOT_SERVING = health_pb2.HealthCheckResponse.SERVING, health_pb2.HealthCheckResponse.NOT_SERVING


async def states(at: Running) -> tuple[int, int]:
    """Return what grpc.health says of the service and of the process."""
    stub = health_pb2_grpc.HealthStub(at.channel)
    service = await stub.Check(health_pb2.HealthCheckRequest(service=SERVICE))
    process = await stub.Check(health_pb2.HealthCheckRequest())
    return service.status, process.status


async def described(at: Running) -> catalog_pb2.Capability:
    describe = catalog_pb2_grpc.CapabilityServiceStub(at.channel).Describe
    return (await describe(catalog_pb2.DescribeRequest())).capability


async def test_it_serves_once_the_canary_has_passed(tmp_path: Path) -> None:
    models = FakeModels({"doubler": double})
    async with running(Toy(), tmp_path, backend=models) as at:
        await at.server.ready()
        assert await states(at) == (SERVING, SERVING)
    assert models.calls == ["doubler"]


async def test_a_missing_model_makes_it_unhealthy_until_it_is_there(tmp_path: Path) -> None:
    answers = {"other": double}
    models = FakeModels(answers)
    async with running(Toy(), tmp_path, backend=models, canary_seconds=0.05) as at:
        await at.server.ready()
        assert await states(at) == (NOT_SERVING, SERVING)
        assert "atelier models convert doubler" in (await described(at)).health_detail
        models.learn("doubler", double)
        await until(lambda: at.server.health.condition.well)
        assert await states(at) == (SERVING, SERVING)


@pytest.mark.parametrize("fault", [BackendDownError("It is down."), InferenceFailedError("doubler")])
async def test_a_failing_backend_is_unhealthy_and_recovers(tmp_path: Path, fault: Exception) -> None:
    toy = Toy(fault=fault)
    async with running(toy, tmp_path, canary_seconds=0.05) as at:
        assert not (await at.server.ready()).well
        toy.fault = None
        await until(lambda: at.server.health.condition.well)


async def test_an_unexpected_fault_latches_until_a_restart(tmp_path: Path) -> None:
    toy = Toy(fault=AssertionError("zeros with status OK"))
    async with running(toy, tmp_path, canary_seconds=0.05) as at:
        condition = await at.server.ready()
        toy.fault = None
        at.server.health.suspect()
        assert (condition.latched, await states(at)) == (True, (NOT_SERVING, NOT_SERVING))
        told = await described(at)
        assert (told.health, "zeros" in told.health_detail) == (catalog_pb2.HEALTH_UNHEALTHY, False)
        assert toy.canaries == 1


async def test_a_full_queue_in_the_canary_is_busy_and_well(tmp_path: Path) -> None:
    async with running(Toy(fault=QueueFullError("Full.")), tmp_path) as at:
        assert (await at.server.ready()).well


async def test_a_crash_in_a_call_has_the_canary_run_at_once(tmp_path: Path) -> None:
    toy = Toy()
    async with running(toy, tmp_path, canary_seconds=1000) as at:
        await at.server.ready()
        await refusal(at.style.Grade(request("crash")))
        await until(lambda: toy.canaries == 2)
        assert (await at.server.ready()).well


async def test_draining_says_not_serving(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as at:
        await at.server.ready()
        await at.server.health.drain()
        assert await states(at) == (NOT_SERVING, NOT_SERVING)


async def test_an_unknown_service_is_not_found(tmp_path: Path) -> None:
    async with running(Toy(), tmp_path) as at:
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await health_pb2_grpc.HealthStub(at.channel).Check(health_pb2.HealthCheckRequest(service="nobody"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
