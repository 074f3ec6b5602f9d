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
    from collections.abc import Callable, Coroutine, Sequence

    from grpc_health.v1.health import aio as health_aio

SERVING: Final = health_pb2.HealthCheckResponse.SERVING
NOT_SERVING: Final = health_pb2.HealthCheckResponse.NOT_SERVING
# Asked again and again in place of `Watch`: a process that hangs is noticed, and grpcio-health's server forgets all who
# watch a service when one of them leaves.
_ASK_SECONDS: Final = 2.0
_ILL_SECONDS: Final = 0.25

log = Log(__name__)


class Watcher:
    """Keeps the endpoints of one capability: resolves names, asks for health, tells the gateway's health service.

    `on_well` is called whenever an endpoint that was not well is so again.
    """

    def __init__(
        self,
        service: str,
        targets: Sequence[str],
        backends: Backends,
        health: health_aio.HealthServicer,
        *,
        resolve_seconds: float,
        ask_seconds: float,
        on_well: Callable[[], None] = lambda: None,
    ) -> None:
        self._service = service
        self._targets = targets
        self._backends = backends
        self._health = health
        self._resolve_seconds = resolve_seconds
        self._ask_seconds = ask_seconds
        self._on_well = on_well
        self._watches: dict[Endpoint, asyncio.Task[None]] = {}
        self._farewells: set[asyncio.Task[None]] = set()
        self._told: bool | None = None

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
        if serving != self._told:
            self._told = serving
            await self._health.set(self._service, SERVING if serving else NOT_SERVING)

    async def _watch(self, endpoint: Endpoint) -> None:
        try:
            while True:
                await self._set(endpoint, serving=await is_well(endpoint, self._service))
                await asyncio.sleep(self._ask_seconds if endpoint.serving else min(self._ask_seconds, _ILL_SECONDS))
        finally:
            endpoint.serving = False

    async def _set(self, endpoint: Endpoint, *, serving: bool) -> None:
        if endpoint.serving != serving:
            endpoint.serving = serving
            event = "endpoint is well" if serving else "endpoint is not well"
            log.info(event, endpoint=endpoint.address, of=self._service)
            if serving:
                self._on_well()
        # Also when nothing changed: a call that failed may have marked the endpoint meanwhile.
        await self.tell()


async def is_well(endpoint: Endpoint, service: str) -> bool:
    """Ask an endpoint whether a service is well: by name, as a whole if it knows no names, else whether it answers."""
    check = health_pb2_grpc.HealthStub(endpoint.channel).Check
    for name in (service, ""):
        try:
            answer = await check(health_pb2.HealthCheckRequest(service=name), timeout=_ASK_SECONDS)
        except grpc.aio.AioRpcError as error:
            if error.code() is not grpc.StatusCode.NOT_FOUND:
                return error.code() is grpc.StatusCode.UNIMPLEMENTED
        else:
            return bool(answer.status == SERVING)
    return False


def _keep(tasks: set[asyncio.Task[None]], work: Coroutine[None, None, None]) -> None:
    """Run something beside, and hold on to it until it is done."""
    task = asyncio.create_task(work)
    tasks.add(task)
    task.add_done_callback(tasks.discard)
