"""The hooks by which Atelier is extended, in the order they are called.

A plugin implements a hook by a function of the same name and parameters, marked with `atelier_sdk.hookimpl`, in a
module that the entry point group `atelier` names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pluggy

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_sdk.capability import Capability

hookspec = pluggy.HookspecMarker("atelier")
hookimpl = pluggy.HookimplMarker("atelier")


@hookspec
def atelier_capabilities() -> Iterable[Capability]:  # type: ignore[empty-body]
    """Register capabilities.

    Called once, when the gateway or the local stack starts. The answer's capabilities are added to those of all other
    plugins. Two capabilities of one name or one gRPC service stop the start with a sentence that names both plugins.
    An exception stops the start.
    """
