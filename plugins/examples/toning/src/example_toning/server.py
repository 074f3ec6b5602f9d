"""The process: a gRPC server that says when it is well, and drains on SIGTERM."""

from __future__ import annotations

import logging
import os
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import grpc
import numpy as np
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from example_toning import toning
from example_toning.plugin import capability
from example_toning.service import Toning
from example_toning.toners import TONERS
from example_toning.v1.toning_pb2_grpc import add_ToningServiceServicer_to_server

if TYPE_CHECKING:
    from atelier_sdk import Capability

_HEALTH_THREADS: Final = 4

log = logging.getLogger("toning")


def serve() -> int:
    """Serve at ATELIER_LISTEN until SIGTERM or Ctrl-C, let running calls finish, and return the exit code."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s %(message)s")
    declared, address = capability(), os.environ.get("ATELIER_LISTEN", "127.0.0.1:0")
    grace = float(os.environ.get("ATELIER_DRAIN_SECONDS", "30"))
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server, state = _server(declared)
    port = server.add_insecure_port(address)
    server.start()
    self_test()
    state.set(declared.service, health_pb2.HealthCheckResponse.SERVING)
    log.info("listening on port %d", port)
    stop.wait()
    log.info("draining")
    state.enter_graceful_shutdown()
    server.stop(grace).wait()
    return 0


def self_test() -> None:
    """Tone one grey and look at it: sepia is redder than it is blue, and as bright as before."""
    grey = np.full((1, 1, 3), 128, np.uint8)
    toned = toning.tone(grey, TONERS["sepia"], 1.0, 1.0, lambda: None)
    if not toned[0, 0, 0] > toned[0, 0, 2] or toning.largest_luminance_difference(grey, toned) > 0.01:
        raise RuntimeError(f"grey became {toned[0, 0].tolist()} in sepia")


def _server(declared: Capability) -> tuple[grpc.Server, health.HealthServicer]:
    limits = declared.limits
    server = grpc.server(
        ThreadPoolExecutor(limits.max_concurrency + _HEALTH_THREADS),
        options=[
            ("grpc.max_receive_message_length", limits.max_message_bytes),
            ("grpc.max_send_message_length", limits.max_message_bytes),
            ("grpc.so_reuseport", 0),
        ],
        maximum_concurrent_rpcs=limits.max_concurrency + limits.max_queue + _HEALTH_THREADS,
    )
    state = health.HealthServicer(experimental_non_blocking=True)
    state.set(declared.service, health_pb2.HealthCheckResponse.NOT_SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    add_ToningServiceServicer_to_server(Toning(limits.max_pixels), server)
    return server, state
