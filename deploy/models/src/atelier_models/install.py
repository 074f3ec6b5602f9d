"""Have everything that a stack needs: one call, quick when it is all there."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_models import catalogue as catalogue_file
from atelier_models import installed
from atelier_models.conversion import convert
from atelier_models.home import alone
from atelier_models.loop import configured
from atelier_models.repository import write_repository

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from atelier_models.catalogue import Catalogue
    from atelier_models.installed import Installed
    from atelier_models.progress import Reporter


@dataclass(frozen=True, slots=True)
class Ready:
    """Models by name, and the Triton repository that holds them all."""

    models: Mapping[str, Installed]
    repository: Path


def ensure(home: Path, progress: Reporter, catalogue: Catalogue | None = None) -> Ready:
    """Pull, convert and write whatever is missing of the catalogue's models; return where they are.

    Raises what pulling and converting raise, `RegistryUnreachableError`, `ChecksumMismatchError`, `ModelUnusableError`,
    and what `configured` raises.
    """
    wanted = catalogue or catalogue_file.load()
    models = list(wanted.models.values())
    with alone(home):
        found = {model.name: installed.find(model, home) for model in models}
        there = {name: place for name, place in found.items() if place is not None}
        if len(there) < len(models):
            there = {
                model.name: place for model, place in zip(models, convert(models, wanted, home, progress), strict=True)
            }
        return Ready(there, write_repository(models, home, loop=configured(os.environ, "local", home)))
