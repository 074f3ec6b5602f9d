"""Which plugins and capabilities are installed: the built-in ones and those of others, through the same hooks."""

from __future__ import annotations

import os
import re
from importlib.metadata import version
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING, Final

from atelier_rpc.places import home_folder
from atelier_rpc.settings import read
from atelier_sdk.capability import Capability
from atelier_sdk.discovery import Found
from atelier_sdk.host import PluginHost

from atelier_gateway import default_plugins
from atelier_gateway.descriptors import IncompleteDescriptorsError, pool_of, services_of
from atelier_gateway.endpoints import CEILING_BYTES
from atelier_gateway.settings import GatewaySettings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

BUILT_IN: Final = "atelier"
MANIFESTS: Final = "plugins.d"
# The processes of a local stack that are no capability's, and the gateway's own services.
RESERVED_NAMES: Final = frozenset({"gateway", "triton", "supervisor", "janitor"})
RESERVED_SERVICES: Final = ("atelier.v1.CatalogService", "atelier.v1.CapabilityService", "atelier.v1.ArtifactService")
VARIABLES: Final = (
    "ATELIER_HOME",
    "ATELIER_PLUGINS",
    "ATELIER_REQUIRE_PLUGINS",
    "ATELIER_PLUGIN_MANIFESTS",
    "ATELIER_TRACE_PLUGINS",
)
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


def open_plugins(settings: GatewaySettings) -> PluginHost:
    """Load the built-in plugin and those that are installed and allowed, in this environment and by manifest."""
    host = PluginHost(trace=settings.trace_plugins)
    host.add(Found(BUILT_IN, "atelier-gateway", version("atelier-gateway"), lambda: default_plugins))
    manifests = manifests_folder(settings.plugin_manifests, settings.home)
    host.load(allowed=settings.plugins, required=settings.require_plugins, manifests=manifests)
    host.expect(settings.plugins)
    return host


def plugins_of(environ: Mapping[str, str]) -> PluginHost:
    """Load the plugins that a gateway would that is started with this environment. Raises SettingsError."""
    values = {name: environ[name] for name in VARIABLES if name in environ}
    return open_plugins(read(GatewaySettings, values))


def manifests_folder(manifests: Path | None, home: Path | None) -> Path:
    """Return the folder with files of plugins of other environments; `plugins.d` in the home folder by default."""
    return manifests or home_folder(home) / MANIFESTS


def capabilities(host: PluginHost | None = None) -> tuple[Capability, ...]:
    """Return the capabilities of all plugins, by name.

    A plugin is refused, and none of what it registers counts, when one of its capabilities has a name or a gRPC service
    of another plugin's, of the built-in one before all, a name that is no short lower-case word, limits that cannot be
    kept, or descriptors that are not complete or lack the service.
    """
    host = host or plugins_of(os.environ)
    taken: dict[str, str] = {}
    found: list[Capability] = []
    answers = sorted(host.collect("atelier_capabilities", Capability), key=lambda one: one[0].name != BUILT_IN)
    for plugin, group in groupby(answers, key=itemgetter(0)):
        brought = [capability for _, capability in group]
        why = next(filter(None, map(_wrong, brought)), "") or _conflict(brought, taken)
        if why:
            host.refuse(plugin.name, why)
            continue
        host.brings(plugin.name, [capability.name for capability in brought])
        taken |= {key: str(plugin) for capability in brought for key in (capability.name, capability.service)}
        found += brought
    return tuple(sorted(found, key=lambda capability: capability.name))


def _conflict(brought: Iterable[Capability], taken: Mapping[str, str]) -> str:
    own: set[str] = set()
    for capability in brought:
        for key in (capability.name, capability.service):
            if key in taken:
                return f"it registers {key}, which is the plugin {taken[key]}'s"
            if key in own:
                return f"it registers {key} twice"
            own.add(key)
    return ""


def _wrong(capability: Capability) -> str:
    """Say in a sentence what of a capability cannot be; empty where nothing is wrong."""
    if not _NAME.fullmatch(capability.name):
        return f"it registers {capability.name!r}, which is no short lower-case word"
    if capability.name in RESERVED_NAMES or capability.service.startswith((*RESERVED_SERVICES, "grpc.")):
        return f"it registers {capability.name} ({capability.service}), a name that is Atelier's own"
    try:
        pool_of(capability.descriptors)
    except IncompleteDescriptorsError as error:
        return f"it registers {capability.name} with descriptors that fail: {error}"
    if capability.service not in services_of(capability.descriptors):
        return f"it registers {capability.service}, which its descriptors do not hold"
    return _wrong_limits(capability)


def _wrong_limits(capability: Capability) -> str:
    limits = capability.limits
    possible = (
        0 < limits.default_deadline_seconds <= limits.max_deadline_seconds
        and 0 < limits.max_message_bytes <= CEILING_BYTES
        and limits.max_concurrency > 0
        and limits.max_queue >= 0
        and limits.max_pixels > 0
    )
    return "" if possible else f"it registers {capability.name} with limits that cannot be kept: {limits}"
