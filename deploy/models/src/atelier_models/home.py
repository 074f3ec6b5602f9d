"""Where installed things lie: one folder, shared by every clone of the repository on a machine.

$ATELIER_HOME/                     default: the user's data folder, `atelier`
  downloads/                       files of package registries, as they came
  models/<name>/<version>/         model.onnx, model.json, parity.json
  triton/<hash>/<name>/            a Triton model repository; the hash is of its content
  envs/<purpose>-<hash>/           environments of their own; the hash is of their requirements
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import platformdirs

if TYPE_CHECKING:
    from collections.abc import Iterator


def default_home() -> Path:
    """Return `ATELIER_HOME`, or the user's data folder for atelier."""
    return Path(os.environ.get("ATELIER_HOME") or platformdirs.user_data_path("atelier")).expanduser().absolute()


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home's lock, so that two commands that install at once do the work once, one after the other."""
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
