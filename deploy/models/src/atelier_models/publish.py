"""Publish what is installed, so that machines without registries and converters have the very same models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_rpc.artifacts import open_store
from atelier_rpc.releases import publish as publish_files

from atelier_models.install import ensure

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.progress import Reporter


def publish(home: Path, url: str, progress: Reporter, repository: Path | None = None) -> str:
    """Put all models and a Triton repository into the store at a URL and return the SHA-256 of the release.

    Installs what is missing first. Without a `repository` it is the local stack's. In a cluster it lies at `triton` in
    the home folder, whatever its own name. Raises what installing raises.
    """
    ready = ensure(home, progress)
    files = {f"triton/{path}": place for path, place in _below(repository or ready.repository)}
    for model in ready.models.values():
        folder = model.folder.relative_to(home).as_posix()
        files |= {f"{folder}/{path}": place for path, place in _below(model.folder)}
    with progress.step(f"publishing to {url}"):
        return publish_files(files, open_store(url))


def _below(folder: Path) -> list[tuple[str, Path]]:
    return [(place.relative_to(folder).as_posix(), place) for place in folder.rglob("*") if place.is_file()]
