"""Where the reenactment parts are, read beside the settings of every service."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from atelier_rpc.places import home_folder
from atelier_rpc.settings import read, setting

from atelier_expression.reenact.parts import NAME


@dataclass(frozen=True, slots=True)
class ReenactmentSettings:
    """What the environment says to the expression service about turns beyond 15 degrees."""

    parts: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_EXPRESSION_REENACTMENT",
        None,
        "Folder with the four ONNX parts of a reenactment network. Empty: `checkpoints/reenactment` in `ATELIER_HOME`.",
        parse=Path,
    )
    home: Path | None = setting(  # noqa: RUF009 (it makes a dataclass field)
        "ATELIER_HOME", None, "Folder with `checkpoints/`. Empty: the user's data folder of `atelier`.", parse=Path
    )

    @property
    def folder(self) -> Path:
        """Return the folder that is looked into."""
        return self.parts or home_folder(self.home) / "checkpoints" / NAME


def read_settings() -> ReenactmentSettings:
    """Read the environment. Raises SettingsError with everything that is wrong."""
    return read(ReenactmentSettings, os.environ)
