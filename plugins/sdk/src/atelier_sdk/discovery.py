"""Where plugins are found: entry points of installed distributions, and manifests of other environments."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final

from atelier_sdk.manifest import Manifest, load_manifest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from importlib.metadata import EntryPoint
    from pathlib import Path

ENTRY_POINTS: Final = "atelier"


@dataclass(frozen=True, slots=True)
class Found:
    """A plugin that is installed and not yet loaded. `load` answers its module, and may raise anything."""

    name: str
    distribution: str
    version: str
    load: Callable[[], Any]


def found(manifests: Path | None = None) -> Iterator[Found]:
    """List installed plugins by name, then by distribution: what order they come in never depends on the machine."""
    yield from sorted((*_by_entry_point(), *_by_manifest(manifests)), key=lambda one: (one.name, one.distribution))


def _by_entry_point() -> Iterator[Found]:
    for entry in entry_points(group=ENTRY_POINTS):
        distribution, version = _source(entry)
        yield Found(entry.name, distribution, version, entry.load)


def _by_manifest(folder: Path | None) -> Iterator[Found]:
    for path in sorted(folder.glob("*.toml")) if folder is not None else ():
        try:
            manifest = load_manifest(path)
        except (OSError, ValueError) as error:
            yield Found(path.stem, path.name, "", partial(_raise, error))
            continue
        yield Found(manifest.name, manifest.distribution, manifest.version, partial(_itself, manifest))


def _itself(manifest: Manifest) -> Manifest:
    return manifest


def _source(entry: EntryPoint) -> tuple[str, str]:
    return (entry.dist.name, entry.dist.version) if entry.dist else ("", "")


def _raise(error: Exception) -> None:
    raise error
