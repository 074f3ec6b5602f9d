"""Smooth warps between the mean face's frame and a face's own, by thin-plate splines.

Bookstein, "Principal warps: thin-plate splines and the decomposition of deformations", TPAMI 1989.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# How far, in pixels squared, the spline may pass by its points: the mesh jitters by about half a pixel.
_SLACK: Final = 0.3


def spline(
    centres: NDArray[np.float32], moved: NDArray[np.float32], places: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return where `places` (P, 2) go when `centres` (N, 2) go to `moved` (N, 2)."""
    count = len(centres)
    system = np.zeros((count + 3, count + 3))
    system[:count, :count] = _kernel(centres, centres) + _SLACK * count * np.eye(count)
    system[:count, count] = system[count, :count] = 1
    system[:count, count + 1 :], system[count + 1 :, :count] = centres, centres.T
    known = np.zeros((count + 3, 2))
    known[:count] = moved
    weights = np.linalg.solve(system, known)
    affine = np.concatenate([np.ones((len(places), 1)), places], axis=1)
    return np.asarray(_kernel(places, centres) @ weights[:count] + affine @ weights[count:], np.float32)


def _kernel(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    squared = ((first[:, None].astype(np.float64) - second[None]) ** 2).sum(axis=-1)
    return np.asarray(squared * np.log(squared + 1e-9) / 2, np.float64)
