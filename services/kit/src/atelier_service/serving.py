"""Serve one capability: `serve` is all that a service's `__main__` calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_sdk.capability import Capability
    from atelier_service.servicer import Servicer


def serve(capability: Capability, build: Callable[[], Servicer]) -> None:
    """Serve `capability` until SIGTERM or Ctrl-C, then drain and exit with 0.

    `build` makes the servicer; it is called once, after the settings are read. Settings come from the environment,
    `--help` prints them. The process listens at once, and says that it is ready after its first canary.
    """
    raise NotImplementedError
