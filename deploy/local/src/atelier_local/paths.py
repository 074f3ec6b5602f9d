"""Where things lie on this machine: what all stacks share, and what one stack keeps for itself."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs


def home() -> Path:
    """Find the folder that all stacks share: downloads, models, environments (`ATELIER_HOME`)."""
    return Path(os.environ.get("ATELIER_HOME") or platformdirs.user_data_path("atelier")).absolute()


def state() -> Path:
    """Find the folder of one stack: its processes, ports, logs, artifacts (`ATELIER_STATE`)."""
    return Path(os.environ.get("ATELIER_STATE") or home() / "run").absolute()


def logs(state_dir: Path) -> Path:
    """Find the folder of a stack's logs."""
    return state_dir / "logs"


def log(state_dir: Path, name: str) -> Path:
    """Find the log of one process."""
    return logs(state_dir) / f"{name}.log"
