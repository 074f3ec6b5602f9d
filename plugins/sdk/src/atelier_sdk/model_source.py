"""Models that a plugin brings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class ModelSource:
    """A file of the model catalogue's format with `[[source]]` and `[[model]]` entries (docs/30-models.md).

    Files of sources that are `committed` lie beside it, in the folder `weights`.
    """

    catalogue: Path
