"""Upscale keeps the contract of every edit."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_sdk.testing import Edit, conformance
from atelier_upscale.capability import upscale_capability

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def width(source: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
    """The effect of a scale is a size."""
    del source
    return float(result.shape[1])


TestContract = conformance(
    upscale_capability(),
    Edit(
        "Upscale",
        neutral={"upscaling": {"scale": 1}},
        control="upscaling.scale",
        settings=(1.2, 1.4, 1.6, 1.8, 2),
        effect=width,
    ),
)
