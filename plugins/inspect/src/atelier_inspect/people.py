"""Who is in the picture, as far as a measure's usual values depend on it: the class of skin tone."""

from __future__ import annotations

from typing import Final

# Chardon, Cretois and Hourseau 1991; the two darkest classes, of which there are few portraits, are one.
_LIGHT, _INTERMEDIATE, _TAN = 41.0, 28.0, 10.0
TONES: Final = ("light", "intermediate", "tan", "dark", "grey")


def tone_of(ita_degrees: float | None) -> str:
    """Return the class of a typology angle; `grey` where the picture has no colour."""
    if ita_degrees is None:
        return "grey"
    if ita_degrees > _LIGHT:
        return "light"
    if ita_degrees > _INTERMEDIATE:
        return "intermediate"
    return "tan" if ita_degrees > _TAN else "dark"
