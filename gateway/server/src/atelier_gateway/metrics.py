"""What is counted, for Prometheus. Labels are of bounded number: capabilities, their methods, codes, endpoints."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, start_http_server
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atelier_gateway.admission import Gate
    from atelier_gateway.breaker import Breaker
    from atelier_gateway.endpoints import Backends

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)


class Metrics:
    """The gateway's counters, each on a registry of its own so that a process may hold two gateways."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        where = ["capability", "method"]
        self._calls = Counter(
            "atelier_gateway_calls",
            "Calls that have ended, by canonical code.",
            [*where, "code"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "atelier_gateway_call_seconds", "Time from a call's start to its last byte.", where,
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self._bytes = Counter(
            "atelier_gateway_message_bytes", "Bytes of messages passed on.", ["capability", "direction"],
            registry=self.registry,
        )  # fmt: skip
        self._retries = Counter(
            "atelier_gateway_retries", "Calls that went to a second endpoint.", ["capability"], registry=self.registry
        )
        self._refusals = Counter(
            "atelier_gateway_refusals", "Calls that the gateway refused itself.", ["capability", "reason"],
            registry=self.registry,
        )  # fmt: skip
        # Looking a child up by its labels takes longer than counting.
        self._call_child = cache(self._calls.labels)
        self._seconds_child = cache(self._seconds.labels)
        self._bytes_child = cache(self._bytes.labels)

    def ended(self, capability: str, method: str, code: str, seconds: float) -> None:
        """Count a call."""
        self._call_child(capability, method, code).inc()
        self._seconds_child(capability, method).observe(seconds)

    def moved(self, capability: str, received: int, sent: int) -> None:
        """Count bytes: received from the caller, sent to it."""
        self._bytes_child(capability, "request").inc(received)
        self._bytes_child(capability, "response").inc(sent)

    def retried(self, capability: str) -> None:
        """Count a call's second attempt."""
        self._retries.labels(capability).inc()

    def refused(self, capability: str, reason: str) -> None:
        """Count a refusal of our own, such as QUEUE_FULL."""
        self._refusals.labels(capability, reason).inc()

    def watch(self, gate: Gate, backends: Mapping[str, Backends], breakers: Mapping[str, Breaker]) -> None:
        """Report the gate's and the endpoints' present state whenever somebody asks."""
        self.registry.register(_State(gate, backends, breakers))

    def serve(self, address: str) -> int:
        """Answer Prometheus at `host:port` in a thread of its own; return the port."""
        host, _, port = address.rpartition(":")
        server, _ = start_http_server(int(port), addr=host.strip("[]"), registry=self.registry)
        return int(server.server_port)


class _State(Collector):
    """Gauges that are read, not kept."""

    def __init__(self, gate: Gate, backends: Mapping[str, Backends], breakers: Mapping[str, Breaker]) -> None:
        self._gate = gate
        self._backends = backends
        self._breakers = breakers

    def collect(self) -> Iterator[GaugeMetricFamily]:
        yield GaugeMetricFamily("atelier_gateway_calls_in_flight", "Calls now.", value=self._gate.calls)
        yield GaugeMetricFamily("atelier_gateway_bytes_in_flight", "Message bytes now.", value=self._gate.bytes)
        labels = ["capability", "endpoint"]
        up = GaugeMetricFamily("atelier_gateway_endpoint_up", "1 when it says that it is well.", labels=labels)
        load = GaugeMetricFamily("atelier_gateway_endpoint_calls_in_flight", "Calls now.", labels=labels)
        for capability, backends in self._backends.items():
            for endpoint in backends.endpoints:
                up.add_metric([capability, endpoint.address], float(endpoint.serving))
                load.add_metric([capability, endpoint.address], endpoint.in_flight)
        yield up
        yield load
        broken = GaugeMetricFamily(
            "atelier_gateway_breaker_open", "1 while the capability is left alone.", labels=["capability"]
        )
        for capability, breaker in self._breakers.items():
            broken.add_metric([capability], float(breaker.is_open))
        yield broken
