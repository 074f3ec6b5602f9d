"""Alerts, dashboard and scaling ask for metrics that somebody gives, in queries that Prometheus understands."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import promql_parser
import pytest
from atelier_gateway.admission import Gate
from atelier_gateway.settings import GatewaySettings
from atelier_sdk.capability import MIB

from tests.k8s.manifests import K8S, ROOT
from tests.k8s.metrics import GIVEN, labels_of, vectors

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.k8s.manifests import Cluster, Manifest

DASHBOARD = json.loads((K8S / "components/monitoring/dashboard.json").read_text("utf-8"))
# What Grafana puts in before it asks.
FILLED_IN = {"$namespace": "atelier", "$capability": "style|edit"}


def rules(cluster: Cluster) -> Iterator[Manifest]:
    for each in cluster.of("PrometheusRule"):
        for group in each["spec"]["groups"]:
            yield from group["rules"]


def panels() -> Iterator[tuple[str, str]]:
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            expression = target["expr"]
            for name, value in FILLED_IN.items():
                expression = expression.replace(name, value)
            yield panel["title"], expression


@pytest.fixture
def queries(prod: Cluster) -> dict[str, str]:
    """Every query, by where it stands."""
    asked = {str(rule.get("alert") or rule["record"]): str(rule["expr"]) for rule in rules(prod)}
    scaled = {
        f"{each['metadata']['name']} {number}": trigger["metadata"]["query"]
        for each in prod.of("ScaledObject")
        for number, trigger in enumerate(each["spec"]["triggers"])
        if trigger["type"] == "prometheus"
    }
    return asked | scaled | {f"{title} {number}": query for number, (title, query) in enumerate(panels())}


def test_every_query_is_understood(queries: dict[str, str]) -> None:
    assert len(queries) > 25
    for query in queries.values():
        promql_parser.parse(query)


def test_every_metric_is_given_by_somebody_with_the_labels_that_are_asked(
    queries: dict[str, str], prod: Cluster
) -> None:
    recorded = {rule["record"] for rule in rules(prod) if "record" in rule}
    for where, query in queries.items():
        for name, labels in vectors(query):
            if name not in recorded:
                assert name in GIVEN, where
                assert labels <= labels_of(name), where


def test_a_metric_that_nobody_gives_is_seen() -> None:
    assert list(vectors('sum(rate(atelier_gateway_typos_total{code="OK"}[5m]))')) == [
        ("atelier_gateway_typos_total", {"code"})
    ]
    assert "atelier_gateway_typos_total" not in GIVEN


def test_every_alert_waits_is_graded_and_leads_to_a_paragraph(prod: Cluster) -> None:
    page = (ROOT / "docs/90-operations.md").read_text("utf-8")
    headings = {re.sub(r"[^a-z0-9 ]", "", line.lstrip("# ").lower()).replace(" ", "-") for line in page.splitlines()}
    alerts = [rule for rule in rules(prod) if "alert" in rule]
    assert len({rule["alert"] for rule in alerts}) == len(alerts)
    for rule in alerts:
        assert re.fullmatch(r"\d+m", rule["for"]), rule["alert"]
        assert rule["labels"]["severity"] in {"critical", "warning"}, rule["alert"]
        file, _, anchor = rule["annotations"]["runbook"].partition("#")
        assert (file, anchor in headings) == ("docs/90-operations.md", True), rule["alert"]


def test_labels_in_an_alerts_sentence_are_those_of_its_result(prod: Cluster) -> None:
    for rule in rules(prod):
        told = set(re.findall(r"\$labels\.(\w+)", json.dumps(rule.get("annotations", {}))))
        grouped = set(re.findall(r"\w+", " ".join(re.findall(r"by \(([^)]*)\)", rule["expr"]))))
        assert told <= grouped | ({"namespace", "capability"} if "atelier:" in rule["expr"] else set())


def test_the_alert_knows_how_much_a_gateway_may_hold(prod: Cluster) -> None:
    (rule,) = (each for each in rules(prod) if each.get("alert") == "AtelierGatewayFull")
    budget = GatewaySettings().bytes_in_flight
    assert f"0.8 * {budget}" in rule["expr"]
    (scaled,) = (each for each in prod.of("ScaledObject") if each["metadata"]["name"] == "gateway")
    assert [each["metadata"].get("threshold") for each in scaled["spec"]["triggers"]] == [None, str(budget // 2)]
    assert Gate(budget).byte_budget == 256 * MIB


def test_the_dashboard_is_whole(prod: Cluster) -> None:
    (held,) = (each for each in prod.of("ConfigMap") if each["metadata"]["name"] == "dashboard")
    assert json.loads(held["data"]["atelier.json"]) == DASHBOARD
    numbers: list[Any] = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(set(numbers)) == len(numbers)
    corners = {(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in DASHBOARD["panels"]}
    assert len(corners) == len(numbers)
    assert Path(K8S / "components/monitoring/dashboard.json").stat().st_size < 1_000_000  # a ConfigMap's limit
