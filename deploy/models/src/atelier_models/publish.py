"""Publish what is installed, so that machines without registries and converters have the very same models."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_rpc.artifacts import open_store
from atelier_rpc.releases import publish as publish_files

from atelier_models.install import ensure

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from atelier_models.installed import Installed
    from atelier_models.progress import Reporter


def publish(home: Path, url: str, progress: Reporter) -> str:
    """Put all models into the store at a URL and return the SHA-256 of the release; installs what is missing first.

    Raises what installing raises.
    """
    ready = ensure(home, progress)
    with progress.step(f"publishing to {url}"):
        return publish_files(home, _files(home, ready.models.values()), open_store(url))


def _files(home: Path, models: Iterable[Installed]) -> list[Path]:
    return sorted(path.relative_to(home) for each in models for path in each.folder.rglob("*") if path.is_file())
