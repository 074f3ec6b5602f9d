"""Triton and the models on this machine: made ready where they are missing, told how to start."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_models import install, triton

from atelier_local.process import Probe, ProbeKind, ProcessSpec

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from atelier_models.progress import Reporter
    from atelier_models.triton import TritonInstall

_LOOPBACK = "127.0.0.1"
_IN_PROCESS = "the services run their models in process"


@dataclass(frozen=True, slots=True)
class Triton:
    """Triton as it is installed here, with the repository that it is to serve."""

    install: TritonInstall
    repository: Path

    def process(self, http_port: int, grpc_port: int, metrics_port: int) -> ProcessSpec:
        """Describe the process."""
        command, environment = triton.triton_command(self.install, self.repository, http_port, grpc_port, metrics_port)
        address = f"{_LOOPBACK}:{grpc_port}"
        return ProcessSpec("triton", tuple(command), address, Probe(ProbeKind.TRITON, address), _changed(environment))


def prepare(
    home: Path, progress: Reporter, *, wanted: bool, needed: Collection[str] | None = None
) -> tuple[Triton | None, str]:
    """Have the models, and Triton if it is `wanted` and can run here; what is missing is fetched first.

    `needed` names the models; without it they are all there are.
    The sentence says why there is no Triton, for people; it is empty where there is one.

    Errors: AtelierError (RegistryUnreachableError, ChecksumMismatchError, …) when something cannot be had.
    """
    ready = install.ensure(home, progress, needed=needed)
    if not wanted:
        return None, f"without Triton, as asked: {_IN_PROCESS}"
    reason = triton.why_unsuitable()
    if reason:
        return None, f"{reason}; {_IN_PROCESS}"
    return Triton(triton.ensure_triton(home, progress), ready.repository), ""


def _changed(environment: Mapping[str, str]) -> dict[str, str]:
    """Keep what differs from our own environment, which every process inherits; what is taken away is emptied."""
    taken = {name: "" for name in os.environ if name not in environment}
    return taken | {name: value for name, value in environment.items() if os.environ.get(name) != value}
