"""Models that plugins bring: their catalogue files beside ours, through the hook `atelier_models`."""

from __future__ import annotations

import dataclasses
import functools
import logging
import os
from typing import TYPE_CHECKING

from atelier_sdk.host import PluginHost
from atelier_sdk.model_source import ModelSource

from atelier_models.catalogue import Catalogue, CatalogueError, defaults_text, parse

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from atelier_models.catalogue import Source

WEIGHTS = "weights"

log = logging.getLogger(__name__)


@functools.cache
def plugin_catalogues() -> tuple[tuple[str, Path], ...]:
    """Ask the plugins that the settings allow for catalogue files; each comes with the plugin's name and version."""
    host = PluginHost()
    host.load(allowed=[name.strip() for name in os.environ.get("ATELIER_PLUGINS", "").split(",") if name.strip()])
    return tuple((str(plugin), source.catalogue) for plugin, source in host.collect("atelier_models", ModelSource))


def with_plugins(own: Catalogue, files: Iterable[tuple[str, Path]]) -> Catalogue:
    """Add what plugins' files say to a catalogue.

    A file that breaks the format, or names what is there already, is left out as a whole, and the log says whose it is.
    """
    for plugin, path in files:
        try:
            own = _joined(own, parse(f"{defaults_text()}\n{path.read_text(encoding='utf-8')}"), path)
        except (CatalogueError, OSError, KeyError) as error:
            log.warning("models of the plugin %s are left out: %s", plugin, error)
    return own


def _joined(own: Catalogue, theirs: Catalogue, path: Path) -> Catalogue:
    taken = {*own.models} & {*theirs.models} | {*own.sources} & {*theirs.sources}
    if taken:
        raise CatalogueError(f"{', '.join(sorted(taken))}: there is one of that name")
    sources = {name: _placed(source, path) for name, source in theirs.sources.items()}
    return Catalogue({**own.sources, **sources}, {**own.models, **theirs.models})


def _placed(source: Source, path: Path) -> Source:
    """Say where a committed file lies: beside the catalogue file, not in our own package."""
    if source.registry != "committed":
        return source
    return dataclasses.replace(source, file=str(path.absolute().parent / WEIGHTS / source.file))
