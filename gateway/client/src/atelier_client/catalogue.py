"""The catalogue: what an installation can do, by which models, within which limits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier.v1 import catalog_pb2

from atelier_client.session import Session, new_request_id
from atelier_client.steps import Method, Operation, Steps, call

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVICE = "/atelier.v1.CatalogService"
_LIST = Method(
    f"{_SERVICE}/ListCapabilities", catalog_pb2.ListCapabilitiesRequest, catalog_pb2.ListCapabilitiesResponse
)
_GET = Method(f"{_SERVICE}/GetCapability", catalog_pb2.GetCapabilityRequest, catalog_pb2.GetCapabilityResponse)


@dataclass(frozen=True, slots=True)
class Preset:
    """A named set of parameters, such as the grade `teal_orange` or the film stock `tri_x_400`."""

    kind: str
    name: str
    description: str


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a capability works with; `sha256` and `executor` are empty where it is not installed."""

    name: str
    version: str
    sha256: str
    license: str
    executor: str


@dataclass(frozen=True, slots=True)
class CapabilityInfo:
    """One capability. `health` is `ready`, `busy`, `unhealthy` or `unreachable`; `limits` are numbers by their name."""

    name: str
    service: str
    description: str
    version: str
    health: str
    health_detail: str
    limits: Mapping[str, float]
    models: tuple[Model, ...]
    presets: tuple[Preset, ...]

    def preset_names(self, kind: str) -> tuple[str, ...]:
        """List the names of the presets of one kind."""
        return tuple(preset.name for preset in self.presets if preset.kind == kind)


def capabilities(session: Session, *, deadline_seconds: float | None = None) -> Steps[tuple[CapabilityInfo, ...]]:
    """List the capabilities in alphabetical order."""
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    answer = yield from call(operation, _LIST, catalog_pb2.ListCapabilitiesRequest())
    return tuple(_capability(one) for one in answer.capabilities)


def capability(session: Session, name: str, *, deadline_seconds: float | None = None) -> Steps[CapabilityInfo]:
    """Describe one capability.

    Errors: UnimplementedError (CAPABILITY_UNKNOWN, with the names of those that are known).
    """
    operation = Operation.begin(session, new_request_id(), deadline_seconds)
    answer = yield from call(operation, _GET, catalog_pb2.GetCapabilityRequest(name=name))
    return _capability(answer.capability)


def _capability(message: catalog_pb2.Capability) -> CapabilityInfo:
    return CapabilityInfo(
        name=message.name,
        service=message.service,
        description=message.description,
        version=message.version,
        health=catalog_pb2.Health.Name(message.health).removeprefix("HEALTH_").lower(),
        health_detail=message.health_detail,
        limits=_limits(message.limits),
        models=tuple(Model(one.name, one.version, one.sha256, one.license, one.executor) for one in message.models),
        presets=tuple(Preset(one.kind, one.name, one.description) for one in message.presets),
    )


def _limits(message: catalog_pb2.Limits) -> Mapping[str, float]:
    return {
        "max_pixels": message.max_pixels,
        "max_message_bytes": message.max_message_bytes,
        "max_concurrency": message.max_concurrency,
        "max_queue": message.max_queue,
        "default_deadline_seconds": message.default_deadline.ToTimedelta().total_seconds(),
        "max_deadline_seconds": message.max_deadline.ToTimedelta().total_seconds(),
    }
