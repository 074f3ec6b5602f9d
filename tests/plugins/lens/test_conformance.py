"""The lens keeps the contract of every edit."""

from __future__ import annotations

from atelier_lens.plugin import lens_capability
from atelier_sdk.testing import Edit, conformance

TestContract = conformance(
    lens_capability(),
    Edit(
        "Apply",
        neutral={"lens": {}},
        control="lens.aperture",
        settings=(16.0, 8.0, 4.0, 2.0, 1.2),
    ),
    Edit(
        "Apply",
        request={"lens": {"background": {"blur": 0.0}}},
        neutral={"lens": {"background": {"blur": 0.0}}},
        control="lens.background.blur",
        settings=(0.2, 0.4, 0.6, 0.8, 1.0),
    ),
)
