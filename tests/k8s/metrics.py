"""Which metrics there are, with which labels; and which a query asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import promql_parser
from atelier_gateway.metrics import Metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

# Put on by Prometheus when it reads a pod.
_OF_THE_POD: Final = {"namespace", "pod", "container", "endpoint", "job", "instance"}
# Gauges that the gateway reads when it is asked; the counters below come from its own registry.
_READ: Final = {
    "atelier_gateway_calls_in_flight": set[str](),
    "atelier_gateway_bytes_in_flight": set[str](),
    "atelier_gateway_endpoint_up": {"capability", "endpoint"},
    "atelier_gateway_endpoint_calls_in_flight": {"capability", "endpoint"},
}
# After the server's documentation (docs/user_guide/metrics.md of triton-inference-server/server).
_TRITON: Final = {
    "nv_inference_pending_request_count": {"model", "version"},
    "nv_gpu_utilization": {"gpu_uuid"},
}


def _counted() -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for name, collector in vars(Metrics()).items():
        labels: Any = getattr(collector, "_labelnames", None)
        if labels is not None and not name.startswith("__"):
            for metric in collector.collect():
                ends = ("_bucket", "_count", "_sum") if metric.type == "histogram" else ("_total",)
                found |= {metric.name + end: {*labels, *({"le"} if end == "_bucket" else ())} for end in ends}
    return found


GIVEN: Final[dict[str, set[str]]] = _counted() | _READ | _TRITON


def labels_of(metric: str) -> set[str]:
    """Return the labels that a metric has in Prometheus."""
    return GIVEN[metric] | _OF_THE_POD


def vectors(query: str) -> Iterator[tuple[str, set[str]]]:
    """Yield each metric that a query asks for, with the labels that it chooses by."""
    yield from _walk(promql_parser.parse(query))


def _walk(node: Any) -> Iterator[tuple[str, set[str]]]:
    if isinstance(node, promql_parser.VectorSelector):
        yield str(node.name), {matcher.name for matcher in node.matchers.matchers}
        return
    for name in ("expr", "lhs", "rhs", "vector_selector", "param"):
        below = getattr(node, name, None)
        if below is not None:
            yield from _walk(below)
    for each in getattr(node, "args", None) or ():
        yield from _walk(each)
