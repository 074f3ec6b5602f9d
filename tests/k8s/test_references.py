"""Whatever a manifest names is there: labels, ports, volumes, secrets, images, commands, variables."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import obstore
from atelier_edit.diffusion.settings import DiffusionSettings
from atelier_expression.reenact.settings import ReenactmentSettings
from atelier_gateway import plugins
from atelier_gateway.endpoints import located
from atelier_gateway.settings import GatewaySettings
from atelier_generate.settings import GenerateSettings
from atelier_identity.settings import IdentitySettings
from atelier_models.triton import TritonInstall, triton_command
from atelier_rpc.settings import SettingsError, read
from atelier_service.model_cache import ModelCacheSettings
from atelier_service.settings import ServiceSettings
from atelier_simulation.workload import EDIT, SPREAD, UPSCALE

from tests.k8s.manifests import ROOT, seconds

if TYPE_CHECKING:
    from tests.k8s.manifests import Cluster, Container

# Who reads the variables of which container. Nothing else in this repository reads the environment.
OF_ITS_OWN: dict[str, tuple[type[Any], ...]] = {
    "edit": (DiffusionSettings,),
    "expression": (ReenactmentSettings,),
    "generate": (GenerateSettings,),
    "identity": (IdentitySettings,),
}
# Read by libraries: threads of OpenMP and libvips.
THREADS = {"OMP_NUM_THREADS", "VIPS_CONCURRENCY"}
# Of the image of PostgreSQL, and of pip, npm and Triton's command line.
ELSEWHERE = {
    "postgres/postgres": {"POSTGRES_USER", "POSTGRES_DB", "POSTGRES_PASSWORD_FILE", "PGDATA"},
    "prepare-models/prepare": {"ATELIER_HOME", "HOME"},
}
# Secrets that the operator makes, with the keys that are asked of them.
SECRETS = {"identity": {"database-url", "database-password", "keys"}, "gateway-tls": None}


def settings_of(container: Container) -> tuple[type[Any], ...]:
    if container.name == "models":
        return (ModelCacheSettings,)
    if container.workload.name == "gateway":
        return (GatewaySettings,)
    return (ServiceSettings, *OF_ITS_OWN.get(container.workload.name, ()))


def variables(settings: type[Any]) -> set[str]:
    declared = [field.metadata["atelier.setting"] for field in fields(settings)]
    return {each.variable for each in declared} | {f"{each.variable}_FILE" for each in declared if each.secret}


def store_variables() -> set[str]:
    """Return what the object store's library says that it reads."""
    text = (Path(obstore.__file__).parent / "_store" / "_aws.pyi").read_text("utf-8")
    return set(re.findall(r"`(AWS_[A-Z0-9_]+)`", text))


def test_selectors_find_the_pods_that_they_are_for(cluster: Cluster) -> None:
    for workload in cluster.workloads:
        if workload.kind != "Job":
            assert workload.manifest["spec"]["selector"]["matchLabels"].items() <= workload.labels.items()
    for service in cluster.of("Service"):
        found = [each.name for each in cluster.workloads if service["spec"]["selector"].items() <= each.labels.items()]
        assert len(found) == 1, service["metadata"]["name"]
    for budget in cluster.of("PodDisruptionBudget"):
        labels = budget["spec"]["selector"]["matchLabels"].items()
        assert [each.name for each in cluster.workloads if labels <= each.labels.items()] == [
            budget["metadata"]["name"]
        ]


def test_what_serves_has_a_service_an_account_and_a_budget_of_its_name(cluster: Cluster) -> None:
    for workload in cluster.workloads:
        if workload.component in {"gateway", "capability"}:
            assert cluster.has("Service", workload.name)
            assert cluster.has("PodDisruptionBudget", workload.name)
            assert cluster.has("ServiceAccount", workload.name)
            assert workload.pod["serviceAccountName"] == workload.name


def test_capabilities_are_found_pod_by_pod(cluster: Cluster) -> None:
    for workload in cluster.capabilities:
        assert cluster.one("Service", workload.name)["spec"]["clusterIP"] == "None"


def test_services_lead_to_ports_that_containers_name(cluster: Cluster) -> None:
    for service in cluster.of("Service"):
        (workload,) = (each for each in cluster.workloads if service["spec"]["selector"].items() <= each.labels.items())
        named = {port["name"]: port["containerPort"] for port in workload.server.spec["ports"]}
        for port in service["spec"]["ports"]:
            assert named[port["targetPort"]] == port["port"], service["metadata"]["name"]


def test_processes_listen_where_their_ports_say(cluster: Cluster) -> None:
    listens = {"ATELIER_LISTEN", "ATELIER_METRICS_LISTEN", "ATELIER_TLS_LISTEN"}
    for workload in cluster.workloads:
        if workload.component in {"gateway", "capability"}:
            environment = workload.server.environment
            told = {int(environment[name].rpartition(":")[2]) for name in listens & environment.keys()}
            assert told == {port["containerPort"] for port in workload.server.spec["ports"]}, workload.name


