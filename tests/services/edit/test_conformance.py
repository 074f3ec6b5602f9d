"""Enhance and Relight keep the contract of every edit."""

from __future__ import annotations

from atelier_edit.capability import edit_capability
from atelier_sdk.testing import BACKGROUND, Edit, conformance

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
        neutral={"enhancement": {"skin_detail": 0, "smart_grain": 0}},
        control="enhancement.skin_detail",
        request={"enhancement": {"smart_grain": 0}},
        settings=(20, 40, 60, 80, 100),
        untouched=(BACKGROUND,),
    ),
)
