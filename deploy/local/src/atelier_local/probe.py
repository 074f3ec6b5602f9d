"""Asking a process whether it is ready."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import grpc
from atelier.v1 import catalog_pb2, catalog_pb2_grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from atelier_local.process import ProbeKind

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_local.process import Probe

PROBE_SECONDS = 2.0
_TRITON_READY = "/inference.GRPCInferenceService/ServerReady"
_TRUE_IN_FIELD_1 = b"\x08\x01"  # ServerReadyResponse{ready: true}; spares the stack Triton's whole client package
# Each probe reconnects at once: channels to one address otherwise share the back-off of earlier refusals.
_OPTIONS = (("grpc.use_local_subchannel_pool", 1),)


def ask(probe: Probe) -> str:
    """Ask once, for two seconds at most. Return an empty string when ready, else why not, for people."""
    with grpc.insecure_channel(probe.address, _OPTIONS) as channel:
        try:
            return _QUESTIONS[probe.kind](channel, probe)
        except grpc.RpcError as error:
            return _why(error)


def _ask_health(channel: grpc.Channel, probe: Probe) -> str:
    request = health_pb2.HealthCheckRequest(service=probe.service)
    answer = health_pb2_grpc.HealthStub(channel).Check(request, timeout=PROBE_SECONDS)
    if answer.status == health_pb2.HealthCheckResponse.SERVING:
        return ""
    return f"says {health_pb2.HealthCheckResponse.ServingStatus.Name(answer.status)}"


def _ask_triton(channel: grpc.Channel, _: Probe) -> str:
    ready = channel.unary_unary(_TRITON_READY, request_serializer=bytes, response_deserializer=bytes)
    answer = ready(b"", timeout=PROBE_SECONDS)
    return "" if answer == _TRUE_IN_FIELD_1 else "is loading its models"


def _ask_catalogue(channel: grpc.Channel, _: Probe) -> str:
    request = catalog_pb2.ListCapabilitiesRequest()
    catalog_pb2_grpc.CatalogServiceStub(channel).ListCapabilities(request, timeout=PROBE_SECONDS)
    return ""


_QUESTIONS: dict[ProbeKind, Callable[[grpc.Channel, Probe], str]] = {
    ProbeKind.HEALTH: _ask_health,
    ProbeKind.TRITON: _ask_triton,
    ProbeKind.CATALOGUE: _ask_catalogue,
}


def _why(error: grpc.RpcError) -> str:
    code = cast("grpc.Call", error).code()  # every error of a call is the call itself; grpc's types do not say so
    if code in {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED}:
        return "does not answer yet"
    return f"answers {code.name}"
