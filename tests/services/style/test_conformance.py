"""Style keeps the contract of every edit."""

from __future__ import annotations

from atelier_sdk.testing import BACKGROUND, Edit, conformance
from atelier_style.capability import style_capability

TestContract = conformance(
    style_capability(),
    Edit(
        "Grade",
        request={"grade": {"preset": "teal_orange"}},
        neutral={"grade": {"strength": 0}},
        control="grade.strength",
    ),
    Edit(
        "Grain",
        request={"grain": {"stock": "tri_x_400", "seed": 7}},
        neutral={"grain": {"strength": 0}},
        control="grain.strength",
    ),
    Edit(
        "SkinTone",
        request={"skin_tone": {"warmth": 1}},
        neutral={"skin_tone": {"strength": 0}},
        control="skin_tone.strength",
        untouched=(BACKGROUND,),
    ),
    Edit(
        "Apply",
        request={"grade": {"preset": "teal_orange"}, "grain": {"stock": "tri_x_400", "seed": 7, "strength": 0}},
        neutral={"grade": {"strength": 0}},
        control="grade.strength",
    ),
)
