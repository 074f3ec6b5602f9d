"""The built-in capabilities, declared by the same hook as everybody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_rpc.built_in import built_in_capabilities
from atelier_sdk import Capability, hookimpl

if TYPE_CHECKING:
    from collections.abc import Iterable

atelier_api = "1.0"


@hookimpl
def atelier_capabilities() -> Iterable[Capability]:
    """Register what comes with Atelier."""
    return built_in_capabilities()
