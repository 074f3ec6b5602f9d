"""Triton and the models on this machine: made ready where they are missing, told how to start."""

from __future__ import annotations

import platform
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_local.process import Probe, ProbeKind, ProcessSpec

if TYPE_CHECKING:
    from collections.abc import Callable

    Progress = Callable[[str], None]

_LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Triton:
    """Triton as it is installed here, with the repository that it is to serve."""

    command: Callable[[int, int, int], tuple[tuple[str, ...], dict[str, str]]]
    """Makes command and environment for the given HTTP, gRPC and metrics ports."""

    def process(self, http_port: int, grpc_port: int, metrics_port: int) -> ProcessSpec:
        """Describe the process."""
        command, environment = self.command(http_port, grpc_port, metrics_port)
        address = f"{_LOOPBACK}:{grpc_port}"
        return ProcessSpec("triton", command, address, Probe(ProbeKind.TRITON, address), environment)


def why_not() -> str:
    """Say why Triton cannot run on this machine; an empty string where it can."""
    if sys.platform == "linux" and platform.machine() == "x86_64":
        return ""
    return f"the packaged Triton is for Linux on x86-64, and this is {platform.system()} on {platform.machine()}"
