"""One plugin, as a host knows it."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from atelier_sdk.bounded import Threads

# A hook that hangs costs this many threads, and no more.
_HANGING_THREADS: Final = 4


class PluginState(StrEnum):
    """How a plugin is."""

    ACTIVE = "active"
    """It was loaded, and nothing has gone wrong."""
    TROUBLED = "troubled"
    """It is in use, and one of its hooks failed since."""
    REFUSED = "refused"
    """It is left out: it was written for another API, or what it registers cannot be."""
    BROKEN = "broken"
    """It is left out: it does not import, or failed while it registered."""
    OFF = "off"
    """It is installed, and the settings do not name it."""


@dataclass(frozen=True, slots=True)
class PluginStatus:
    """What an operator is told of a plugin.

    `distribution` and `version` are those it was installed by; `api` is the plugin API that it was written for, empty
    where it does not say. `capabilities` are those it brings, `hooks` those it implements, in call order. `detail` is a
    sentence on what is wrong.
    """

    name: str
    distribution: str
    version: str
    api: str
    state: PluginState
    detail: str = ""
    capabilities: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()


@dataclass(slots=True, eq=False)
class Plugin:
    """A plugin in the hands of its host."""

    name: str
    distribution: str = ""
    version: str = ""
    api: str = ""
    module: Any = None
    state: PluginState = PluginState.ACTIVE
    detail: str = ""
    capabilities: tuple[str, ...] = ()
    hooks: tuple[str, ...] = ()
    threads: Threads = field(default_factory=lambda: Threads(_HANGING_THREADS))

    @property
    def in_use(self) -> bool:
        """Say whether its hooks are called."""
        return self.state in {PluginState.ACTIVE, PluginState.TROUBLED}

    @property
    def status(self) -> PluginStatus:
        """What an operator is told."""
        return PluginStatus(
            self.name, self.distribution, self.version, self.api, self.state, self.detail, self.capabilities, self.hooks
        )

    def __str__(self) -> str:
        """Name it with its version."""
        return f"{self.name} {self.version}".rstrip()
