"""Where the checkpoint lies that the settings ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier_service.diffusion import checkpoint
from atelier_service.diffusion.checkpoint import Checkpoint, Place

if TYPE_CHECKING:
    from atelier_service.diffusion.families import Family

    from atelier_edit.diffusion.settings import DiffusionSettings

_OTHERWISE: Final = "set ATELIER_EDIT_CHECKPOINT to a folder that holds it, or ATELIER_EDIT_BACKEND to `classical`"


def locate(settings: DiffusionSettings, family: Family) -> Checkpoint:
    """Find the checkpoint that the settings ask for, without loading it. Raises what the kit's `locate` raises."""
    return checkpoint.locate(Place(settings.checkpoint, settings.folder, _OTHERWISE), family)
