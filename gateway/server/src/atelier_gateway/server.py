"""The gateway, put together from its parts, from its start to its drained end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import grpc
from atelier.v1 import artifact_pb2, artifact_pb2_grpc, catalog_pb2, catalog_pb2_grpc
from atelier_rpc.artifacts import ArtifactStore
from atelier_rpc.logs import Log
from atelier_sdk.host import PluginHost
from atelier_sdk.plugin import PluginState
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from atelier_gateway import reflection
from atelier_gateway.admission import Gate, Lane
from atelier_gateway.artifacts import Artifacts, sweep_forever
from atelier_gateway.breaker import Breaker
from atelier_gateway.catalog import Catalog, Installed
from atelier_gateway.descriptors import methods_of, pool_of
from atelier_gateway.endpoints import CEILING_BYTES, Backends, located
from atelier_gateway.health import Watcher
from atelier_gateway.metrics import Metrics
from atelier_gateway.own_calls import OwnCalls
from atelier_gateway.passage import Route
from atelier_gateway.policy import Policies
from atelier_gateway.router import Router, Unknown
from atelier_gateway.tls import Certificate
from atelier_gateway.wire import Answers

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Iterator

    from atelier_sdk.capability import Capability

    from atelier_gateway.settings import GatewaySettings

OWN_SERVICES: Final = (
    catalog_pb2.DESCRIPTOR.services_by_name["CatalogService"].full_name,
    artifact_pb2.DESCRIPTOR.services_by_name["ArtifactService"].full_name,
)
_HEALTH: Final = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_STOP_SECONDS: Final = 0.5
# How long a call on a connection that has reached its age may go on; no capability takes longer ones by default.
LONGEST_CALL_SECONDS: Final = 600.0

log = Log(__name__)


class NotInstalledError(Exception):
    """Endpoints are given for a capability that no plugin declares."""


class Gateway:
    """One gateway. Made on the event loop; `start` once, then `stop` once.

    Installed are the capabilities that a plugin declares *and* `ATELIER_ENDPOINTS` gives a place; endpoints that nobody
    declares raise NotInstalledError, unless a plugin is left out, whose they may be.
    """

    def __init__(
        self, settings: GatewaySettings, declared: Iterable[Capability], plugins: PluginHost | None = None
    ) -> None:
        self._settings = settings
        self._plugins = plugins or PluginHost()
        by_name = {capability.name: capability for capability in declared}
        self._targets = located(settings.targets, by_name)
        foreign = sorted(set(self._targets) - set(by_name))
        if foreign:
            self._miss(foreign, sorted(by_name))
        self.installed = {name: by_name[name] for name in sorted({*self._targets} & {*by_name})}
        self.backends = {name: Backends() for name in self.installed}
        self.gate = Gate(settings.bytes_in_flight)
        self.metrics = Metrics()
        self.breakers = {name: Breaker(name) for name in self.installed}
        self.answers = {name: Answers() for name in self.installed}
        self.policies = Policies(self._plugins)
        self.metrics.watch(self.gate, self.backends, self.breakers)
        self._health = health.aio.HealthServicer()
        self._store = ArtifactStore.from_url(settings.artifacts_url, settings.artifact_limits)
        self._server = self._assemble()
        self._tasks: list[asyncio.Task[None]] = []
        self.tls_port = 0

    async def start(self) -> int:
        """Find the endpoints, listen, and return the port."""
        for name, capability in self.installed.items():
            watcher = Watcher(
                capability.service,
                self._targets[name],
                self.backends[name],
                self._health,
                resolve_seconds=self._settings.resolve_seconds,
                ask_seconds=self._settings.health_seconds,
                on_well=self.breakers[name].try_soon,
            )
            await watcher.refresh()
            self._run(watcher.run())
        self._run(sweep_forever(self._store))
        port = self._server.add_insecure_port(self._settings.listen)
        if self._settings.tls_listen:
            credentials = Certificate(self._settings.tls_folder).credentials()
            self.tls_port = self._server.add_secure_port(self._settings.tls_listen, credentials)
        await self._server.start()
        log.info("listening", port=port, capabilities=", ".join(self.installed))
        return port

    async def stop(self) -> bool:
        """Say NOT_SERVING, refuse new calls, let those in flight end, then stop; False when some had to be cut off."""
        log.info("draining", calls=self.gate.calls)
        self.gate.draining = True
        await self._health.enter_graceful_shutdown()
        finished = await self.gate.drained(self._settings.drain_seconds)
        await self._server.stop(_STOP_SECONDS)
        for task in self._tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        self.policies.close()
        log.info("stopped", finished=finished)
        return finished

    def _run(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    def _assemble(self) -> grpc.aio.Server:
        server = grpc.aio.server(
            interceptors=[OwnCalls(OWN_SERVICES, self.gate, self.metrics)],
            options=(
                ("grpc.max_receive_message_length", CEILING_BYTES),
                ("grpc.max_send_message_length", CEILING_BYTES),
                # Two gateways on one port would share it out between them unseen.
                ("grpc.so_reuseport", 0),
                *_ages(self._settings),
            ),
        )
        server.add_generic_rpc_handlers((Router(self._routes()),))
        installed = {
            name: Installed(capability, self.backends[name], self.breakers[name], self.answers[name])
            for name, capability in self.installed.items()
        }
        catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Catalog(installed, self._plugins), server)
        artifact_pb2_grpc.add_ArtifactServiceServicer_to_server(Artifacts(self._store), server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        pools = {capability.service: pool_of(capability.descriptors) for capability in self.installed.values()}
        reflection.add_to(server, (*OWN_SERVICES, _HEALTH), pools)
        server.add_generic_rpc_handlers((Unknown(self.installed),))
        return server

    def _routes(self) -> Iterator[Route]:
        plugins = {name: f"{one.name} {one.version}" for one in self._plugins.statuses() for name in one.capabilities}
        for name, capability in self.installed.items():
            backends, lane = self.backends[name], Lane(name, self._room(capability))
            for path, kind in methods_of(capability.descriptors, capability.service).items():
                yield Route(
                    capability,
                    path,
                    kind,
                    backends,
                    lane,
                    self.gate,
                    self.metrics,
                    self.breakers[name],
                    self.policies,
                    self.answers[name],
                    plugins.get(name, ""),
                )

    def _miss(self, foreign: list[str], declared: list[str]) -> None:
        """Say that endpoints are nobody's. Raises NotInstalledError where no plugin is left out whose they may be."""
        left_out = {PluginState.REFUSED, PluginState.BROKEN}
        if any(one.state in left_out for one in self._plugins.statuses()):
            log.warning("endpoints of a capability that no plugin declares", names=", ".join(foreign))
            return
        raise NotInstalledError(
            f"ATELIER_ENDPOINTS names {', '.join(foreign)}, which no plugin declares. "
            f"Declared are: {', '.join(declared) or 'none'}."
        )

    def _room(self, capability: Capability) -> RoomCounter:
        return RoomCounter(
            capability.limits.max_concurrency + capability.limits.max_queue, self.backends[capability.name]
        )


def _ages(settings: GatewaySettings) -> tuple[tuple[str, int], ...]:
    """Return the options by which connections end at an age, and calls on them by themselves."""
    if not settings.connection_age_seconds:
        return ()
    return (
        ("grpc.max_connection_age_ms", round(1000 * settings.connection_age_seconds)),
        ("grpc.max_connection_age_grace_ms", round(1000 * LONGEST_CALL_SECONDS)),
    )


class RoomCounter:
    """How many calls the processes of a capability can take together: what they work on and what may wait there."""

    def __init__(self, of_one: int, backends: Backends) -> None:
        self._of_one = of_one
        self._backends = backends

    def __call__(self) -> int:
        """Return the number now; endpoints come and go. Without any, one call is let in and told why it fails."""
        return self._of_one * max(1, len(self._backends.endpoints))
