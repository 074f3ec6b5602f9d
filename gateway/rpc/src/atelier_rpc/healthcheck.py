"""Ask the server of this container whether it is well: what an image's HEALTHCHECK runs.

    python -m atelier_rpc.healthcheck [SERVICE]

The address is that of `ATELIER_LISTEN`. Without a service's name it is the process that is asked, which is well while
no fault has latched; with one, whether it takes calls. Exit status 0 is well.
"""

from __future__ import annotations

import os
import sys
from typing import Final

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

_SECONDS: Final = 2.0
_LOOPBACK: Final = "127.0.0.1"


def well(listen: str, service: str = "") -> bool:
    """Ask the health service at an address to listen on, such as `0.0.0.0:8620`."""
    port = listen.rpartition(":")[2]
    with grpc.insecure_channel(f"{_LOOPBACK}:{port}") as channel:
        try:
            request = health_pb2.HealthCheckRequest(service=service)
            answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=_SECONDS)
        except grpc.RpcError:
            return False
    return bool(answer.status == health_pb2.HealthCheckResponse.SERVING)


if __name__ == "__main__":
    sys.exit(0 if well(os.environ.get("ATELIER_LISTEN", ""), *sys.argv[1:2]) else 1)
