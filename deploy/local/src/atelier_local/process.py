"""One process of a stack: how it is started, how one knows that it is ready, how it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class ProbeKind(StrEnum):
    """How a process is asked whether it is ready."""

    HEALTH = "health"
    """`grpc.health.v1` answers SERVING for the named service."""
    TRITON = "triton"
    """Triton answers that it and all its models are ready."""
    CATALOGUE = "catalogue"
    """`atelier.v1.CatalogService.ListCapabilities` answers."""


@dataclass(frozen=True, slots=True)
class Probe:
    """A question whose right answer means that a process is ready."""

    kind: ProbeKind
    address: str
    service: str = ""


@dataclass(frozen=True, slots=True)
class ProcessSpec:
    """A process that the stack runs.

    `environment` is added to the caller's own. It is started when all that `needs` names are ready. `plugin` names the
    plugin and version that it belongs to, empty for Atelier's own; a stack goes on without an `optional` process.
    Above `memory_bytes` of resident memory, its children's included, it is started anew; 0 sets no limit.
    """

    name: str
    command: tuple[str, ...]
    address: str
    probe: Probe
    environment: Mapping[str, str] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    plugin: str = ""
    optional: bool = False
    memory_bytes: int = 0


class ProcessState(StrEnum):
    """How a process is."""

    WAITING = "waiting"
    """It is not started yet: others must be ready first."""
    STARTING = "starting"
    """It runs and has not yet said that it is ready."""
    READY = "ready"
    """It runs and answers its probe."""
    RESTARTING = "restarting"
    """It died and will be started again in a moment."""
    FAILED = "failed"
    """It died too often and is not started again."""
    STOPPED = "stopped"
    """It was stopped."""


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One row of the status table. `ready_after_seconds` is the time from its start until its first right answer."""

    name: str
    address: str
    pid: int | None
    state: ProcessState
    ready_after_seconds: float | None = None
    detail: str = ""
