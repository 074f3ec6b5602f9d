"""Serve one capability: `serve` is all that a service's `__main__` calls."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from multiprocessing import resource_tracker
from typing import TYPE_CHECKING, Any

from atelier_imaging.identity import load_encoder
from atelier_rpc import logs
from atelier_rpc.artifacts import ArtifactStore
from atelier_rpc.memory import give_back_freed_memory, keep_freed_memory
from atelier_rpc.settings import SettingsError, read_or_exit
from atelier_sdk.capability import MIB
from atelier_sdk.host import PluginHost

from atelier_service.bridge import Bridge
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.triton import TritonModels
from atelier_service.plugins import Plugins
from atelier_service.server import Server
from atelier_service.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_sdk.capability import Capability

    from atelier_service.models.backend import ModelBackend
    from atelier_service.servicer import Servicer

log = logs.Log(__name__)

_USUAL_MEMORY_BYTES = 256 * MIB


def serve(
    capability: Capability, build: Callable[[], Servicer], *, settings_of_its_own: type[Any] | None = None
) -> None:
    """Serve `capability` until SIGTERM or Ctrl-C, then drain and return.

    `build` makes the servicer; it is called once, after the settings are read. Settings come from the environment,
    `--help` prints them, those that the servicer reads itself as well. The process listens at once, and says that it is
    ready after its first canary.
    """
    settings = read_or_exit(
        ServiceSettings,
        program=f"atelier-{capability.name}",
        description=capability.description,
        more=(settings_of_its_own,) if settings_of_its_own else (),
    )
    keep_freed_memory()
    # The process that unlinks our shared memory should we be killed; forked before gRPC has threads, which forbid it.
    resource_tracker.ensure_running()
    logs.configure(service=capability.name, level=settings.log_level, style=settings.log_style)
    try:
        asyncio.run(_serve(capability, build, settings))
    except SettingsError as error:
        log.error("cannot start", error)  # noqa: TRY400 (our own log)
        raise SystemExit(2) from None


def load_plugins(settings: ServiceSettings) -> Plugins:
    """Load the plugins of this environment that the settings allow."""
    host = PluginHost(trace=settings.trace_plugins)
    host.load(allowed=settings.plugins, required=settings.require_plugins)
    return Plugins(host)


async def open_models(settings: ServiceSettings) -> ModelBackend:
    """Return what runs the models: Triton where there is an address of one, else this process."""
    if not settings.triton_url:
        return InProcessModels(settings.models_folder)
    models = TritonModels(settings.triton_url, settings.models_folder, Bridge(asyncio.get_running_loop()))
    await models.forget_the_dead()
    return models


async def _serve(capability: Capability, build: Callable[[], Servicer], settings: ServiceSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    server = Server(
        capability,
        build(),
        backend=await open_models(settings),
        store=ArtifactStore.from_url(settings.artifacts_url),
        uri_hosts=settings.uri_hosts,
        canary_seconds=settings.canary_seconds,
        encoder=load_encoder(settings.face_encoder),
        plugins=load_plugins(settings),
    )
    await server.start(settings.listen)
    tidying = asyncio.create_task(give_back_freed_memory(_USUAL_MEMORY_BYTES))
    await stop.wait()
    tidying.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await server.drain(settings.drain_seconds)
