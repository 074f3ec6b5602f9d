"""The baths: which colour they give to shadows and to highlights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

Light = tuple[float, float, float]
"""Linear sRGB; only the proportions count."""


@dataclass(frozen=True, slots=True)
class Toner:
    """A bath, by the colour that it gives to the deepest shadows and to the highlights."""

    shadows: Light
    highlights: Light


TONERS: Final = {
    "selenium": Toner(shadows=(1.10, 0.94, 1.12), highlights=(1.01, 1.00, 1.00)),
    "sepia": Toner(shadows=(1.55, 0.92, 0.50), highlights=(1.16, 0.99, 0.74)),
    "cyanotype": Toner(shadows=(0.10, 1.00, 2.40), highlights=(0.86, 1.01, 1.16)),
    "palladium": Toner(shadows=(1.28, 0.96, 0.72), highlights=(1.08, 1.00, 0.86)),
    "gold": Toner(shadows=(0.84, 0.98, 1.42), highlights=(0.97, 1.00, 1.06)),
}
