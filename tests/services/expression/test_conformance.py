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
        settings=(0.2, 0.4, 0.6, 0.8, 1),
        untouched=(BACKGROUND,),
    ),
)
