"""Settings of the diffusion backend, read beside those of every service."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from atelier_rpc.places import home_folder
from atelier_rpc.settings import choice, read, setting

from atelier_edit.diffusion.families import families

if TYPE_CHECKING:
    from atelier_service.diffusion.families import Family

CLASSICAL: Final = "classical"


def side(text: str) -> int:
    """Read a side in pixels; raise ValueError for one that no checkpoint takes."""
    value = int(text)
    if not 64 <= value <= 4096:
        raise ValueError(f"{text} is not between 64 and 4096")
    return value


@dataclass(frozen=True, slots=True)
class DiffusionSettings:
    """What the environment says to the edit service about its backend."""

    backend: str = setting(
        "ATELIER_EDIT_BACKEND",
        CLASSICAL,
        f"What relights: `{CLASSICAL}`, or a family of checkpoints: {', '.join(f'`{name}`' for name in families())}.",
        parse=choice(CLASSICAL, *families()),
    )
    checkpoint: str = setting(
        "ATELIER_EDIT_CHECKPOINT",
        "",
        "The checkpoint: a folder, or `OWNER/NAME@REVISION` of a model hub's cache. Empty: the folder "
        "`checkpoints/<backend>` in `ATELIER_HOME`, where `atelier models pull` puts it.",
    )
    device: str = setting("ATELIER_EDIT_DEVICE", "", "PyTorch's device. Empty: `cuda` where there is one, else `cpu`.")
    side: int = setting(
        "ATELIER_EDIT_SIDE", 1024, "The network edits a picture of about this many pixels, squared.", parse=side
    )
    offload: bool = setting(
        "ATELIER_EDIT_OFFLOAD", False, "Keep in the device's memory only the part of the network that is at work."
    )
    home: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_HOME", None, "Folder with `checkpoints/`. Empty: the user's data folder of `atelier`.", parse=Path
    )

    @property
    def family(self) -> Family | None:
        """Return the family of checkpoints, or None where light is computed without a network."""
        return families().get(self.backend)

    @property
    def folder(self) -> Path:
        """Return where `atelier models pull` puts the checkpoint."""
        return home_folder(self.home) / "checkpoints" / self.backend


def read_settings() -> DiffusionSettings:
    """Read the environment. Raises SettingsError with everything that is wrong."""
    return read(DiffusionSettings, os.environ)
