"""Fill a folder with a release's models, before a service starts: `python -m atelier_service.model_cache`."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from atelier_rpc import logs
from atelier_rpc.artifacts import open_store
from atelier_rpc.places import home_folder
from atelier_rpc.releases import fill
from atelier_rpc.settings import log_level_setting, log_style_setting, read_or_exit, setting
from atelier_sdk.errors import AtelierError

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def _digest(text: str) -> str:
    if not _SHA256.fullmatch(text):
        raise ValueError("it is no SHA-256 of 64 hexadecimal digits")
    return text


@dataclass(frozen=True, slots=True)
class ModelCacheSettings:
    """What the environment says of the models of a release."""

    url: str = setting(
        "ATELIER_MODELS_URL", "", "Where `atelier models publish` put them: `file://`, `s3://`, `gs://` or `az://`."
    )
    sha256: str = setting(
        "ATELIER_MODELS_SHA256",
        "",
        "Which release: what `atelier models publish` printed. Empty: the one published last.",
        parse=_digest,
    )
    home: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_HOME", None, "Folder to fill. Empty: the user's data folder of `atelier`.", parse=Path
    )
    log_level: str = log_level_setting()
    log_style: str = log_style_setting()


def main() -> None:
    """Read the settings and fill the folder; end with a sentence where that fails."""
    settings = read_or_exit(
        ModelCacheSettings, program="atelier_service.model_cache", description="fetches the models of a release."
    )
    logs.configure(service="models", level=settings.log_level, style=settings.log_style)
    if not settings.url:
        sys.exit("ATELIER_MODELS_URL: it must be given")
    try:
        fill(home_folder(settings.home), open_store(settings.url), settings.sha256)
    except AtelierError as error:
        sys.exit(error.message)


if __name__ == "__main__":
    main()
