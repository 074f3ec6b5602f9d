"""The plan of a stack: which processes, on which ports, told what by their environment."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from atelier_local.errors import PlanError
from atelier_local.process import Probe, ProbeKind, ProcessSpec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from atelier_sdk.capability import Capability

    from atelier_local.triton import Triton

GATEWAY, TRITON = "gateway", "triton"
DEFAULT_PORT = 8610
_LOOPBACK = "127.0.0.1"
_IDENTITY = "identity"  # generate has it compare candidates with a profile
# Every edit measures by it how like its source a face still is, whatever models its capability declares besides.
_EVERY_EDIT = frozenset({"face_encoder"})
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


@dataclass(frozen=True, slots=True)
class Installed:
    """Capabilities by name, the plugin and version of those that are not Atelier's own, what is wrong with plugins."""

    capabilities: Mapping[str, Capability]
    plugins: Mapping[str, str]
    troubles: tuple[str, ...] = ()


def installed(home: Path) -> Installed:
    """Find what is installed, as a gateway of that home would."""
    from atelier_gateway import plugins  # only here, so that `atelier status` need not load every plugin

    host = plugins.plugins_of({**os.environ, "ATELIER_HOME": str(home)})
    found = {capability.name: capability for capability in plugins.capabilities(host)}
    statuses = [status for status in host.statuses() if status.name != plugins.BUILT_IN]
    return Installed(
        found,
        {name: f"{status.name} {status.version}".rstrip() for status in statuses for name in status.capabilities},
        tuple(
            f"the plugin {status.name} {status.version} is {status.state}: {status.detail}"
            for status in statuses
            if status.detail
        ),
    )


def chosen(only: Sequence[str], found: Installed) -> tuple[Capability, ...]:
    """Choose among the installed capabilities.

    Errors: PlanError when a name is of none.
    """
    unknown = sorted(set(only) - set(found.capabilities))
    if unknown:
        listed = ", ".join(sorted(found.capabilities))
        why = "".join(f"\n{trouble}" for trouble in found.troubles)
        raise PlanError(f"no capability is called {', '.join(unknown)}; installed are: {listed}{why}")
    return tuple(found.capabilities[name] for name in sorted(only or found.capabilities))


def models_needed(options: PlanOptions) -> frozenset[str] | None:
    """Name the models that the chosen capabilities need; None where all are chosen, and with them every model.

    Errors: PlanError when a capability is unknown.
    """
    if not options.only:
        return None
    declared = (capability.models for capability in chosen(options.only, installed(options.home)))
    return _EVERY_EDIT.union(*declared)


def plan(options: PlanOptions, triton: Triton | None, triton_missing: str = "") -> Plan:
    """Give every process its ports and environment.

    Without `triton` the services run their models in process; `triton_missing` says why, for people.

    Errors: PlanError when a capability is unknown or the asked port is taken.
    """
    found = installed(options.home)
    capabilities = chosen(options.only, found)
    port, notes = _gateway_port(options.port)
    ports = _free_ports(2 + len(capabilities) + 3)
    address, metrics = f"{_LOOPBACK}:{port or ports.pop()}", f"{_LOOPBACK}:{ports.pop()}"
    models = () if triton is None else (triton.process(ports.pop(), ports.pop(), ports.pop()),)
    places = {capability.name: f"{_LOOPBACK}:{ports.pop()}" for capability in capabilities}
    triton_url = models[0].address if models else ""
    shared = _shared(options, triton_url, places)
    services = [
        replace(
            _service(capability, shared, places[capability.name], address),
            plugin=found.plugins.get(capability.name, ""),
            optional=capability.name in found.plugins and capability.name not in options.only,
        )
        for capability in capabilities
    ]
    remarks = (*notes, *((triton_missing,) if triton_missing else ()), *found.troubles)
    return Plan((*models, *services, _gateway(shared, places, address, metrics)), address, triton_url, remarks)


def _shared(options: PlanOptions, triton_url: str, places: Mapping[str, str]) -> dict[str, str]:
    """Return what every process is told by its environment."""
    shared = {
        "ATELIER_DRAIN_SECONDS": os.environ.get("ATELIER_DRAIN_SECONDS", _DRAIN_SECONDS),
        "ATELIER_HOME": str(options.home),
        "ATELIER_STATE": str(options.state_dir),
        "ATELIER_ARTIFACTS_URL": (options.state_dir / "artifacts").as_uri(),
        "ATELIER_TRITON_URL": triton_url,
    }
    if _IDENTITY in places:
        shared["ATELIER_IDENTITY_ADDRESS"] = places[_IDENTITY]
    return shared


def _gateway(shared: Mapping[str, str], places: Mapping[str, str], listen: str, metrics: str) -> ProcessSpec:
    endpoints = ";".join(f"{name}={address}" for name, address in places.items())
    listens = {"ATELIER_LISTEN": listen, "ATELIER_METRICS_LISTEN": metrics}
    return ProcessSpec(
        name=GATEWAY,
        command=(sys.executable, "-m", "atelier_gateway"),
        address=listen,
        probe=Probe(ProbeKind.CATALOGUE, listen),
        environment={**shared, **listens, "ATELIER_ENDPOINTS": endpoints},
    )


def _service(capability: Capability, shared: dict[str, str], listen: str, gateway: str) -> ProcessSpec:
    return ProcessSpec(
        name=capability.name,
        command=capability.command_here,
        address=listen,
        probe=Probe(ProbeKind.HEALTH, gateway, capability.service),
        environment={**capability.environment, **shared, "ATELIER_LISTEN": listen},
        needs=(TRITON,) if shared["ATELIER_TRITON_URL"] else (),
        memory_bytes=capability.resources.memory_bytes,
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
