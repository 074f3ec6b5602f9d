"""Who reaches whom: what the work needs, and nothing besides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.k8s.network import NAMESPACE_NAME, Peer, allowed, outside

if TYPE_CHECKING:
    from tests.k8s.manifests import Cluster, Workload

CALLER = Peer({}, {NAMESPACE_NAME: "shop", "atelier.dev/caller": "true"})
STRANGER = Peer({}, {NAMESPACE_NAME: "strangers"})
PROMETHEUS = Peer({}, {NAMESPACE_NAME: "monitoring"})
STORE = outside("52.219.72.1")
METADATA = outside("169.254.169.254")  # where a cloud tells a machine its credentials


def ports(workload: Workload) -> dict[str, int]:
    return {port["name"]: port["containerPort"] for each in workload.containers for port in each.spec.get("ports", ())}


def test_the_gateway_reaches_every_capability(cluster: Cluster) -> None:
    gateway = Peer.of(cluster.workload("gateway"))
    for workload in cluster.capabilities:
        assert allowed(cluster, gateway, Peer.of(workload), 8620, ports(workload)), workload.name


def test_no_other_pod_reaches_a_capability_but_generate_identity(cluster: Cluster) -> None:
    reached = {
        (other.name, workload.name)
        for workload in cluster.capabilities
        for other in cluster.workloads
        if other.component != "gateway" and allowed(cluster, Peer.of(other), Peer.of(workload), 8620, ports(workload))
    }
    assert reached == {("generate", "identity")}


def test_nobody_outside_reaches_a_capability(cluster: Cluster) -> None:
    for workload in cluster.capabilities:
        for other in (CALLER, STRANGER, PROMETHEUS, outside("10.0.0.1")):
            assert not allowed(cluster, other, Peer.of(workload), 8620, ports(workload)), workload.name


def test_callers_reach_the_gateway_and_strangers_do_not(prod: Cluster, encrypted: Cluster) -> None:
    for cluster, port in ((prod, 8610), (encrypted, 8612)):
        gateway = cluster.workload("gateway")
        assert allowed(cluster, CALLER, Peer.of(gateway), port, ports(gateway))
        assert not allowed(cluster, STRANGER, Peer.of(gateway), port, ports(gateway))


def test_the_way_in_leads_to_the_gateway_and_nowhere_else(prod: Cluster) -> None:
    proxy = Peer({"gateway.networking.k8s.io/gateway-name": "atelier"}, {NAMESPACE_NAME: "atelier"})
    reached = {
        (each.name, port)
        for each in prod.workloads
        for port in (443, 5432, 8000, 8610, 8611, 8620)
        if allowed(prod, proxy, Peer.of(each), port, ports(each))
    }
    assert reached == {("gateway", 8610)}
    assert allowed(prod, outside("203.0.113.7"), proxy, 443)
    assert not allowed(prod, outside("203.0.113.7"), proxy, 15021)


def test_with_tls_the_plain_port_is_closed(encrypted: Cluster) -> None:
    gateway = encrypted.workload("gateway")
    assert not allowed(encrypted, CALLER, Peer.of(gateway), 8610, ports(gateway))
    assert [port["port"] for port in encrypted.one("Service", "gateway")["spec"]["ports"]] == [8612]


def test_prometheus_reads_metrics_and_nothing_else(prod: Cluster) -> None:
    for workload in (prod.workload("gateway"), *prod.capabilities):
        for name, port in ports(workload).items():
            reached = allowed(prod, PROMETHEUS, Peer.of(workload), port, ports(workload))
            assert reached == name.endswith("metrics"), (workload.name, name)


def test_only_identity_reaches_the_database(prod: Cluster) -> None:
    database = prod.workload("postgres")
    reaching = {each.name for each in prod.workloads if allowed(prod, Peer.of(each), Peer.of(database), 5432)}
    assert reaching == {"identity"}


def test_pictures_reach_the_store_and_nothing_reaches_the_clouds_metadata(prod: Cluster) -> None:
    for workload in prod.workloads:
        expected = workload.component in {"gateway", "capability"}
        assert allowed(prod, Peer.of(workload), STORE, 443) == expected, workload.name
        assert not allowed(prod, Peer.of(workload), METADATA, 80), workload.name
        assert not allowed(prod, Peer.of(workload), STORE, 80), workload.name


def test_on_one_node_nothing_but_the_preparation_goes_out(encrypted: Cluster) -> None:
    for workload in encrypted.workloads:
        assert allowed(encrypted, Peer.of(workload), STORE, 443) == (workload.component == "preparation")


def test_everybody_may_ask_for_names(cluster: Cluster) -> None:
    names = Peer({"k8s-app": "kube-dns"}, {NAMESPACE_NAME: "kube-system"})
    for workload in cluster.workloads:
        assert allowed(cluster, Peer.of(workload), names, 53), workload.name


def test_both_ways_are_closed_by_default(cluster: Cluster) -> None:
    spec = cluster.one("NetworkPolicy", "default-deny")["spec"]
    assert spec == {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
