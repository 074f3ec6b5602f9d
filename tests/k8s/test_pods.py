"""Pods are confined, are probed for what the probe is for, and stop in good order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.k8s.manifests import seconds

if TYPE_CHECKING:
    from tests.k8s.manifests import Cluster, Container, Workload

RESTRICTED_VOLUMES = {"configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "persistentVolumeClaim"} | {
    "projected",
    "secret",
}
# What a process needs after its drain: to close channels, to give back shared memory, to write its last line.
LAST_SECONDS = 5
ENGINE_LOAD_SECONDS = 600


def test_pods_keep_to_the_restricted_profile(cluster: Cluster) -> None:
    """The namespace enforces it too; here it is seen before anything is applied."""
    namespace = cluster.one("Namespace", "atelier")["metadata"]["labels"]
    assert namespace["pod-security.kubernetes.io/enforce"] == "restricted"
    for workload in cluster.workloads:
        pod = workload.pod
        assert not {"hostNetwork", "hostPID", "hostIPC"} & pod.keys(), workload.name
        assert pod["securityContext"]["runAsNonRoot"] is True, workload.name
        assert pod["securityContext"]["runAsUser"] > 0, workload.name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, workload.name
        for volume in pod.get("volumes", ()):
            assert volume.keys() - {"name"} <= RESTRICTED_VOLUMES, workload.name
    for container in cluster.containers:
        context = container.spec["securityContext"]
        assert context["allowPrivilegeEscalation"] is False, container.where
        assert context["capabilities"] == {"drop": ["ALL"]}, container.where
        assert not {"privileged", "runAsUser"} & context.keys(), container.where
        assert not any("hostPort" in port for port in container.spec.get("ports", ())), container.where


def test_roots_are_read_only_and_tmp_is_there(cluster: Cluster) -> None:
    for container in cluster.containers:
        assert container.spec["securityContext"]["readOnlyRootFilesystem"] is True, container.where
        assert "/tmp" in {mount["mountPath"] for mount in container.spec["volumeMounts"]}, container.where  # noqa: S108


def test_every_mount_has_its_volume_and_every_volume_its_mount(cluster: Cluster) -> None:
    for workload in cluster.workloads:
        claimed = {each["metadata"]["name"] for each in workload.manifest["spec"].get("volumeClaimTemplates", ())}
        there = {volume["name"] for volume in workload.pod.get("volumes", ())} | claimed
        mounted = {mount["name"] for each in workload.containers for mount in each.spec.get("volumeMounts", ())}
        assert mounted == there, workload.name


def test_volumes_in_memory_and_on_disk_have_a_limit(cluster: Cluster) -> None:
    for workload in cluster.workloads:
        for volume in workload.pod.get("volumes", ()):
            if "emptyDir" in volume:
                assert "sizeLimit" in volume["emptyDir"], (workload.name, volume["name"])


def test_no_pod_has_a_token_of_the_cluster(cluster: Cluster) -> None:
    for workload in cluster.workloads:
        assert workload.pod["automountServiceAccountToken"] is False, workload.name
        assert workload.pod["enableServiceLinks"] is False, workload.name


def test_every_container_says_what_it_needs(cluster: Cluster) -> None:
    for container in cluster.containers:
        resources = container.spec["resources"]
        assert resources["requests"].keys() >= {"cpu", "memory"}, container.where
        assert "memory" in resources["limits"], container.where


def test_whoever_serves_is_probed_three_ways(cluster: Cluster) -> None:
    for workload in cluster.workloads:
        if workload.kind != "Job":
            assert workload.server.spec.keys() >= {"startupProbe", "livenessProbe", "readinessProbe"}, workload.name


def test_liveness_does_not_ask_for_models(cluster: Cluster) -> None:
    """A capability whose models are away is not ready; to start it again would not bring them back."""
    for workload in cluster.capabilities:
        spec = workload.server.spec
        assert "service" not in spec["livenessProbe"]["grpc"], workload.name
        assert "service" not in spec["startupProbe"]["grpc"], workload.name
        assert spec["readinessProbe"]["grpc"]["service"], workload.name


def test_grpc_probes_ask_a_number_that_is_listened_on(cluster: Cluster) -> None:
    """A gRPC probe takes no port's name."""
    for container in cluster.containers:
        listening = {port["containerPort"] for port in container.spec.get("ports", ())}
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            for how in ("grpc", "httpGet"):
                port = container.spec.get(probe, {}).get(how, {}).get("port")
                assert port is None or port in listening, (container.where, probe)


