"""What a capability says of itself so that the gateway can route to it and the local stack can start it."""

from __future__ import annotations

import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Limits:
    """What a capability may be asked for at most.

    `max_concurrency` calls are worked on at once by one process and `max_queue` more may wait there; the next one is
    refused. Deadlines are in seconds, sizes in bytes and pixels (width times height). A picture of more than
    `max_pixels` is refused by its header, before it is decoded, by the process itself: the gateway looks into none.
    """

    max_pixels: int = 64_000_000
    max_message_bytes: int = 20 * MIB
    max_concurrency: int = 2
    max_queue: int = 8
    default_deadline_seconds: float = 60.0
    max_deadline_seconds: float = 600.0


@dataclass(frozen=True, slots=True)
class Resources:
    """What one process of a capability may use.

    A process that holds more than `memory_bytes` of resident memory, its children's included, is started anew; 0 sets
    no limit. `cpus` and `gpus` are what a cluster reserves for it; 0 reserves nothing.
    """

    memory_bytes: int = 0
    cpus: float = 0.0
    gpus: int = 0


@dataclass(frozen=True, slots=True)
class Capability:
    """One portrait capability: a gRPC service that runs as a process of its own.

    `name` is a short lower-case word (`style`). `service` is the full name of its gRPC service
    (`atelier.v1.StyleService`). `descriptors` is a serialised `google.protobuf.FileDescriptorSet` that holds the
    service and all that it imports, for reflection. `command` starts the process on one machine, with `environment`
    added to the stack's own variables; it listens at the address in `ATELIER_LISTEN` and answers `grpc.health.v1`.
    A command that begins with `python` means the interpreter of the environment that the plugin is installed in.
    `models` names the models that it needs, as the model catalogue calls them.
    """

    name: str
    service: str
    description: str
    descriptors: bytes = field(repr=False)
    command: tuple[str, ...]
    models: tuple[str, ...] = ()
    limits: Limits = Limits()
    resources: Resources = Resources()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def command_here(self) -> tuple[str, ...]:
        """Return the command as it is run in this environment: with its interpreter for `python`."""
        program, *rest = self.command
        return (sys.executable if program == "python" else program, *rest)
