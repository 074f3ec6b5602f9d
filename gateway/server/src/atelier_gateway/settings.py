"""What the gateway can be told: every variable with its default and its meaning, read once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atelier_rpc.artifacts import ArtifactLimits
from atelier_rpc.places import artifacts_url
from atelier_rpc.settings import address, log_level_setting, log_style_setting, number, setting
from atelier_sdk.capability import MIB

from atelier_gateway.endpoints import CEILING_BYTES, parse_endpoints

if TYPE_CHECKING:
    from collections.abc import Callable

_ARTIFACTS: Final = ArtifactLimits()


def _address_or_off(text: str) -> str:
    return "" if text == "off" else address(text)


def _checked_endpoints(text: str) -> str:
    parse_endpoints(text)
    return text


def _whole(minimum: int) -> Callable[[str], int]:
    def parse(text: str) -> int:
        return int(number(minimum=minimum)(text))

    return parse


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """What the environment says to the gateway."""

    listen: str = setting("ATELIER_LISTEN", "127.0.0.1:8610", "Address for callers.", parse=address)
    metrics_listen: str = setting(
        "ATELIER_METRICS_LISTEN", "127.0.0.1:8611", "Address for Prometheus; `off` for none.", parse=_address_or_off
    )
    tls_listen: str = setting(
        "ATELIER_TLS_LISTEN", "", "Address for callers with TLS besides. Empty: none.", parse=address
    )
    tls_folder: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_TLS_FOLDER",
        None,
        "Folder with `tls.crt` and `tls.key`, looked at again for every new connection.",
        parse=Path,
    )
    connection_age_seconds: float = setting(
        "ATELIER_CONNECTION_AGE_SECONDS",
        0.0,
        "After how long callers are asked to connect anew, so that they find gateways that were added; 0 for never.",
        parse=number(minimum=0),
    )
    endpoints: str = setting(
        "ATELIER_ENDPOINTS",
        "",
        "Where the capabilities run: `style=host:port,host:port;name=…`. A host name stands for all its addresses; "
        "`*=dns:///{name}:8620` places all that are not named.",
        parse=_checked_endpoints,
    )
    home: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_HOME", None, "Folder of all stacks. Empty: the user's data folder.", parse=Path
    )
    state: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_STATE", None, "Folder of the running stack. Empty: `run` in `ATELIER_HOME`.", parse=Path
    )
    plugins: tuple[str, ...] = setting(
        "ATELIER_PLUGINS", (), "Plugins that are used, comma-separated; `none` for none. Empty: all that are installed."
    )
    require_plugins: tuple[str, ...] = setting(
        "ATELIER_REQUIRE_PLUGINS", (), "Plugins without which every call is refused, comma-separated."
    )
    plugin_manifests: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_PLUGIN_MANIFESTS",
        None,
        "Folder with files of plugins of other environments. Empty: `plugins.d` in `ATELIER_HOME`.",
        parse=Path,
    )
    trace_plugins: bool = setting(
        "ATELIER_TRACE_PLUGINS", False, "Write a line for each hook of a plugin that is asked."
    )
    artifacts: str = setting(
        "ATELIER_ARTIFACTS_URL",
        "",
        "Artifact store: `file://`, `s3://`, `gs://` or `az://`. Empty: in `ATELIER_STATE`.",
    )
    artifact_bytes: int = setting(
        "ATELIER_ARTIFACT_BYTES", _ARTIFACTS.max_bytes, "Largest artifact, in bytes.", parse=_whole(1)
    )
    tenant_bytes: int = setting(
        "ATELIER_ARTIFACT_TENANT_BYTES", _ARTIFACTS.tenant_bytes, "Artifacts of one tenant, in bytes.", parse=_whole(1)
    )
    ttl_seconds: float = setting(
        "ATELIER_ARTIFACT_TTL_SECONDS",
        _ARTIFACTS.default_ttl_seconds,
        "How long an artifact is kept whose owner does not say.",
        parse=number(minimum=1),
    )
    max_ttl_seconds: float = setting(
        "ATELIER_ARTIFACT_MAX_TTL_SECONDS",
        _ARTIFACTS.max_ttl_seconds,
        "How long an artifact may be kept at most.",
        parse=number(minimum=1),
    )
    bytes_in_flight: int = setting(
        "ATELIER_MAX_BYTES_IN_FLIGHT",
        256 * MIB,
        "Message bytes held at once; above that, new calls are refused with QUEUE_FULL.",
        parse=_whole(CEILING_BYTES),
    )
    resolve_seconds: float = setting(
        "ATELIER_RESOLVE_SECONDS", 10.0, "How often host names are resolved anew.", parse=number(minimum=0.1)
    )
    health_seconds: float = setting(
        "ATELIER_HEALTH_SECONDS", 1.0, "How often each process is asked whether it is well.", parse=number(minimum=0.01)
    )
    drain_seconds: float = setting(
        "ATELIER_DRAIN_SECONDS", 30.0, "How long running calls may take after SIGTERM.", parse=number(minimum=0)
    )
    log_level: str = log_level_setting()
    log_style: str = log_style_setting()

    @property
    def targets(self) -> dict[str, tuple[str, ...]]:
        """Return the addresses and host names of each capability's processes."""
        return parse_endpoints(self.endpoints)

    @property
    def artifacts_url(self) -> str:
        """Return where artifacts are stored."""
        return artifacts_url(self.artifacts, self.state, self.home)

    @property
    def artifact_limits(self) -> ArtifactLimits:
        """Return how much is kept and how long."""
        return ArtifactLimits(
            max_bytes=self.artifact_bytes,
            tenant_bytes=self.tenant_bytes,
            default_ttl_seconds=min(self.ttl_seconds, self.max_ttl_seconds),
            max_ttl_seconds=self.max_ttl_seconds,
        )
