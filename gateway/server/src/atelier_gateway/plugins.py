"""Which capabilities are installed: the built-in ones and those of plugins, through one hook."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, cast

import pluggy
from atelier_sdk import hookspecs

from atelier_gateway import default_plugins
from atelier_gateway.descriptors import IncompleteDescriptorsError, pool_of, services_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from atelier_sdk.capability import Capability

ENTRY_POINTS: Final = "atelier"
_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class PluginError(Exception):
    """The installed plugins cannot work together; the sentence says which and why."""


def plugin_manager() -> pluggy.PluginManager:
    """Load the built-in plugin and every module that the entry points of group `atelier` name."""
    manager = pluggy.PluginManager("atelier")
    manager.add_hookspecs(hookspecs)
    manager.register(default_plugins, name="atelier_gateway.default_plugins")
    manager.load_setuptools_entrypoints(ENTRY_POINTS)
    return manager


def capabilities(manager: pluggy.PluginManager | None = None) -> tuple[Capability, ...]:
    """Return the capabilities of all plugins, by name.

    Raises PluginError for two capabilities of one name or one gRPC service, for a name that is no short lower-case
    word, and for descriptors that are not complete or lack the service.
    """
    by_name: dict[str, tuple[Capability, str]] = {}
    by_service: dict[str, tuple[Capability, str]] = {}
    for capability, plugin in _declared(manager or plugin_manager()):
        _check(capability, plugin)
        for known, key in ((by_name, capability.name), (by_service, capability.service)):
            if key in known:
                raise PluginError(
                    f"The plugins {known[key][1]} and {plugin} both register {key}; uninstall one of them."
                )
            known[key] = (capability, plugin)
    return tuple(capability for _, (capability, _) in sorted(by_name.items()))


def _declared(manager: pluggy.PluginManager) -> Iterator[tuple[Capability, str]]:
    # One implementation at a time, so that a conflict can name both plugins.
    for implementation in manager.hook.atelier_capabilities.get_hookimpls():
        declared = cast("Iterable[Capability]", implementation.function())
        for capability in declared:
            yield capability, implementation.plugin_name


def _check(capability: Capability, plugin: str) -> None:
    if not _NAME.fullmatch(capability.name):
        raise PluginError(f"The plugin {plugin} registers {capability.name!r}, which is no short lower-case word.")
    try:
        pool_of(capability.descriptors)
    except IncompleteDescriptorsError as error:
        raise PluginError(
            f"The plugin {plugin} registers {capability.name} with descriptors that fail: {error}."
        ) from error
    if capability.service not in services_of(capability.descriptors):
        raise PluginError(f"The plugin {plugin} registers {capability.service}, which its descriptors do not hold.")
