"""CapabilityService: what this process serves and how it is; the gateway's catalogue asks for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from atelier_sdk.errors import ModelNotInstalledError
from google.protobuf.duration_pb2 import Duration

if TYPE_CHECKING:
    import grpc
    from atelier_sdk.capability import Capability, Limits

    from atelier_service.admission import Admission
    from atelier_service.health import Health
    from atelier_service.models.backend import ModelBackend
    from atelier_service.plugins import Plugins
    from atelier_service.servicer import Servicer


class CapabilityDescriber(catalog_pb2_grpc.CapabilityServiceServicer):
    """Describe one capability. Answered without admission: also while the capability is busy."""

    def __init__(
        self,
        capability: Capability,
        servicer: Servicer,
        *,
        admission: Admission,
        backend: ModelBackend,
        health: Health,
        plugins: Plugins,
    ) -> None:
        self._capability = capability
        self._servicer = servicer
        self._admission = admission
        self._backend = backend
        self._health = health
        self._plugins = plugins

    async def Describe(  # noqa: N802 (the RPC's name)
        self,
        request: catalog_pb2.DescribeRequest,  # noqa: ARG002 (it holds nothing)
        context: grpc.aio.ServicerContext[Any, Any],  # noqa: ARG002 (gRPC's signature)
    ) -> catalog_pb2.DescribeResponse:
        """Describe the capability that this process serves."""
        described = catalog_pb2.Capability(
            name=self._capability.name,
            service=self._capability.service,
            description=self._capability.description,
            version=self._servicer.version,
            health=self._health.level(busy=self._admission.busy),
            health_detail=self._health.condition.detail,
            limits=limits(self._capability.limits),
            models=[self._model(name) for name in self._capability.models],
            presets=self._presets(),
            measures=self._plugins.measures,
        )
        return catalog_pb2.DescribeResponse(capability=described)

    def _presets(self) -> list[catalog_pb2.Preset]:
        """List the capability's presets, and those of plugins of a kind that it offers whose names are free."""
        own = [(one.kind, one.name, one.description) for one in self._servicer.presets()]
        kinds, taken = {kind for kind, _, _ in own}, {(kind, name) for kind, name, _ in own}
        added = [
            (one.kind, one.name, one.description)
            for one in self._plugins.presets
            if one.kind in kinds and (one.kind, one.name) not in taken
        ]
        return [catalog_pb2.Preset(kind=kind, name=name, description=text) for kind, name, text in (*own, *added)]

    def _model(self, name: str) -> catalog_pb2.Model:
        try:
            found = self._backend.installed(name)
        except ModelNotInstalledError:
            return catalog_pb2.Model(name=name)
        return catalog_pb2.Model(
            name=found.name,
            version=found.version,
            sha256=found.sha256,
            license=found.license,
            executor=found.executor,
        )


def limits(of: Limits) -> catalog_pb2.Limits:
    """Return limits as a message."""
    return catalog_pb2.Limits(
        max_pixels=of.max_pixels,
        max_message_bytes=of.max_message_bytes,
        max_concurrency=of.max_concurrency,
        max_queue=of.max_queue,
        default_deadline=_duration(of.default_deadline_seconds),
        max_deadline=_duration(of.max_deadline_seconds),
    )


def _duration(seconds: float) -> Duration:
    duration = Duration()
    duration.FromNanoseconds(round(seconds * 1e9))
    return duration