def start_seconds(container: Container) -> float:
    probe = container.spec["startupProbe"]
    return float(probe["periodSeconds"] * probe["failureThreshold"])


def test_engines_have_time_to_load(cluster: Cluster) -> None:
    for container in cluster.containers:
        if container.sidecar:
            assert start_seconds(container) >= ENGINE_LOAD_SECONDS, container.where
            progress = container.workload.manifest["spec"]["progressDeadlineSeconds"]
            assert progress > start_seconds(container) + start_seconds(container.workload.server), container.where


def test_models_are_there_before_triton_and_triton_before_the_service(prod: Cluster) -> None:
    """Start order is list order; a merge in kustomize puts what it adds first, which would wait for ever."""
    for name in ("upscale", "generate"):
        workload = prod.workload(name)
        assert [each.name for each in workload.containers] == ["models", "triton", "server"]
        assert [each.sidecar for each in workload.containers] == [False, True, False]


def test_triton_and_its_service_share_memory_as_one_user(prod: Cluster) -> None:
    for workload in prod.capabilities:
        for container in workload.containers:
            if container.sidecar or "ATELIER_TRITON_URL" in container.environment:
                mounts = {mount["mountPath"]: mount["name"] for mount in container.spec["volumeMounts"]}
                assert mounts["/dev/shm"] == "shm", container.where  # noqa: S108
                assert container.environment.get("ATELIER_TRITON_URL", "127.0.0.1:8001") == "127.0.0.1:8001"


def grace_seconds(workload: Workload) -> float:
    return float(workload.pod["terminationGracePeriodSeconds"])


def pause_seconds(workload: Workload) -> float:
    return float(workload.server.spec["lifecycle"]["preStop"]["sleep"]["seconds"])


def test_nobody_is_killed_while_draining(cluster: Cluster) -> None:
    """The grace period runs from the beginning of preStop."""
    for workload in cluster.workloads:
        if workload.component in {"gateway", "capability"}:
            needed = pause_seconds(workload) + seconds(workload, "ATELIER_DRAIN_SECONDS") + LAST_SECONDS
            assert grace_seconds(workload) >= needed, workload.name
        elif workload.kind != "Job":
            assert grace_seconds(workload) > pause_seconds(workload), workload.name


def test_the_gateway_outlives_the_calls_that_it_carries(cluster: Cluster) -> None:
    longest = max(seconds(each, "ATELIER_DRAIN_SECONDS") for each in cluster.capabilities)
    assert seconds(cluster.workload("gateway"), "ATELIER_DRAIN_SECONDS") >= longest


def test_scarce_cards_are_not_asked_for_twice_during_an_update(prod: Cluster) -> None:
    for workload in prod.workloads:
        limits = [each.spec["resources"]["limits"] for each in workload.containers]
        on_card = any(name.startswith("nvidia.com/") for each in limits for name in each)
        if on_card:
            assert workload.manifest["spec"]["strategy"]["rollingUpdate"]["maxSurge"] == 0, workload.name
            assert workload.pod["priorityClassName"] == "atelier-accelerated", workload.name
            assert workload.pod["tolerations"], workload.name
        elif workload.kind == "Deployment":
            assert workload.manifest["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0, workload.name


def test_an_upscaler_has_a_slice_and_a_generator_a_card(prod: Cluster) -> None:
    def cards(name: str) -> dict[str, int]:
        (triton,) = (each for each in prod.workload(name).containers if each.sidecar)
        found = triton.spec["resources"]["limits"]
        return {key: count for key, count in found.items() if key.startswith("nvidia.com/")}

    assert cards("upscale") == {"nvidia.com/mig-1g.10gb": 1}
    assert cards("generate") == {"nvidia.com/gpu": 1}