def test_the_gateway_knows_every_capability_and_where_it_is(cluster: Cluster) -> None:
    targets = read(GatewaySettings, cluster.workload("gateway").server.environment).targets
    names = [each.name for each in cluster.capabilities]
    assert located(targets, names) == {name: (f"dns:///{name}:8620",) for name in names}
    assert all(cluster.has("Service", name) for name in names)


def test_every_declared_capability_runs_and_answers_for_its_service(cluster: Cluster) -> None:
    declared = {each.name: each for each in plugins.capabilities() if each.name not in first_party_plugins()}
    assert declared.keys() <= {each.name for each in cluster.capabilities}
    for name, capability in declared.items():
        workload = cluster.workload(name)
        assert workload.server.spec["readinessProbe"]["grpc"]["service"] == capability.service


def first_party_plugins() -> set[str]:
    """Return the names of plugins' folders; their manifests are generated (`atelier plugins manifest`)."""
    return {path.parent.name for path in (ROOT / "plugins").glob("*/pyproject.toml")}


def test_every_variable_is_known_to_who_reads_it(cluster: Cluster) -> None:
    for container in cluster.containers:
        if container.where in ELSEWHERE:
            assert container.environment.keys() == ELSEWHERE[container.where]
        elif container.name == "triton":
            assert f"$({''.join(container.environment)})" in " ".join(container.spec["args"])
        else:
            known = set().union(*map(variables, settings_of(container)), THREADS, store_variables())
            shared = cluster.one("ConfigMap", container.spec["envFrom"][0]["configMapRef"]["name"])["data"]
            unknown = container.environment.keys() - known - (shared.keys() if container.name == "models" else set())
            assert unknown == set(), container.where


def test_every_value_is_one_that_the_process_takes(cluster: Cluster) -> None:
    ours = [each for each in cluster.containers if each.where not in ELSEWHERE and each.name != "triton"]
    assert {each.where: told for each in ours if (told := complaints(each))} == {}


def complaints(container: Container) -> list[str]:
    """Return what the settings of a container say against its values."""
    environment = {name: value for name, value in container.environment.items() if not name.endswith("_FILE")}
    found = []
    for settings in settings_of(container):
        try:
            read(settings, environment)
        except SettingsError as error:
            found.append(str(error))
    return found


def test_pictures_are_kept_where_every_process_finds_them(cluster: Cluster) -> None:
    """One store for all, and where it is a folder, one volume for all."""
    where = {
        each.server.environment["ATELIER_ARTIFACTS_URL"]
        for each in cluster.workloads
        if each.component in {"gateway", "capability"}
    }
    (url,) = where
    if url.startswith("file://"):
        for workload in cluster.workloads:
            if workload.component in {"gateway", "capability"}:
                mounts = {mount["mountPath"]: mount["name"] for mount in workload.server.spec["volumeMounts"]}
                volumes = {volume["name"]: volume for volume in workload.pod["volumes"]}
                assert "persistentVolumeClaim" in volumes[mounts[url.removeprefix("file://")]], workload.name


def test_production_names_the_models_that_it_runs(prod: Cluster) -> None:
    for workload in prod.capabilities:
        (models,) = (each for each in workload.containers if each.name == "models")
        assert re.fullmatch(r"[0-9a-f]{64}", models.environment["ATELIER_MODELS_SHA256"])


def test_profiles_survive_a_restart(cluster: Cluster) -> None:
    """In PostgreSQL, or on a volume that one pod at a time writes."""
    identity = cluster.workload("identity")
    if "ATELIER_IDENTITY_DATABASE_FILE" in identity.server.environment:
        assert "ATELIER_IDENTITY_KEY_FILE" in identity.server.environment
        return
    state = identity.server.environment["ATELIER_STATE"]
    mounts = {mount["mountPath"]: mount["name"] for mount in identity.server.spec["volumeMounts"]}
    volumes = {volume["name"]: volume for volume in identity.pod["volumes"]}
    assert "persistentVolumeClaim" in volumes[mounts[state]]
    assert (identity.manifest["spec"]["replicas"], identity.manifest["spec"]["strategy"]) == (1, {"type": "Recreate"})


def test_secrets_come_as_files(cluster: Cluster) -> None:
    for container in cluster.containers:
        sources = [each.get("valueFrom", {}) for each in container.spec.get("env", ())]
        assert not any("secretKeyRef" in source for source in sources), container.where
        assert not any("secretRef" in source for source in container.spec.get("envFrom", ())), container.where
    for workload in cluster.workloads:
        for volume in workload.pod.get("volumes", ()):
            secret = volume.get("secret")
            if secret:
                assert secret["defaultMode"] == 0o440, workload.name
                keys = SECRETS[secret["secretName"]]
                assert keys is None or {item["key"] for item in secret["items"]} <= keys


