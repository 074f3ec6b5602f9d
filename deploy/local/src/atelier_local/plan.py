"""The plan of a stack: which processes, on which ports, told what by their environment."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_local.errors import PlanError
from atelier_local.process import Probe, ProbeKind, ProcessSpec

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from atelier_sdk.capability import Capability

    from atelier_local.triton import Triton

GATEWAY, TRITON = "gateway", "triton"
DEFAULT_PORT = 8610
_LOOPBACK = "127.0.0.1"
_IDENTITY = "identity"  # generate has it compare candidates with a profile
_DRAIN_SECONDS = "8"  # less than the supervisor waits before it kills


@dataclass(frozen=True, slots=True)
class PlanOptions:
    """What a stack is to be.

    `only` names capabilities (empty: all). `port` is the gateway's: 0 for a free one, None for the usual one if free.
    """

    home: Path
    state_dir: Path
    only: tuple[str, ...] = ()
    port: int | None = 0
    triton: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """The processes of a stack, the gateway's address, Triton's gRPC address or an empty string, remarks for people."""

    processes: tuple[ProcessSpec, ...]
    address: str
    triton_url: str = ""
    notes: tuple[str, ...] = ()


def chosen(only: Sequence[str]) -> tuple[Capability, ...]:
    """Choose among the installed capabilities.

    Errors: PlanError when a name is of none.
    """
    from atelier_gateway import plugins  # only here, so that `atelier status` need not load every plugin

    installed = {capability.name: capability for capability in plugins.capabilities()}
    unknown = sorted(set(only) - set(installed))
    if unknown:
        raise PlanError(f"no capability is called {', '.join(unknown)}; installed are: {', '.join(sorted(installed))}")
    return tuple(installed[name] for name in sorted(only or installed))


def plan(options: PlanOptions, triton: Triton | None, triton_missing: str = "") -> Plan:
    """Give every process its ports and environment.

    Without `triton` the services run their models in process; `triton_missing` says why, for people.

    Errors: PlanError when a capability is unknown or the asked port is taken.
    """
    capabilities = chosen(options.only)
    port, notes = _gateway_port(options.port)
    ports = _free_ports(2 + len(capabilities) + 3)
    address, metrics = f"{_LOOPBACK}:{port or ports.pop()}", f"{_LOOPBACK}:{ports.pop()}"
    shared = {
        "ATELIER_DRAIN_SECONDS": os.environ.get("ATELIER_DRAIN_SECONDS", _DRAIN_SECONDS),
        "ATELIER_HOME": str(options.home),
        "ATELIER_STATE": str(options.state_dir),
        "ATELIER_ARTIFACTS_URL": (options.state_dir / "artifacts").as_uri(),
    }
    processes: list[ProcessSpec] = []
    triton_url = ""
    if triton is not None:
        processes.append(triton.process(ports.pop(), ports.pop(), ports.pop()))
        triton_url = processes[0].address
    shared["ATELIER_TRITON_URL"] = triton_url
    places = {capability.name: f"{_LOOPBACK}:{ports.pop()}" for capability in capabilities}
    if _IDENTITY in places:
        shared["ATELIER_IDENTITY_ADDRESS"] = places[_IDENTITY]
    services = [_service(capability, shared, places[capability.name], address) for capability in capabilities]
    endpoints = ";".join(f"{service.name}={service.address}" for service in services)
    environment = {**shared, "ATELIER_LISTEN": address, "ATELIER_METRICS_LISTEN": metrics}
    gateway = ProcessSpec(
        name=GATEWAY,
        command=(sys.executable, "-m", "atelier_gateway"),
        address=address,
        probe=Probe(ProbeKind.CATALOGUE, address),
        environment={**environment, "ATELIER_ENDPOINTS": endpoints},
    )
    remarks = (*notes, *((triton_missing,) if triton_missing else ()))
    return Plan((*processes, *services, gateway), address, triton_url, remarks)


def _service(capability: Capability, shared: dict[str, str], listen: str, gateway: str) -> ProcessSpec:
    return ProcessSpec(
        name=capability.name,
        command=capability.command,
        address=listen,
        probe=Probe(ProbeKind.HEALTH, gateway, capability.service),
        environment={**shared, "ATELIER_LISTEN": listen},
        needs=(TRITON,) if shared["ATELIER_TRITON_URL"] else (),
    )


def _gateway_port(wanted: int | None) -> tuple[int, tuple[str, ...]]:
    """Choose the gateway's port: the one that is asked for, or the usual one (None), or 0 for any that is free."""
    if wanted == 0:
        return 0, ()
    if _is_free(wanted or DEFAULT_PORT):
        return wanted or DEFAULT_PORT, ()
    if wanted:
        raise PlanError(f"port {wanted} is taken by another process")
    return 0, (f"port {DEFAULT_PORT} is taken by another process; the gateway has another one",)


def _is_free(port: int) -> bool:
    with socket.socket() as attempt:
        attempt.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            attempt.bind((_LOOPBACK, port))
        except OSError:
            return False
        return True


def _free_ports(count: int) -> list[int]:
    """Find ports that are free now, all different, by holding each until the last is found."""
    with ExitStack() as held:
        ports = []
        for _ in range(count):
            one = held.enter_context(socket.socket())
            one.bind((_LOOPBACK, 0))
            ports.append(int(one.getsockname()[1]))
        return ports
