"""Where things lie on a machine: the same defaults for every process."""

from __future__ import annotations

from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from pathlib import Path


def home_folder(home: Path | None) -> Path:
    """Return the folder that is shared by all stacks of a user (`ATELIER_HOME`): models, downloads, environments."""
    return (home or platformdirs.user_data_path("atelier")).absolute()


def state_folder(state: Path | None, home: Path | None) -> Path:
    """Return the folder of one running stack (`ATELIER_STATE`); `run` in the home folder by default."""
    return (state or home_folder(home) / "run").absolute()


def artifacts_url(url: str, state: Path | None, home: Path | None) -> str:
    """Return where artifacts are stored (`ATELIER_ARTIFACTS_URL`); `artifacts` in the state folder by default."""
    return url or (state_folder(state, home) / "artifacts").as_uri()
