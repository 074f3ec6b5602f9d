"""What network policies let through: of the language of NetworkPolicy, as much as the manifests use.

A pod that no policy selects is open; one that some select lets through what at least one of them allows. A connection
needs the sender's leave to go out and the receiver's to come in.
"""

from __future__ import annotations

from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.k8s.manifests import Cluster, Manifest, Workload

NAMESPACE_NAME = "kubernetes.io/metadata.name"


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody: a pod by its labels and its namespace's, or an address outside."""

    labels: Mapping[str, str]
    namespace: Mapping[str, str]
    address: str = ""

    @classmethod
    def of(cls, workload: Workload) -> Peer:
        return cls(workload.labels, {NAMESPACE_NAME: "atelier"})


def outside(address: str) -> Peer:
    return Peer({}, {}, address)


def allowed(cluster: Cluster, sender: Peer, receiver: Peer, port: int, names: Mapping[str, int] | None = None) -> bool:
    """Tell whether a TCP connection comes about; `names` are the receiver's ports by name."""
    ports = names or {}
    return _goes(cluster, "Egress", sender, receiver, port, ports) and _goes(
        cluster, "Ingress", receiver, sender, port, ports
    )


def _goes(cluster: Cluster, way: str, pod: Peer, other: Peer, port: int, names: Mapping[str, int]) -> bool:
    if pod.namespace.get(NAMESPACE_NAME) != "atelier":
        return True  # Not ours to restrict.
    policies = [each["spec"] for each in cluster.of("NetworkPolicy")]
    chosen = [each for each in policies if way in each["policyTypes"] and _selects(each["podSelector"], pod.labels)]
    return not chosen or any(_matches(rule, way, other, port, names) for each in chosen for rule in _rules(each, way))


def _rules(policy: Manifest, way: str) -> Iterator[Manifest]:
    yield from policy.get(way.lower(), ())


def _matches(rule: Manifest, way: str, other: Peer, port: int, names: Mapping[str, int]) -> bool:
    peers = rule.get("to" if way == "Egress" else "from")
    ports = rule.get("ports")
    return (peers is None or any(_is_peer(each, other) for each in peers)) and (
        ports is None or any(_is_port(each, port, names) for each in ports)
    )


def _is_port(rule: Manifest, port: int, names: Mapping[str, int]) -> bool:
    wanted = rule["port"]
    return rule["protocol"] == "TCP" and port == (names.get(wanted, -1) if isinstance(wanted, str) else wanted)


def _is_peer(rule: Manifest, other: Peer) -> bool:
    if "ipBlock" in rule:
        block = rule["ipBlock"]
        return bool(other.address) and _within(other.address, block["cidr"], block.get("except", ()))
    if other.address:
        return False
    if "namespaceSelector" in rule:
        return _selects(rule["namespaceSelector"], other.namespace) and _selects(
            rule.get("podSelector", {}), other.labels
        )
    return other.namespace.get(NAMESPACE_NAME) == "atelier" and _selects(rule["podSelector"], other.labels)


def _within(address: str, block: str, besides: Any) -> bool:
    return ip_address(address) in ip_network(block) and not any(
        ip_address(address) in ip_network(each) for each in besides
    )


def _selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    expressions = selector.get("matchExpressions", ())
    assert all(each["operator"] == "In" for each in expressions)
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )
