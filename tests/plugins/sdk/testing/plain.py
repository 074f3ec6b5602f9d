"""A gRPC server that knows nothing of the contract: it works to the end whoever waits, and dies of SIGTERM."""

from __future__ import annotations

import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import grpc
from atelier.v1 import style_pb2
from grpc_health.v1 import health_pb2

from tests.plugins.sdk.testing import toy

if TYPE_CHECKING:
    from atelier_sdk import Capability

BURN_SECONDS = 0.35


def capability() -> Capability:
    return replace(toy.capability(), command=(sys.executable, "-m", "tests.plugins.sdk.testing.plain"))


def grade(request: style_pb2.GradeRequest, context: Any) -> style_pb2.GradeResponse:
    """Give back what was given, after a while."""
    ends = time.thread_time() + BURN_SECONDS
    while time.thread_time() < ends:
        sum(range(1000))
    return style_pb2.GradeResponse(image=request.image)


def check(request: Any, context: Any) -> Any:
    """Say SERVING, whatever is asked for."""
    return health_pb2.HealthCheckResponse(status=health_pb2.HealthCheckResponse.SERVING)


def handlers() -> list[grpc.GenericRpcHandler]:
    """One RPC, and one question about health."""
    grading = grpc.unary_unary_rpc_method_handler(
        grade, style_pb2.GradeRequest.FromString, style_pb2.GradeResponse.SerializeToString
    )
    checking = grpc.unary_unary_rpc_method_handler(
        check,
        health_pb2.HealthCheckRequest.FromString,
        health_pb2.HealthCheckResponse.SerializeToString,
    )
    return [
        grpc.method_handlers_generic_handler("atelier.v1.StyleService", {"Grade": grading}),
        grpc.method_handlers_generic_handler("grpc.health.v1.Health", {"Check": checking}),
    ]


if __name__ == "__main__":
    server = grpc.server(ThreadPoolExecutor(4), handlers=handlers())
    server.add_insecure_port(os.environ["ATELIER_LISTEN"])
    server.start()
    server.wait_for_termination()
