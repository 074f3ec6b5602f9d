"""Write a Triton model repository: for each model a configuration, the graph, and the code that runs it.

A repository lies in `triton/<hash of its content>`, is self-contained (it may be copied or mounted elsewhere), and is
never changed once it is there: other models or other settings make another one beside it.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from atelier_models import installed
from atelier_models.triton_config import config_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_models.catalogue import Model

BACKEND_FILES = ("model.py", "executor.py")


def write_repository(models: Iterable[Model], home: Path) -> Path:
    """Return the repository of these models, written if it is not there.

    Raises `ModelNotInstalledError` for a model that is not installed.
    """
    files = {Path(name): content for model in models for name, content in _files(model, home).items()}
    place = home / "triton" / _digest(files)
    if place.is_dir():
        return place
    place.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".making-", dir=place.parent))
    try:
        for name, content in files.items():
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_bytes(content)
        work.chmod(0o755)
        work.replace(place)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return place


def _files(model: Model, home: Path) -> dict[str, bytes]:
    """Return the files of one model by their path in the repository."""
    place = installed.require(model, home)
    parameters = {
        "executor": place.contract["executor"],
        "threads": str(place.contract["trial"]["threads"]),
    }
    backend = Path(__file__).parent / "backend"
    version = f"{model.name}/{model.version}"
    return {
        f"{model.name}/config.pbtxt": config_text(model, parameters).encode(),
        f"{version}/{installed.CONTRACT}": (place.folder / installed.CONTRACT).read_bytes(),
        f"{version}/{installed.GRAPH}": place.graph.read_bytes(),
        **{f"{version}/{name}": (backend / name).read_bytes() for name in BACKEND_FILES},
    }


def _digest(files: dict[Path, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]
