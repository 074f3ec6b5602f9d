"""CatalogService: what is installed, as declared, and how it is, as its processes say."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import grpc
from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from atelier_sdk.errors import CapabilityUnknownError
from atelier_sdk.plugin import PluginState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_sdk.capability import Capability, Limits
    from atelier_sdk.host import PluginHost
    from atelier_sdk.plugin import PluginStatus

    from atelier_gateway.breaker import Breaker
    from atelier_gateway.endpoints import Backends, Endpoint
    from atelier_gateway.wire import Answers

_ASK_SECONDS: Final = 1.0
_KEEP_SECONDS: Final = 1.0
# Of several processes the best speaks for all: a call goes to it first.
_RANK: Final = {catalog_pb2.HEALTH_READY: 0, catalog_pb2.HEALTH_BUSY: 1}


class Installed(NamedTuple):
    """A capability, its processes, the breaker between, and what they answered lately."""

    capability: Capability
    backends: Backends
    breaker: Breaker
    answers: Answers


class Catalog(catalog_pb2_grpc.CatalogServiceServicer):
    """Answer from the processes' own descriptions, asked in parallel and kept for a second."""

    def __init__(self, installed: Mapping[str, Installed], plugins: PluginHost) -> None:
        self._installed = installed
        self._plugins = plugins
        self._asking: dict[str, asyncio.Task[catalog_pb2.Capability]] = {}
        self._fresh_until: dict[str, float] = {}

    async def ListCapabilities(  # noqa: N802 (the API's name)
        self, _request: catalog_pb2.ListCapabilitiesRequest, _context: object
    ) -> catalog_pb2.ListCapabilitiesResponse:
        """List the installed capabilities by name."""
        found = await asyncio.gather(*(self._described(name) for name in sorted(self._installed)))
        return catalog_pb2.ListCapabilitiesResponse(capabilities=found)

    async def GetCapability(  # noqa: N802 (the API's name)
        self, request: catalog_pb2.GetCapabilityRequest, _context: object
    ) -> catalog_pb2.GetCapabilityResponse:
        """Describe one capability. Raises CapabilityUnknownError."""
        if request.name not in self._installed:
            known = ", ".join(sorted(self._installed))
            raise CapabilityUnknownError(
                f"No capability is called {request.name!r}. Installed: {known or 'none'}.",
                metadata={"capability": request.name, "known": known},
            )
        return catalog_pb2.GetCapabilityResponse(capability=await self._described(request.name))

    async def ListPlugins(  # noqa: N802 (the API's name)
        self, _request: catalog_pb2.ListPluginsRequest, _context: object
    ) -> catalog_pb2.ListPluginsResponse:
        """List the plugins by name, and what is wrong with them or with the processes of their capabilities."""
        return catalog_pb2.ListPluginsResponse(plugins=map(self._plugin, self._plugins.statuses()))

    def _plugin(self, status: PluginStatus) -> catalog_pb2.Plugin:
        state, detail = status.state, status.detail
        if state is PluginState.ACTIVE:
            detail = next(filter(None, map(self._trouble, status.capabilities)), "")
            state = PluginState.TROUBLED if detail else state
        return catalog_pb2.Plugin(
            name=status.name,
            distribution=status.distribution,
            version=status.version,
            api=status.api,
            state=catalog_pb2.PluginState.Value(f"PLUGIN_STATE_{state.name}"),
            detail=detail,
            capabilities=status.capabilities,
            hooks=status.hooks,
        )

    def _trouble(self, name: str) -> str:
        if name not in self._installed:
            return ""
        installed = self._installed[name]
        if installed.breaker.is_open:
            return f"{name} is left alone: {installed.breaker.detail}"
        if installed.answers.fault:
            return f"{name}: {installed.answers.fault}"
        well = any(endpoint.serving for endpoint in installed.backends.endpoints)
        return "" if well else f"{name}: no process of it is well"

    async def _described(self, name: str) -> catalog_pb2.Capability:
        task = self._asking.get(name)
        if task is None or (task.done() and not self._is_fresh(name)):
            # One question serves all who ask meanwhile; that one of them goes away must not end it for the others.
            task = self._asking[name] = asyncio.create_task(self._ask_anew(name))
        return await asyncio.shield(task)

    async def _ask_anew(self, name: str) -> catalog_pb2.Capability:
        answer = await _describe(self._installed[name])
        # Only what is well is kept: a process that has just come up, or to itself again, is seen at once.
        well = answer.health in _RANK
        self._fresh_until[name] = time.monotonic() + _KEEP_SECONDS if well else 0.0
        return answer

    def _is_fresh(self, name: str) -> bool:
        return time.monotonic() < self._fresh_until.get(name, 0.0)


async def _describe(installed: Installed) -> catalog_pb2.Capability:
    capability, breaker = installed.capability, installed.breaker
    answers = await asyncio.gather(*(_ask(endpoint) for endpoint in installed.backends.endpoints))
    heard = [answer for answer in answers if answer is not None]
    result = catalog_pb2.Capability(limits=_limits(capability.limits))
    if heard:
        result.MergeFrom(min(heard, key=lambda answer: _RANK.get(answer.health, 2)))
    else:
        result.health = catalog_pb2.HEALTH_UNREACHABLE
        result.health_detail = f"None of its {len(answers)} known processes answers."
    if breaker.is_open and heard:
        result.health = catalog_pb2.HEALTH_UNHEALTHY
        result.health_detail = f"It is left alone: {breaker.detail}."
    result.name, result.service, result.description = capability.name, capability.service, capability.description
    return result


async def _ask(endpoint: Endpoint) -> catalog_pb2.Capability | None:
    stub = catalog_pb2_grpc.CapabilityServiceStub(endpoint.channel)
    try:
        answer = await stub.Describe(catalog_pb2.DescribeRequest(), timeout=_ASK_SECONDS)
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
            return None
        # A third party's process need not speak of itself: its health service speaks for it.
        health = catalog_pb2.HEALTH_READY if endpoint.serving else catalog_pb2.HEALTH_UNHEALTHY
        return catalog_pb2.Capability(health=health)
    return answer.capability


def _limits(limits: Limits) -> catalog_pb2.Limits:
    declared = catalog_pb2.Limits(
        max_pixels=limits.max_pixels,
        max_message_bytes=limits.max_message_bytes,
        max_concurrency=limits.max_concurrency,
        max_queue=limits.max_queue,
    )
    declared.default_deadline.FromNanoseconds(round(limits.default_deadline_seconds * 1e9))
    declared.max_deadline.FromNanoseconds(round(limits.max_deadline_seconds * 1e9))
    return declared
