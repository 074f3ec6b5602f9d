"""A plugin's component is as good as what is written by hand, and tells the gateway all that it needs."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
import yaml
from atelier_client.cli import atelier
from atelier_gateway.settings import GatewaySettings
from atelier_local.plugin_kustomize import FOLDER, deployment
from atelier_rpc.settings import read
from atelier_sdk import Resources
from atelier_sdk.capability import MIB
from atelier_sdk.manifest import load_manifest
from click.testing import CliRunner

from tests.k8s.conftest import lens
from tests.k8s.manifests import K8S

if TYPE_CHECKING:
    from pathlib import Path

    from tests.k8s.manifests import Cluster


def plain(cluster: Cluster, name: str) -> str:
    """Return a workload with its own name and image taken out, its lists of names in order."""
    manifest = json.loads(json.dumps(cluster.workload(name).manifest))
    pod = manifest["spec"]["template"]["spec"]
    for container in (*pod["initContainers"], *pod["containers"]):
        container["image"] = ""
        container["env"].sort(key=lambda each: each["name"])
        container["volumeMounts"].sort(key=lambda each: each["mountPath"])
    pod["volumes"].sort(key=lambda each: each["name"])
    return json.dumps(manifest, sort_keys=True).replace(f'"{name}"', '"NAME"')


def test_a_plugins_pods_are_like_those_of_the_built_in_capabilities(plugged: Cluster) -> None:
    """The two are written in two places: what is changed in one must be changed in the other."""
    assert plain(plugged, "lens").replace("3072Mi", "3Gi") == plain(plugged, "style")


def test_the_gateway_finds_the_plugins_file_where_it_looks(plugged: Cluster, tmp_path: Path) -> None:
    gateway = plugged.workload("gateway")
    assert str(read(GatewaySettings, gateway.server.environment).plugin_manifests) == FOLDER
    (volume,) = (each for each in gateway.pod["volumes"] if each["name"] == "plugin-lens")
    held = plugged.one("ConfigMap", volume["configMap"]["name"])
    for mount in gateway.server.spec["volumeMounts"]:
        if mount["name"] == "plugin-lens":
            file = mount["subPath"]
            assert mount["mountPath"] == f"{FOLDER}/{file}"
            content = held.get("data", {}).get(file, "").encode() or base64.b64decode(held["binaryData"][file])
            (tmp_path / file).write_bytes(content)
    assert load_manifest(tmp_path / "lens.toml").capabilities == (lens(),)


@pytest.mark.parametrize("name", ["lens", "inspect"])
def test_our_own_plugins_components_are_what_the_command_writes(name: str, tmp_path: Path) -> None:
    """They are written by `atelier plugins manifest NAME --kustomize k8s/components/NAME`."""
    done = CliRunner().invoke(atelier, ["plugins", "manifest", name, "--kustomize", str(tmp_path)])
    assert done.exit_code == 0, done.output
    written = {each.name: each.read_bytes() for each in tmp_path.iterdir()}
    assert written == {each.name: each.read_bytes() for each in (K8S / "components" / name).iterdir()}


@pytest.mark.parametrize("name", ["lens", "inspect"])
def test_the_overlays_deploy_our_own_plugins(prod: Cluster, name: str) -> None:
    assert f"registry.example.com/atelier-{name}:" in prod.workload(name).server.spec["image"]
    mounts = {each["mountPath"] for each in prod.workload("gateway").server.spec["volumeMounts"]}
    assert f"{FOLDER}/{name}.toml" in mounts


def test_what_a_capability_asks_for_is_reserved() -> None:
    asking = replace(
        lens(), resources=Resources(memory_bytes=512 * MIB, cpus=1.5, gpus=1), environment={"LENS_MODE": "x"}, models=()
    )
    *_, made = yaml.safe_load_all(deployment("lens", asking, "lens:1.0"))
    pod = made["spec"]["template"]["spec"]
    (server,) = pod["containers"]
    assert server["resources"] == {
        "requests": {"cpu": "1.5", "memory": "512Mi"},
        "limits": {"cpu": "1.5", "memory": "512Mi", "nvidia.com/gpu": 1},
    }
    assert {"name": "LENS_MODE", "value": "x"} in server["env"]
    assert server["command"] == ["python", "-m", "atelier_style"]
    assert "initContainers" not in pod  # it needs no models
