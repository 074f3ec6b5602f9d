"""What an image's HEALTHCHECK says, of a real server."""

from __future__ import annotations

from concurrent import futures

import grpc
from atelier_rpc.healthcheck import well
from grpc_health.v1 import health, health_pb2, health_pb2_grpc


def test_a_server_is_well_while_its_health_service_says_so() -> None:
    server, said = grpc.server(futures.ThreadPoolExecutor(1)), health.HealthServicer()
    health_pb2_grpc.add_HealthServicer_to_server(said, server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        assert well(f"0.0.0.0:{port}")
        said.set("atelier.v1.StyleService", health_pb2.HealthCheckResponse.NOT_SERVING)
        assert not well(f"0.0.0.0:{port}", "atelier.v1.StyleService")
        assert not well(f"0.0.0.0:{port}", "nobody")
    finally:
        server.stop(None)
    assert not well(f"0.0.0.0:{port}")
