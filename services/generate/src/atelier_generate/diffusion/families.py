"""The families of checkpoints that draw, as data."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

from atelier_service.diffusion.families import Family, read_families

if TYPE_CHECKING:
    from collections.abc import Mapping

STRENGTH: Final = "strength"
REFERENCE: Final = "reference"


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawingFamily(Family):
    """A family of checkpoints that draws; `families.toml` says what each field means."""

    words: str
    negative: bool = False
    references: int = 0
    ground: str = ""
    needs_picture: bool = False

    @property
    def reads_words(self) -> bool:
        """Say whether a prompt changes what it draws."""
        return self.words != "embedded"


@cache
def families() -> Mapping[str, DrawingFamily]:
    """Read the families by name; a misspelt field stops the start."""
    return read_families(DrawingFamily, "atelier_generate.diffusion")
