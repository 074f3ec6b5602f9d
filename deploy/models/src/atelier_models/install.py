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
    from collections.abc import Collection, Mapping
    from pathlib import Path

    from atelier_models.catalogue import Catalogue
    from atelier_models.installed import Installed
    from atelier_models.progress import Reporter


@dataclass(frozen=True, slots=True)
class Ready:
    """The models that are installed, by name, and the Triton repository that holds them all."""

    models: Mapping[str, Installed]
    repository: Path


def ensure(
    home: Path, progress: Reporter, catalogue: Catalogue | None = None, *, needed: Collection[str] | None = None
) -> Ready:
    """Pull, convert and write whatever is missing of the catalogue's models; return where they are.

    With `needed`, names of models, no other is pulled or converted; what is installed besides is served all the same.
    Names that the catalogue does not know are passed over.

    Raises what pulling and converting raise, `RegistryUnreachableError`, `ChecksumMismatchError`, `ModelUnusableError`,
    and what `configured` raises.
    """
    wanted = catalogue or catalogue_file.load()
    models = list(wanted.models.values())
    with alone(home):
        found = {model.name: installed.find(model, home) for model in models}
        missing = [model for model in models if found[model.name] is None and (needed is None or model.name in needed)]
        if missing:
            found |= zip((model.name for model in missing), convert(missing, wanted, home, progress), strict=True)
        there = {name: place for name, place in found.items() if place is not None}
        served = [model for model in models if model.name in there]
        return Ready(there, write_repository(served, home, loop=configured(os.environ, "local", home)))
