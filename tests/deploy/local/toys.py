"""Toy processes: small servers that speak grpc.health.v1, or refuse to."""

from __future__ import annotations

import socket
import sys

from atelier_local.plan import Plan
from atelier_local.process import Probe, ProbeKind, ProcessSpec

# Serves health on the port given, and starts a grandchild in a session of its own where there is code for one.
SERVER = """
import os, subprocess, sys, time
from concurrent.futures import ThreadPoolExecutor
import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
if len(sys.argv) > 2:
    subprocess.Popen([sys.executable, "-c", sys.argv[2]], start_new_session=True)
server = grpc.server(ThreadPoolExecutor(2))
servicer = health.HealthServicer()
health_pb2_grpc.add_HealthServicer_to_server(servicer, server)
assert server.add_insecure_port(sys.argv[1]), sys.argv[1]
server.start()
print("listening", os.environ.get("GREETING", ""), flush=True)
server.wait_for_termination()
"""


ORPHAN = "import time; time.sleep(600)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"


def free_address() -> str:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{one.getsockname()[1]}"


def server(name: str, *arguments: str, needs: tuple[str, ...] = (), **environment: str) -> ProcessSpec:
    address = free_address()
    return ProcessSpec(
        name=name,
        command=(sys.executable, "-c", SERVER, address, *arguments),
        address=address,
        probe=Probe(ProbeKind.HEALTH, address),
        environment=environment,
        needs=needs,
    )


def script(name: str, code: str) -> ProcessSpec:
    """Make a process that runs a piece of Python and serves nothing."""
    address = free_address()
    return ProcessSpec(name, (sys.executable, "-c", code), address, Probe(ProbeKind.HEALTH, address))


def planned(*specs: ProcessSpec) -> Plan:
    return Plan(specs, specs[-1].address)
