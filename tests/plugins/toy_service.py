"""A capability's process in few lines, for plugins that tests write: it echoes, and misbehaves as `TOY` says.

Run as `python toy_service.py toy.v1.Toy` it listens at `ATELIER_LISTEN`, answers `grpc.health.v1`, and gives back the
bytes that it gets. `TOY` is `crash` (end at once), `garbage` (answer no message), `leak` (8 MiB every 20 ms),
`slow` (answer after a minute) or `flood` (write to standard error without end).
"""

from __future__ import annotations

import os
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

BEHAVIOUR = os.environ.get("TOY", "")


def answer(request: bytes, _context: object) -> bytes:
    """Echo, late or not at all where that is wanted."""
    if BEHAVIOUR == "slow" or request.startswith(b"\n\x04wait"):
        time.sleep(60 if BEHAVIOUR == "slow" else 1.0)
    return b"\xff\xff no message" if BEHAVIOUR == "garbage" else request


def leak() -> None:
    """Hold ever more memory."""
    held = []
    while True:
        held.append(bytearray(8 * 1024 * 1024))
        time.sleep(0.02)


def flood() -> None:
    """Write without end."""
    while True:
        sys.stderr.write("x" * 4000 + "\n")


def main(service: str) -> None:
    """Serve until the process is ended."""
    if BEHAVIOUR == "crash":
        sys.exit("it crashes")
    server = grpc.server(ThreadPoolExecutor(8))
    handlers: dict[str, grpc.RpcMethodHandler[bytes, bytes]] = {"Echo": grpc.unary_unary_rpc_method_handler(answer)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(service, handlers),))
    checks = health.HealthServicer()
    checks.set(service, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(checks, server)
    if not server.add_insecure_port(os.environ["ATELIER_LISTEN"]):
        sys.exit("the address is taken")
    server.start()
    for name, misbehave in (("leak", leak), ("flood", flood)):
        if name == BEHAVIOUR:
            threading.Thread(target=misbehave, daemon=True).start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1])
