"""Publish what is installed, so that machines without registries and converters have the very same models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_rpc.artifacts import open_store
from atelier_rpc.releases import publish as publish_files
from atelier_sdk.errors import ModelUnusableError

from atelier_models.install import ensure
from atelier_models.loop import MODEL as LOOP

if TYPE_CHECKING:
    from pathlib import Path

    from atelier_models.progress import Reporter


def publish(home: Path, url: str, progress: Reporter, repository: Path | None = None) -> str:
    """Put all models and a Triton repository into the store at a URL and return the SHA-256 of the release.

    Installs what is missing first. Without a `repository` it is the local stack's. In a cluster it lies at `triton` in
    the home folder, whatever its own name. Raises what installing raises, and ModelUnusableError where a repository
    holds what is none of our models.
    """
    ready = ensure(home, progress)
    if repository is not None:
        _require_known(repository, {*ready.models, LOOP})
    files = {f"triton/{path}": place for path, place in _below(repository or ready.repository)}
    for model in ready.models.values():
        folder = model.folder.relative_to(home).as_posix()
        files |= {f"{folder}/{path}": place for path, place in _below(model.folder)}
    with progress.step(f"publishing to {url}"):
        return publish_files(files, open_store(url))


def _require_known(repository: Path, known: set[str]) -> None:
    """Hold a repository to models that services can ask for, each with its configuration."""
    for folder in sorted(each for each in repository.iterdir() if each.is_dir()):
        if folder.name not in known:
            why = f"holds {folder.name}, which is no model of the catalogue"
        elif not (folder / "config.pbtxt").is_file():
            why = f"has no configuration of {folder.name}"
        else:
            continue
        raise ModelUnusableError(f"The repository {repository} {why}.", metadata={"model": folder.name})


def _below(folder: Path) -> list[tuple[str, Path]]:
    return [(place.relative_to(folder).as_posix(), place) for place in folder.rglob("*") if place.is_file()]
