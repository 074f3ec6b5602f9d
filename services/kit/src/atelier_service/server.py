"""One capability's gRPC server, from its parts to its drained end. `serving.serve` runs it as a process."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import functools
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final

import grpc
from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from atelier_rpc.interceptors import CallInterceptor
from atelier_rpc.logs import Log
from atelier_rpc.settings import SettingsError
from atelier_sdk.capability import MIB
from google.protobuf import descriptor_pool, message_factory
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from atelier_service.admission import Admission
from atelier_service.bridge import Bridge
from atelier_service.call import CallIdentity
from atelier_service.cancellation import Cancellation
from atelier_service.describing import CapabilityDescriber
from atelier_service.fetching import Fetcher
from atelier_service.health import Condition, Health
from atelier_service.pictures import Pictures
from atelier_service.plugins import Plugins
from atelier_service.queued import queued
from atelier_service.work import Desk

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.identity import Encoder
    from atelier_rpc.artifacts import ArtifactStore
    from atelier_sdk.capability import Capability
    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

    from atelier_service.models.backend import ModelBackend
    from atelier_service.servicer import Servicer

MAX_FETCH_BYTES: Final = 64 * MIB
_BESIDE: Final = 2  # threads for what does not wait for those that work
CAPABILITY_SERVICE: Final = catalog_pb2.DESCRIPTOR.services_by_name["CapabilityService"].full_name

log = Log(__name__)


class Server:
    """Serve one capability. Made on the event loop; `start` once, then `drain` once."""

    def __init__(
        self,
        capability: Capability,
        servicer: Servicer,
        *,
        backend: ModelBackend,
        store: ArtifactStore,
        uri_hosts: Sequence[str] = (),
        canary_seconds: float = 30.0,
        encoder: Encoder | None = None,
        plugins: Plugins | None = None,
    ) -> None:
        self._capability = capability
        self._servicer = servicer
        self._backend = backend
        self._plugins = plugins or Plugins()
        self.admission = Admission(capability.limits)
        self._beside = Admission(dataclasses.replace(capability.limits, max_concurrency=_BESIDE))
        workers = capability.limits.max_concurrency + (_BESIDE if servicer.beside else 0)
        self._workers = ThreadPoolExecutor(workers, thread_name_prefix="worker")
        self._examiner = ThreadPoolExecutor(1, thread_name_prefix="canary")
        self.health = Health(capability.service, self._canary, self._examiner, interval_seconds=canary_seconds)
        pictures = Pictures(store, Fetcher(uri_hosts, max_bytes=MAX_FETCH_BYTES), Bridge(asyncio.get_running_loop()))
        self._desk = Desk(
            capability,
            servicer,
            admission=self.admission,
            beside=self._beside,
            workers=self._workers,
            backend=backend,
            pictures=pictures,
            on_fault=self.health.suspect,
            encoder=encoder,
            plugins=self._plugins,
        )
        self._server = self._assemble()
        self._watch: asyncio.Task[None] | None = None

    async def start(self, listen: str) -> int:
        """Listen, begin to examine the capability, and return the port.

        Raises SettingsError where the address is taken or not ours.
        """
        try:
            port = self._server.add_insecure_port(listen)
        except RuntimeError:
            raise SettingsError(f"ATELIER_LISTEN: cannot listen on {listen}") from None
        await self._server.start()
        self._watch = asyncio.create_task(self.health.watch(), name="health")
        log.info("listening", port=port, capability=self._capability.name)
        return port

    async def ready(self) -> Condition:
        """Wait for the first canary, and return how the capability is."""
        return await self.health.examined()

    async def drain(self, grace_seconds: float) -> None:
        """Say NOT_SERVING, refuse new calls, let those that run finish within the grace, then stop."""
        log.info("draining", working=self.admission.working, waiting=self.admission.waiting)
        await self.health.drain()
        self.admission.draining = self._beside.draining = True
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(self.admission.empty(), self._beside.empty()), grace_seconds)
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
        # Whatever still runs is cancelled now: its handler tells its worker, which stops at its next stage.
        await self._server.stop(0.2)
        self._workers.shutdown(wait=False, cancel_futures=True)
        self._examiner.shutdown(wait=False, cancel_futures=True)
        await self._backend.close()
        log.info("stopped")

    def _canary(self, deadline: float) -> None:
        identity = CallIdentity("canary", "canary", f"{self._capability.name}.canary", self._servicer.version)
        self._servicer.canary(self._desk.call(identity, Cancellation(), deadline))

    def _assemble(self) -> grpc.aio.Server:
        names = (self._capability.service, CAPABILITY_SERVICE)
        server = grpc.aio.server(interceptors=[CallInterceptor(names)], options=options(self._capability))
        server.add_generic_rpc_handlers((self._handlers(),))
        describer = CapabilityDescriber(
            self._capability,
            self._servicer,
            admission=self.admission,
            backend=self._backend,
            health=self.health,
            plugins=self._plugins,
        )
        catalog_pb2_grpc.add_CapabilityServiceServicer_to_server(describer, server)
        health_pb2_grpc.add_HealthServicer_to_server(self.health.servicer, server)
        health_service = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
        reflection.enable_server_reflection((*names, health_service, reflection.SERVICE_NAME), server)
        return server

    def _handlers(self) -> grpc.GenericRpcHandler:
        pool = descriptor_pool.Default()  # type: ignore[no-untyped-call]
        service: ServiceDescriptor = pool.FindServiceByName(self._capability.service)
        handlers = {method.name: self._handler(method) for method in service.methods}
        return grpc.method_handlers_generic_handler(service.full_name, handlers)

    def _handler(self, method: MethodDescriptor) -> grpc.RpcMethodHandler[Any, Any]:
        if method.client_streaming:
            raise TypeError(f"{method.full_name} streams requests, which a capability cannot")
        self._desk.function(method.name)
        request = message_factory.GetMessageClass(method.input_type)
        response = message_factory.GetMessageClass(method.output_type)
        if method.server_streaming:
            return grpc.unary_stream_rpc_method_handler(
                functools.partial(self._desk.stream, method.name, queued(response)),
                request_deserializer=request.FromString,
                response_serializer=response.SerializeToString,
            )
        return grpc.unary_unary_rpc_method_handler(
            functools.partial(self._desk.unary, method.name),
            request_deserializer=request.FromString,
            response_serializer=response.SerializeToString,
        )


def options(capability: Capability) -> list[tuple[str, int]]:
    """Return the server's channel options."""
    longest = capability.limits.max_message_bytes
    return [
        ("grpc.max_receive_message_length", longest),
        ("grpc.max_send_message_length", longest),
        # Two processes on one port would share connections, not load; a second one shall fail to start.
        ("grpc.so_reuseport", 0),
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.http2.max_ping_strikes", 0),
    ]
