"""Where installed things lie: one folder, shared by every clone of the repository on a machine.

$ATELIER_HOME/                     default: the user's data folder, `atelier`
  downloads/                       files of package registries, as they came
  models/<name>/<version>/         model.onnx, model.json, parity.json
  triton/<hash>/<name>/            a Triton model repository; the hash is of its content
  envs/<purpose>-<hash>/           environments of their own; the hash is of their requirements
"""

from __future__ import annotations

import fcntl
import logging
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING

import platformdirs
from atelier_sdk.errors import HostUnsuitableError

if TYPE_CHECKING:
    from collections.abc import Iterator

log = logging.getLogger(__name__)


def default_home() -> Path:
    """Return `ATELIER_HOME`, or the user's data folder for atelier."""
    return Path(os.environ.get("ATELIER_HOME") or platformdirs.user_data_path("atelier")).expanduser().absolute()


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Hold the home's lock, so that two commands that install at once do the work once, one after the other.

    One that has to wait says so in the log. Raises HostUnsuitableError where nothing can be written there.
    """
    with _lock_file(home) as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            log.warning("Another command works in %s; waiting for it.", home)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def clear_unfinished(folder: Path, prefix: str) -> None:
    """Remove what work that was killed left in a folder; whoever calls holds the lock, so that nobody works there."""
    for left in folder.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)


def _lock_file(home: Path) -> IO[str]:
    try:
        home.mkdir(parents=True, exist_ok=True)
        return (home / ".lock").open("w")
    except OSError as error:
        raise HostUnsuitableError(
            f"{home} cannot be written ({error.strerror}). Set ATELIER_HOME to a folder that can.",
            metadata={"missing": "a home that can be written"},
        ) from error
