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

from atelier_models.loop import loop_files
from atelier_models.targets import running
from atelier_models.triton_config import config_text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_models.catalogue import Model
    from atelier_models.loop import Loop
    from atelier_models.targets import Engines, Running, Target


def write_repository(
    models: Iterable[Model],
    home: Path,
    target: Target = "local",
    engines: Engines | None = None,
    loop: Loop | None = None,
) -> Path:
    """Return the repository of these models for a target, written if it is not there; `engines` for `gpu`.

    With `loop` it holds the denoising loop besides.

    Raises `ModelNotInstalledError` for a model that is not installed, `ModelUnusableError` for an engine that is not
    admitted.
    """
    files = {
        Path(name): content
        for model in models
        for name, content in _files(model, running(model, home, target, engines)).items()
    }
    if loop is not None:
        files |= loop_files(loop, target)
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


def _files(model: Model, how: Running) -> dict[str, bytes]:
    """Return the files of one model by their path in the repository."""
    files = {f"{model.name}/{model.version}/{name}": content for name, content in how.files.items()}
    return {f"{model.name}/config.pbtxt": config_text(model, how).encode(), **files}


def _digest(files: dict[Path, bytes]) -> str:
    digest = hashlib.sha256()
    for name, content in sorted(files.items()):
        digest.update(f"{name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]
