"""Each check sees the fault that it is for: a sound cluster is spoilt in one place, and the check must not pass."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest

from tests.k8s import test_network, test_pods, test_references
from tests.k8s.manifests import Cluster, Manifest

if TYPE_CHECKING:
    from collections.abc import Callable

    Spoil = Callable[[Cluster], None]


def pod(cluster: Cluster, name: str = "style") -> Manifest:
    return cluster.workload(name).pod


def server(cluster: Cluster, name: str = "style") -> Manifest:
    return cluster.workload(name).server.spec


def tell(cluster: Cluster, name: str, variable: str, value: str) -> None:
    env: list[dict[str, Any]] = server(cluster, name)["env"]
    env[:] = [each for each in env if each["name"] != variable]
    env.append({"name": variable, "value": value})


def drop_policy(cluster: Cluster, name: str) -> None:
    cluster.one("NetworkPolicy", name)["spec"] = {"podSelector": {"matchLabels": {"a": "b"}}, "policyTypes": []}


FAULTS: dict[str, tuple[Spoil, Callable[[Cluster], None]]] = {
    "a container that may become root": (
        lambda c: server(c)["securityContext"].update(allowPrivilegeEscalation=True),
        test_pods.test_pods_keep_to_the_restricted_profile,
    ),
    "a root that is written to": (
        lambda c: server(c)["securityContext"].update(readOnlyRootFilesystem=False),
        test_pods.test_roots_are_read_only_and_tmp_is_there,
    ),
    "a volume that nobody mounts": (
        lambda c: pod(c)["volumes"].append({"name": "spare", "emptyDir": {"sizeLimit": "1Mi"}}),
        test_pods.test_every_mount_has_its_volume_and_every_volume_its_mount,
    ),
    "liveness that asks for models": (
        lambda c: server(c)["livenessProbe"]["grpc"].update(service="atelier.v1.StyleService"),
        test_pods.test_liveness_does_not_ask_for_models,
    ),
    "a probe of a port that nobody listens on": (
        lambda c: server(c)["readinessProbe"]["grpc"].update(port=8621),
        test_pods.test_grpc_probes_ask_a_number_that_is_listened_on,
    ),
    "engines without time to load": (
        lambda c: c.workload("upscale").containers[1].spec["startupProbe"].update(failureThreshold=2),
        test_pods.test_engines_have_time_to_load,
    ),
    "Triton before its models": (
        lambda c: pod(c, "upscale")["initContainers"].reverse(),
        test_pods.test_models_are_there_before_triton_and_triton_before_the_service,
    ),
    "a kill in the middle of the drain": (
        lambda c: pod(c).update(terminationGracePeriodSeconds=20),
        test_pods.test_nobody_is_killed_while_draining,
    ),
    "a gateway that goes before its calls": (
        lambda c: tell(c, "gateway", "ATELIER_DRAIN_SECONDS", "10"),
        test_pods.test_the_gateway_outlives_the_calls_that_it_carries,
    ),
    "a card too many during an update": (
        lambda c: c.workload("upscale").manifest["spec"]["strategy"]["rollingUpdate"].update(maxSurge=1),
        test_pods.test_scarce_cards_are_not_asked_for_twice_during_an_update,
    ),
    "a service that finds no pod": (
        lambda c: c.one("Service", "style")["spec"].update(selector={"app.kubernetes.io/name": "styl"}),
        test_references.test_selectors_find_the_pods_that_they_are_for,
    ),
    "a port under a name that no container gives": (
        lambda c: c.one("Service", "style")["spec"]["ports"][0].update(port=8621),
        test_references.test_services_lead_to_ports_that_containers_name,
    ),
    "a process that listens elsewhere": (
        lambda c: tell(c, "style", "ATELIER_LISTEN", "0.0.0.0:8621"),
        test_references.test_processes_listen_where_their_ports_say,
    ),
    "a variable with a slip": (
        lambda c: tell(c, "style", "ATELIER_CANARY_SECOND", "3"),
        test_references.test_every_variable_is_known_to_who_reads_it,
    ),
    "pictures that each pod keeps for itself": (
        lambda c: tell(c, "style", "ATELIER_ARTIFACTS_URL", "file:///tmp"),
        test_references.test_pictures_are_kept_where_every_process_finds_them,
    ),
    "a secret in the environment": (
        lambda c: server(c)["env"].append({"name": "X", "valueFrom": {"secretKeyRef": {"name": "x", "key": "y"}}}),
        test_references.test_secrets_come_as_files,
    ),
    "an image that nobody builds": (
        lambda c: server(c).update(image="atelier-styl:1.0"),
        test_references.test_images_are_ours_with_a_tag_or_a_pinned_version_of_others,
    ),
    "a command that is not there": (
        lambda c: server(c).update(command=["python", "-m", "atelier_styl"]),
        test_references.test_commands_are_modules_that_are_there,
    ),
    "an option that Triton has not": (
        lambda c: c.workload("upscale").containers[1].spec["args"].append("--model-control=none"),
        test_references.test_triton_gets_options_that_the_local_stack_starts_a_real_one_with,
    ),
    "readiness of another service": (
        lambda c: server(c)["readinessProbe"]["grpc"].update(service="atelier.v1.EditService"),
        test_references.test_every_declared_capability_runs_and_answers_for_its_service,
    ),
    "a drain that is shorter than a full queue": (
        lambda c: tell(c, "upscale", "ATELIER_DRAIN_SECONDS", "15"),
        test_references.test_what_is_accepted_can_end_before_the_process_does,
    ),
    "a capability without a way to it": (
        lambda c: drop_policy(c, "gateway-to-capabilities"),
        test_network.test_the_gateway_reaches_every_capability,
    ),
    "doors that are open unless closed": (
        lambda c: drop_policy(c, "default-deny"),
        test_network.test_both_ways_are_closed_by_default,
    ),
    "a policy that is too wide": (
        lambda c: c.one("NetworkPolicy", "capabilities-from-gateway")["spec"].update(ingress=[{}]),
        test_network.test_nobody_outside_reaches_a_capability,
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_seen(prod: Cluster, fault: str) -> None:
    spoil, check = FAULTS[fault]
    check(prod)
    spoilt = Cluster("spoilt", copy.deepcopy(prod.manifests))
    spoil(spoilt)
    with pytest.raises((AssertionError, LookupError, ValueError)):
        check(spoilt)


def test_a_value_that_a_process_refuses_is_seen(prod: Cluster) -> None:
    spoilt = Cluster("spoilt", copy.deepcopy(prod.manifests))
    tell(spoilt, "style", "ATELIER_LOG_LEVEL", "loud")
    with pytest.raises(Exception, match="ATELIER_LOG_LEVEL"):
        test_references.test_every_value_is_one_that_the_process_takes(spoilt)
