"""Whether each endpoint is well, as it says itself, and one grpc.health.v1 service for each capability."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

import grpc
from atelier_rpc.logs import Log
from grpc_health.v1 import health_pb2, health_pb2_grpc

from atelier_gateway.endpoints import Backends, Endpoint
from atelier_gateway.resolve import resolve

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from grpc_health.v1.health import aio as health_aio

SERVING: Final = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING
_UNKNOWN: Final = health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
_PAUSE_SECONDS: Final = 0.5

log = Log(__name__)


class Watcher:
    """Keeps the endpoints of one capability: resolves names, watches health, tells the gateway's own health service."""

    def __init__(
        self,
        service: str,
        targets: Sequence[str],
        backends: Backends,
        health: health_aio.HealthServicer,
        resolve_seconds: float,
    ) -> None:
        self._service = service
        self._targets = targets
        self._backends = backends
        self._health = health
        self._resolve_seconds = resolve_seconds
        self._watches: dict[Endpoint, asyncio.Task[None]] = {}
        self._farewells: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Keep watching until cancelled, then close all channels."""
        try:
            while True:
                await self.refresh()
                await asyncio.sleep(self._resolve_seconds)
        finally:
            for task in (*self._watches.values(), *self._farewells):
                task.cancel()
            for endpoint in self._backends.endpoints:
                await endpoint.close()

    async def refresh(self) -> None:
        """Resolve all names; open channels to new addresses and let go of those that have vanished."""
        found = [address for target in self._targets for address in await resolve(target)]
        if not found:  # A name server that is away is no reason to let go of anybody.
            return
        wanted = dict.fromkeys(found)
        present = {endpoint.address: endpoint for endpoint in self._backends.endpoints}
        self._backends.endpoints = tuple(present.get(address) or Endpoint(address) for address in wanted)
        for endpoint in self._backends.endpoints:
            if endpoint not in self._watches:
                self._watches[endpoint] = asyncio.create_task(self._watch(endpoint))
        for address in present.keys() - wanted.keys():
            self._watches.pop(present[address]).cancel()
            _keep(self._farewells, present[address].close(grace_seconds=600.0))
        await self.tell()

    async def tell(self) -> None:
        """Say SERVING when at least one endpoint does."""
        serving = any(endpoint.serving for endpoint in self._backends.endpoints)
        await self._health.set(self._service, SERVING if serving else NOT_SERVING)

    async def _watch(self, endpoint: Endpoint) -> None:
        try:
            while True:
                await self._follow(endpoint)
                await self._set(endpoint, serving=False)
                await asyncio.sleep(_PAUSE_SECONDS)
        finally:
            endpoint.serving = False

    async def _follow(self, endpoint: Endpoint) -> None:
        """Follow an endpoint's own health service until its stream breaks."""
        stub = health_pb2_grpc.HealthStub(endpoint.channel)
        request = health_pb2.HealthCheckRequest(service=self._service)
        try:
            async for answer in stub.Watch(request, wait_for_ready=True):
                # A service that knows nothing of health by name is asked as a whole.
                known = answer.status != _UNKNOWN
                await self._set(endpoint, serving=answer.status == SERVING if known else await _is_well(stub))
        except grpc.aio.AioRpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                await self._follow_connection(endpoint)

    async def _follow_connection(self, endpoint: Endpoint) -> None:
        """Take an endpoint without a health service for well as long as its connection stands."""
        state = endpoint.channel.get_state(try_to_connect=True)
        while state is not grpc.ChannelConnectivity.SHUTDOWN:
            await self._set(endpoint, serving=state is grpc.ChannelConnectivity.READY)
            await endpoint.channel.wait_for_state_change(state)
            state = endpoint.channel.get_state(try_to_connect=True)

    async def _set(self, endpoint: Endpoint, *, serving: bool) -> None:
        if endpoint.serving == serving:
            return
        endpoint.serving = serving
        log.info("endpoint is well" if serving else "endpoint is not well", endpoint=endpoint.address, of=self._service)
        await self.tell()


async def _is_well(stub: health_pb2_grpc.HealthStub) -> bool:
    answer = await stub.Check(health_pb2.HealthCheckRequest(), timeout=2.0)
    return bool(answer.status == SERVING)


def _keep(tasks: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> None:
    """Run something beside, and hold on to it until it is done."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
