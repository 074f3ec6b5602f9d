"""The measures that portraits are described and asked for by; the joint distribution and the network know them."""

from __future__ import annotations

from typing import Final

# In the order of the vectors. Those of the second set change sign in the mirror.
ATTRIBUTES: Final = (
    "age_years",
    "womanhood",
    "smile",
    "mouth_open",
    "eye_open",
    "skin_ita_degrees",
    "skin_lightness",
    "hair_lightness",
    "hair_chroma",
    "hair_share",
    "beard",
    "glasses",
    "light_log_ratio",
    "yaw_degrees",
    "pitch_degrees",
    "background_lightness",
    "background_a",
    "background_b",
)
MIRRORED: Final = frozenset({"light_log_ratio", "yaw_degrees"})
