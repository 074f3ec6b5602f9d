"""Expression keeps the contract of every edit."""

from __future__ import annotations

from atelier_expression.capability import expression_capability
from atelier_sdk.testing import BACKGROUND, Edit, conformance

TestContract = conformance(
    expression_capability(),
    Edit(
        "Adjust",
        neutral={"adjustment": {"smile": 0}},
        control="adjustment.smile",
        untouched=(BACKGROUND,),
    ),
    Edit(
        "Adjust",
        neutral={"adjustment": {"yaw_degrees": 0}},
        control="adjustment.yaw_degrees",
        settings=(2, 4, 6, 8, 10),
        untouched=(BACKGROUND,),
    ),
)
