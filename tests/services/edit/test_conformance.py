"""Enhance and Relight keep the contract of every edit."""

from __future__ import annotations

from typing import Final

from atelier_edit.capability import edit_capability
from atelier_sdk.testing import BACKGROUND, Edit, conformance

OTHERS: Final = ("eyes", "lips", "hair", "shadow_transition", "sharpen", "smart_grain", "blemish", "even_skin")

TestContract = conformance(
    edit_capability(),
    Edit(
        "Relight",
        request={"relighting": {"pattern": "rembrandt"}},
        neutral={"relighting": {"strength": 0}},
        control="relighting.strength",
    ),
    Edit(
        "Enhance",
        request={"enhancement": dict.fromkeys(OTHERS, 70)},
        neutral={"enhancement": dict.fromkeys(("skin_detail", *OTHERS), 0)},
        control="enhancement.skin_detail",
        settings=(20, 40, 60, 80, 100),
        untouched=(BACKGROUND,),
    ),
)
