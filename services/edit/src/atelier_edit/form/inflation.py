"""A silhouette blown up to a rounded body.

Where nothing better is known of a surface, it is what a child would model: thin at the outline, where it turns away
from the lens, and full in the middle. The solution of a screened Poisson equation, Δu - u/λ² = -4 with u = 0 at the
outline, has that shape: √u is a hemisphere over a small disc, and a plateau with round shoulders over a large area.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SWEEPS: Final = 24
_COARSEST: Final = 12
_CROSS: Final = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]], np.float32)


def inflate(mask: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Return the height √u over a soft mask (h, w), 0..1, float32 in pixels of the grid.

    Bodies much wider than `radius` pixels stay flat in the middle, at a height of twice the radius. The picture's
    border is no outline: a body goes on there.
    """
    return np.asarray(np.sqrt(np.maximum(_solve(mask, radius), 0)), np.float32)


def _solve(mask: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Solve for u from coarse to fine, a few sweeps at each size."""
    height, width = mask.shape
    if min(height, width) > _COARSEST:
        half = (max(1, width // 2), max(1, height // 2))
        below = _solve(np.asarray(cv2.resize(mask, half, interpolation=cv2.INTER_AREA), np.float32), radius / 2)
        u = np.asarray(cv2.resize(below, (width, height), interpolation=cv2.INTER_LINEAR), np.float32) * np.float32(4)
    else:
        u = np.zeros_like(mask)
    centre = np.float32(1 / (4 + 1 / max(radius, 0.5) ** 2))
    for _ in range(_SWEEPS):
        around = cv2.filter2D(u, -1, _CROSS, borderType=cv2.BORDER_REPLICATE)
        u = np.asarray((around + 4) * centre * mask, np.float32)
    return u
