"""Every manifest is one that Kubernetes, or the operator that it is meant for, would take."""

from __future__ import annotations

import json
from functools import cache
from typing import TYPE_CHECKING, Any

import kubernetes_validate
import pytest
from cloudcoil.models.cert_manager import v1 as cert_manager
from cloudcoil.models.istio.security import v1 as istio
from cloudcoil.models.keda import v1alpha1 as keda
from cloudcoil.models.prometheus_operator import v1 as prometheus
from jsonschema import Draft202012Validator

from tests.k8s.gateway_api import SCHEMAS
from tests.k8s.manifests import K8S

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.k8s.manifests import Cluster, Manifest

# Those that are maintained: the newest and the two before.
VERSIONS = ("1.35", "1.36", "1.37")

OPERATORS: dict[tuple[str, str], Any] = {
    ("keda.sh/v1alpha1", "ScaledObject"): keda.ScaledObject,
    ("monitoring.coreos.com/v1", "PodMonitor"): prometheus.PodMonitor,
    ("monitoring.coreos.com/v1", "PrometheusRule"): prometheus.PrometheusRule,
    ("cert-manager.io/v1", "Certificate"): cert_manager.Certificate,
    ("security.istio.io/v1", "PeerAuthentication"): istio.PeerAuthentication,
    ("security.istio.io/v1", "AuthorizationPolicy"): istio.AuthorizationPolicy,
}


def kind_of(manifest: Manifest) -> tuple[str, str]:
    return manifest["apiVersion"], manifest["kind"]


def is_custom(manifest: Manifest) -> bool:
    return kind_of(manifest) in OPERATORS or kind_of(manifest) in SCHEMAS


@pytest.fixture(scope="module", autouse=True)
def schemas_read_once() -> Iterator[None]:
    """The tool reads a megabyte of definitions for every manifest; here, once for every version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kubernetes_validate.utils, "schema_contents", cache(kubernetes_validate.utils.schema_contents))
        yield


@cache
def validated(manifest: str, version: str) -> str:
    """Validate a manifest once, though several overlays have it; return the version whose schema it was."""
    return str(kubernetes_validate.validate(json.loads(manifest), version, strict=True))


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_every_manifest(cluster: Cluster, version: str) -> None:
    """An unknown kind, of which the tool only warns, fails here as well."""
    for manifest in cluster.manifests:
        if not is_custom(manifest):
            assert validated(json.dumps(manifest), version) == version


def test_operators_take_their_own_resources(cluster: Cluster) -> None:
    """The models drop what they do not know, so what comes back must be what went in."""
    for manifest in cluster.manifests:
        model = OPERATORS.get(kind_of(manifest))
        if model is not None:
            read = model.model_validate(manifest).model_dump(by_alias=True, exclude_unset=True, mode="json")
            assert read == manifest


def test_the_gateway_api_takes_its_resources(cluster: Cluster) -> None:
    for manifest in cluster.manifests:
        schema = SCHEMAS.get(kind_of(manifest))
        if schema is not None:
            assert list(Draft202012Validator(schema).iter_errors(manifest)) == []


@pytest.mark.parametrize("field", ["podSelector", "nonsense"])
def test_a_field_that_is_missing_or_unknown_is_seen(field: str) -> None:
    policy = {"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy", "metadata": {"name": "a"}, "spec": {}}
    if field == "nonsense":
        policy["spec"] = {"podSelector": {}, "nonsense": 1}
        with pytest.raises(kubernetes_validate.ValidationError):
            kubernetes_validate.validate(policy, VERSIONS[-1], strict=True)
    scaled = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "metadata": {"name": "a"}}
    scaled |= {"spec": {"scaleTargetRef": {"name": "a"}, "triggers": [], field: {}}}
    read = keda.ScaledObject.model_validate(scaled).model_dump(by_alias=True, exclude_unset=True, mode="json")
    assert read != scaled


def test_every_component_is_used_by_an_overlay_or_tested(cluster: Cluster, prod: Cluster) -> None:
    """A component that nothing builds could not be wrong, as far as these tests can tell."""
    texts = [path.read_text() for path in K8S.glob("overlays/*/kustomization.yaml")]
    built = {line.rpartition("/")[2] for text in texts for line in text.splitlines() if "components/" in line} | {"tls"}
    assert built == {path.name for path in (K8S / "components").iterdir()}