def test_claims_that_pods_ask_for_are_there(cluster: Cluster) -> None:
    asked = {
        volume["persistentVolumeClaim"]["claimName"]
        for workload in cluster.workloads
        for volume in workload.pod.get("volumes", ())
        if "persistentVolumeClaim" in volume
    }
    assert asked == {each["metadata"]["name"] for each in cluster.of("PersistentVolumeClaim")}


def test_priority_classes_that_pods_ask_for_are_there(cluster: Cluster) -> None:
    for workload in cluster.workloads:
        if "priorityClassName" in workload.pod:
            assert cluster.has("PriorityClass", workload.pod["priorityClassName"])


@cache
def distributions() -> frozenset[str]:
    """Return the names of what this repository builds."""
    parts = (ROOT / part for part in ("deploy", "gateway", "plugins", "proto", "services"))
    paths = (path for part in parts for path in part.glob("**/pyproject.toml"))
    return frozenset(tomllib.loads(path.read_text("utf-8"))["project"]["name"] for path in paths)


def image_name(container: Container) -> str:
    return str(container.spec["image"]).rpartition("/")[2].partition(":")[0].partition("@")[0]


def test_images_are_ours_with_a_tag_or_a_pinned_version_of_others(cluster: Cluster) -> None:
    ours = distributions() | {"atelier-triton"}
    for container in cluster.containers:
        image = str(container.spec["image"])
        assert image_name(container) in ours | {"postgres"}, container.where
        assert cluster.name in {"encrypted", "plugged"} or re.search(r"(:[\w.]+|@sha256:[0-9a-f]{64})$", image), (
            container.where
        )
        assert not image.endswith(":latest"), container.where
        if container.name in {"models", "server"} and container.workload.component != "database":
            assert image_name(container) == f"atelier-{container.workload.name}"


def test_commands_are_modules_that_are_there(cluster: Cluster) -> None:
    for container in cluster.containers:
        command = container.spec.get("command", [])
        if command[:2] == ["python", "-m"]:
            found = importlib.util.find_spec(command[2])
            assert found is not None, container.where
            if found.submodule_search_locations is not None:
                assert importlib.util.find_spec(f"{command[2]}.__main__") is not None, container.where
        else:
            assert command[:1] in ([], ["tritonserver"], ["atelier"]), container.where


def test_triton_gets_options_that_the_local_stack_starts_a_real_one_with(prod: Cluster) -> None:
    install = TritonInstall(Path(), Path(), Path(), {})
    local, _ = triton_command(install, Path(), http_port=1, grpc_port=2, metrics_port=3)
    for workload in prod.capabilities:
        for container in workload.containers:
            if container.sidecar:
                assert option_names(container.spec["args"]) - option_names(local) == set()


def option_names(arguments: list[str]) -> set[str]:
    return {argument.partition("=")[0] for argument in arguments if argument.startswith("--")}


def test_the_way_in_routes_every_service_of_the_api(prod: Cluster) -> None:
    (route,) = prod.of("GRPCRoute")
    matches = [match["method"] for rule in route["spec"]["rules"] for match in rule["matches"]]
    capabilities = {each.service for each in plugins.capabilities() if each.name not in first_party_plugins()}
    own = {"atelier.v1.CatalogService", "atelier.v1.ArtifactService"}
    assert {(each["type"], each["service"]) for each in matches} == {("Exact", name) for name in capabilities | own}
    backends = {(each["name"], each["port"]) for rule in route["spec"]["rules"] for each in rule["backendRefs"]}
    for name, port in backends:
        assert port in {each["port"] for each in prod.one("Service", name)["spec"]["ports"]}


def test_scaling_follows_deployments_that_leave_their_number_open(prod: Cluster) -> None:
    scaled = {each["spec"]["scaleTargetRef"]["name"] for each in prod.of("ScaledObject")}
    assert scaled == {each.name for each in prod.workloads if each.component in {"gateway", "capability"}}
    for name in scaled:
        assert "replicas" not in prod.workload(name).manifest["spec"]


def test_what_is_accepted_can_end_before_the_process_does(prod: Cluster) -> None:
    """The last of a full queue waits for its turn, and may then be of the slowest kind."""
    limits = {each.name: each.limits for each in plugins.capabilities()}
    for workload in (EDIT, UPSCALE):
        turns = limits[workload.name].max_queue / limits[workload.name].max_concurrency
        needed = turns * workload.mean_seconds + max(workload.seconds) * (1 + 3 * SPREAD)
        assert seconds(prod.workload(workload.name), "ATELIER_DRAIN_SECONDS") >= needed
    # Of drawing no times on a card were measured: as long as a caller waits who does not say how long.
    assert seconds(prod.workload("generate"), "ATELIER_DRAIN_SECONDS") >= limits["generate"].default_deadline_seconds


def test_everything_that_has_a_namespace_is_in_ours(cluster: Cluster) -> None:
    """What a component brings has none of its own: without the overlay's it would land in `default`."""
    outside = {
        (each["kind"], each["metadata"]["name"])
        for each in cluster.manifests
        if each["metadata"].get("namespace") != "atelier"
    }
    assert {kind for kind, _ in outside} == {"Namespace", "PriorityClass"}
