"""A gateway and toy services on the loop of one test."""

from __future__ import annotations

import asyncio
import socket
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import grpc
import pytest
import pytest_asyncio
from atelier_gateway.server import Gateway
from atelier_gateway.settings import GatewaySettings
from atelier_rpc.settings import read

from tests.gateway.server import toy as toy_module
from tests.gateway.server.toy import Toy, capability

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from atelier_sdk import Capability
    from atelier_sdk.host import PluginHost


class House:
    """A running gateway, a channel to it, and what was asked of it."""

    def __init__(self, gateway: Gateway, port: int) -> None:
        self.gateway = gateway
        self.address = f"127.0.0.1:{port}"
        options = (("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1))
        self.channel = grpc.aio.insecure_channel(self.address, options=options)

    def unary(self, method: str = "Echo") -> grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]:
        return self.channel.unary_unary(f"/{toy_module.SERVICE}/{method}")

    def down(self) -> grpc.aio.UnaryStreamMultiCallable[bytes, bytes]:
        return self.channel.unary_stream(f"/{toy_module.SERVICE}/Down")

    def up(self) -> grpc.aio.StreamUnaryMultiCallable[bytes, bytes]:
        return self.channel.stream_unary(f"/{toy_module.SERVICE}/Up")

    def chat(self) -> grpc.aio.StreamStreamMultiCallable[bytes, bytes]:
        return self.channel.stream_stream(f"/{toy_module.SERVICE}/Chat")

    async def settled(self, condition: Callable[[], bool]) -> None:
        """Wait until a condition holds: what follows a call is done just after its answer."""
        async with asyncio.timeout(10):
            while not condition():  # noqa: ASYNC110 (the code under test raises no event for it)
                await asyncio.sleep(0.005)

    def count(self, name: str, **labels: str) -> float:
        return self.gateway.metrics.registry.get_sample_value(name, labels) or 0.0


class OpenHouse(Protocol):
    """Start a gateway in front of addresses."""

    async def __call__(
        self,
        *addresses: str,
        of: Capability | None = None,
        ready: int | None = None,
        plugins: PluginHost | None = None,
        **environment: str,
    ) -> House: ...


class StartToy(Protocol):
    """Start a toy service on this loop."""

    async def __call__(self, port: int = 0, *, with_health: bool = True) -> Toy: ...


@pytest_asyncio.fixture
async def cleanup() -> AsyncIterator[AsyncExitStack]:
    async with AsyncExitStack() as stack:
        yield stack


@pytest.fixture
def start_toy(cleanup: AsyncExitStack) -> StartToy:
    async def start(port: int = 0, *, with_health: bool = True) -> Toy:
        toy = await Toy().start(port, with_health=with_health)
        cleanup.push_async_callback(toy.server.stop, 0)
        return toy

    return start


@pytest.fixture
def open_house(cleanup: AsyncExitStack, tmp_path: Path) -> OpenHouse:
    async def start(
        *addresses: str,
        of: Capability | None = None,
        ready: int | None = None,
        plugins: PluginHost | None = None,
        **environment: str,
    ) -> House:
        declared = of or capability()
        variables = {
            "ATELIER_LISTEN": "127.0.0.1:0",
            "ATELIER_ARTIFACTS_URL": f"file://{tmp_path}/artifacts",
            "ATELIER_ENDPOINTS": f"{declared.name}={','.join(addresses)}" if addresses else "",
            "ATELIER_DRAIN_SECONDS": "5",
            "ATELIER_HEALTH_SECONDS": "0.05",
            **environment,
        }
        gateway = Gateway(read(GatewaySettings, variables), [declared], plugins)
        house = House(gateway, await gateway.start())
        cleanup.push_async_callback(gateway.stop)
        cleanup.push_async_callback(house.channel.close)
        backends = gateway.backends.get(declared.name)
        wanted = len(addresses) if ready is None else ready
        await house.settled(lambda: not backends or sum(e.serving for e in backends.endpoints) >= wanted)
        return house

    return start


@pytest_asyncio.fixture
async def killable() -> AsyncIterator[Callable[[], asyncio.subprocess.Process]]:
    """Start toy services as processes."""
    processes: list[asyncio.subprocess.Process] = []

    async def start(port: int) -> asyncio.subprocess.Process:
        root = Path(__file__).parents[3]
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", toy_module.__name__, str(port), cwd=root, stderr=asyncio.subprocess.DEVNULL
        )
        processes.append(process)
        return process

    yield start  # type: ignore[misc]
    for process in processes:
        if process.returncode is None:
            process.kill()
        await process.wait()


@pytest.fixture
def free_port() -> int:
    with socket.socket() as attempt:
        attempt.bind(("127.0.0.1", 0))
        return int(attempt.getsockname()[1])
