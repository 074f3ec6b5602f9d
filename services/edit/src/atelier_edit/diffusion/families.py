"""The families of checkpoints that can be used, as data."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from atelier_service.diffusion.families import Family, read_families

if TYPE_CHECKING:
    from collections.abc import Mapping


@cache
def families() -> Mapping[str, Family]:
    """Read the families by name; a misspelt field stops the start."""
    return read_families(Family, "atelier_edit.diffusion")
