from __future__ import annotations

from pathlib import Path

import pytest
from atelier_gateway.settings import GatewaySettings
from atelier_rpc.settings import SettingsError, read, table

PAGE = Path(__file__).parents[3] / "docs" / "10-gateway.md"


def test_the_documented_table_is_the_real_one() -> None:
    assert table(GatewaySettings) in PAGE.read_text(encoding="utf-8")


def test_artifacts_lie_in_the_state_folder_unless_told_otherwise(tmp_path: Path) -> None:
    assert read(GatewaySettings, {"ATELIER_STATE": str(tmp_path)}).artifacts_url == f"file://{tmp_path}/artifacts"
    assert read(GatewaySettings, {"ATELIER_ARTIFACTS_URL": "s3://bucket"}).artifacts_url == "s3://bucket"


def test_the_default_lifetime_is_never_above_the_longest() -> None:
    limits = read(GatewaySettings, {"ATELIER_ARTIFACT_MAX_TTL_SECONDS": "60"}).artifact_limits
    assert (limits.default_ttl_seconds, limits.max_ttl_seconds) == (60, 60)


def test_metrics_can_be_turned_off() -> None:
    assert read(GatewaySettings, {"ATELIER_METRICS_LISTEN": "off"}).metrics_listen == ""


@pytest.mark.parametrize("variable", ["ATELIER_ENDPOINTS", "ATELIER_MAX_BYTES_IN_FLIGHT", "ATELIER_LISTEN"])
def test_a_bad_value_is_named(variable: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        read(GatewaySettings, {variable: "7"})
