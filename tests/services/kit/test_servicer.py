"""What a servicer must have, and what its process says of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from atelier_service.work import snake_case
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from tests.services.kit.toys import Toy, ToyStream, capability, running

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path


@pytest.mark.parametrize(("method", "function"), [("Grade", "grade"), ("SkinTone", "skin_tone")])
def test_a_function_is_named_after_its_rpc(method: str, function: str) -> None:
    assert snake_case(method) == function


async def test_a_missing_method_stops_the_start(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="ToyStream has no method grade for the RPC Grade"):
        async with running(ToyStream(), tmp_path, declared=capability("atelier.v1.StyleService")):
            pass


async def test_reflection_lists_the_capabilitys_services(tmp_path: Path) -> None:
    async def asked() -> AsyncIterator[reflection_pb2.ServerReflectionRequest]:
        yield reflection_pb2.ServerReflectionRequest(list_services="")

    async with running(Toy(), tmp_path) as at:
        stub = reflection_pb2_grpc.ServerReflectionStub(at.channel)
        answers = [answer async for answer in stub.ServerReflectionInfo(asked())]
    names = {service.name for service in answers[0].list_services_response.service}
    assert {"atelier.v1.StyleService", "atelier.v1.CapabilityService", "grpc.health.v1.Health"} <= names
