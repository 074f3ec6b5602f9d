from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import grpc
import pytest
from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from atelier_rpc.errors import from_rpc_error
from atelier_sdk.errors import CapabilityUnknownError, FieldOutOfRangeError

if TYPE_CHECKING:
    from tests.gateway.server.conftest import House, OpenHouse, StartToy
    from tests.gateway.server.toy import Toy


class Describer(catalog_pb2_grpc.CapabilityServiceServicer):
    """What a process says of itself."""

    def __init__(self, health: catalog_pb2.Health.ValueType) -> None:
        self.health = health
        self.asked = 0

    async def Describe(  # noqa: N802 (the API's name)
        self, _request: catalog_pb2.DescribeRequest, _context: object
    ) -> catalog_pb2.DescribeResponse:
        self.asked += 1
        await asyncio.sleep(0.05)
        described = catalog_pb2.Capability(
            name="whatever it says",
            version="1.2.3",
            health=self.health,
            models=[catalog_pb2.Model(name="net", executor="triton/openvino")],
        )
        return catalog_pb2.DescribeResponse(capability=described)


async def described_toy(start_toy: StartToy, health: catalog_pb2.Health.ValueType) -> tuple[Toy, Describer]:
    toy, describer = await start_toy(), Describer(health)
    # A server takes no handlers once it runs: one more is started for what this test adds.
    server = grpc.aio.server()
    catalog_pb2_grpc.add_CapabilityServiceServicer_to_server(describer, server)
    await toy.server.stop(0)
    toy.server = server
    toy.port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    return toy, describer


async def listed(house: House) -> list[catalog_pb2.Capability]:
    stub = catalog_pb2_grpc.CatalogServiceStub(house.channel)
    return list((await stub.ListCapabilities(catalog_pb2.ListCapabilitiesRequest())).capabilities)


async def test_a_capability_is_as_declared_and_as_its_process_says(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy, _ = await described_toy(start_toy, catalog_pb2.HEALTH_BUSY)
    house = await open_house(toy.address)
    (found,) = await listed(house)
    assert (found.name, found.service, found.description) == ("toy", "toy.v1.ToyService", "Gives back what it gets.")
    assert (found.version, found.health, found.models[0].name) == ("1.2.3", catalog_pb2.HEALTH_BUSY, "net")
    assert (found.limits.max_message_bytes, found.limits.max_deadline.seconds) == (20 * 1024 * 1024, 600)
    await toy.server.stop(0)


async def test_the_best_of_several_processes_speaks_for_all(start_toy: StartToy, open_house: OpenHouse) -> None:
    ill, _ = await described_toy(start_toy, catalog_pb2.HEALTH_UNHEALTHY)
    well, _ = await described_toy(start_toy, catalog_pb2.HEALTH_READY)
    house = await open_house(ill.address, well.address)
    assert (await listed(house))[0].health == catalog_pb2.HEALTH_READY
    await ill.server.stop(0)
    await well.server.stop(0)


async def test_a_capability_that_cannot_be_reached_is_listed_as_such(open_house: OpenHouse, free_port: int) -> None:
    house = await open_house(f"127.0.0.1:{free_port}", ready=0)
    (found,) = await listed(house)
    assert found.health == catalog_pb2.HEALTH_UNREACHABLE
    assert found.health_detail == "None of its 1 known processes answers."
    assert found.limits.max_concurrency == 2


async def test_a_process_that_has_just_come_up_is_seen_though_it_was_silent_before(
    start_toy: StartToy, open_house: OpenHouse, free_port: int
) -> None:
    house = await open_house(f"127.0.0.1:{free_port}", ready=0)
    assert (await listed(house))[0].health == catalog_pb2.HEALTH_UNREACHABLE
    await start_toy(free_port)
    await house.settled(lambda: all(each.serving for each in house.gateway.backends["toy"].endpoints))
    assert (await listed(house))[0].health == catalog_pb2.HEALTH_READY


async def test_a_process_that_does_not_speak_of_itself_is_judged_by_its_health(
    start_toy: StartToy, open_house: OpenHouse
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    assert (await listed(house))[0].health == catalog_pb2.HEALTH_READY


async def test_many_who_ask_at_once_are_one_question(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy, describer = await described_toy(start_toy, catalog_pb2.HEALTH_READY)
    house = await open_house(toy.address)
    answers = await asyncio.gather(*(listed(house) for _ in range(10)))
    assert len(answers) == 10
    assert describer.asked == 1
    await toy.server.stop(0)


async def test_one_capability_is_described_by_its_name(start_toy: StartToy, open_house: OpenHouse) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    stub = catalog_pb2_grpc.CatalogServiceStub(house.channel)
    call = stub.GetCapability(catalog_pb2.GetCapabilityRequest(name="toy"), metadata=(("x-request-id", "one"),))
    assert (await call).capability.name == "toy"
    assert dict(await call.initial_metadata())["x-request-id"] == "one"
    assert house.count("atelier_gateway_calls_total", capability="gateway", method="GetCapability", code="OK") == 1


@pytest.mark.parametrize(("name", "kind"), [("paint", CapabilityUnknownError), ("", FieldOutOfRangeError)])
async def test_an_unknown_capability_is_refused(
    start_toy: StartToy, open_house: OpenHouse, name: str, kind: type[Exception]
) -> None:
    toy = await start_toy()
    house = await open_house(toy.address)
    stub = catalog_pb2_grpc.CatalogServiceStub(house.channel)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetCapability(catalog_pb2.GetCapabilityRequest(name=name))
    assert type(from_rpc_error(caught.value)) is kind
