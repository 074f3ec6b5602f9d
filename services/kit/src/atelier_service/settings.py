"""Settings of a service's process."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from atelier_imaging.identity import DEFAULT_ENCODER, load_encoder
from atelier_rpc.places import artifacts_url, home_folder
from atelier_rpc.settings import address, log_level_setting, log_style_setting, number, setting

from atelier_service.fetching import Origin


def origins(text: str) -> tuple[str, ...]:
    """Read a list of hosts or origins, separated by commas; raise ValueError for one that is neither."""
    hosts = tuple(word.strip() for word in text.split(",") if word.strip())
    for host in hosts:
        Origin.of(host)
    return hosts


def encoder_name(text: str) -> str:
    """Read the name of a face encoder, or the path of the file that describes one; raise ValueError for neither."""
    try:
        load_encoder(text)
    except OSError as error:
        raise ValueError(f"there is no face encoder {text}") from error
    return text


@dataclass(frozen=True, slots=True)
class ServiceSettings:
    """What the environment says to a service."""

    listen: str = setting(
        "ATELIER_LISTEN", "127.0.0.1:0", "Address to listen on; port 0 is any free one.", parse=address
    )
    triton_url: str = setting(
        "ATELIER_TRITON_URL", "", "gRPC address of Triton, `host:port`. Empty: models run in this process."
    )
    home: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_HOME", None, "Folder with `models/`. Empty: the user's data folder of `atelier`.", parse=Path
    )
    state: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_STATE", None, "Folder of the running stack. Empty: `run` in `ATELIER_HOME`.", parse=Path
    )
    artifacts: str = setting(
        "ATELIER_ARTIFACTS_URL",
        "",
        "Artifact store: `file://`, `s3://`, `gs://`, `az://`. Empty: `artifacts` in `ATELIER_STATE`.",
    )
    uri_hosts: tuple[str, ...] = setting(
        "ATELIER_URI_HOSTS",
        (),
        "Hosts that pictures may be fetched from by https, comma-separated. `http://ADDRESS:PORT` allows that one "
        "address, a private one too.",
        parse=origins,
    )
    face_encoder: str = setting(
        "ATELIER_FACE_ENCODER",
        DEFAULT_ENCODER,
        "Face encoder: `face_encoder`, or the path of the JSON file that describes and calibrates another one.",
        parse=encoder_name,
    )
    drain_seconds: float = setting(
        "ATELIER_DRAIN_SECONDS", 30.0, "How long running calls may take after SIGTERM.", parse=number(minimum=0)
    )
    canary_seconds: float = setting(
        "ATELIER_CANARY_SECONDS", 30.0, "Time between two self-tests.", parse=number(minimum=0.05)
    )
    plugins: tuple[str, ...] = setting(
        "ATELIER_PLUGINS", (), "Plugins that are used, comma-separated; `none` for none. Empty: all that are installed."
    )
    require_plugins: tuple[str, ...] = setting(
        "ATELIER_REQUIRE_PLUGINS", (), "Plugins without which nothing is drawn, comma-separated."
    )
    trace_plugins: bool = setting(
        "ATELIER_TRACE_PLUGINS", False, "Write a line for each hook of a plugin that is asked."
    )
    log_level: str = log_level_setting()
    log_style: str = log_style_setting()

    @property
    def models_folder(self) -> Path:
        """Return the folder of installed models."""
        return home_folder(self.home) / "models"

    @property
    def artifacts_url(self) -> str:
        """Return where artifacts are stored."""
        return artifacts_url(self.artifacts, self.state, self.home)
