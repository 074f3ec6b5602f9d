"""How far a mask reaches, so that work is done only there."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging.face import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray


def box_of(mask: NDArray[np.generic]) -> Box | None:
    """Return the smallest box in pixels around all of a mask (height, width) that is not 0, or None where all is."""
    slices = bounds(mask)
    if slices is None:
        return None
    rows, columns = slices
    return Box(columns.start, rows.start, columns.stop - columns.start, rows.stop - rows.start)


def bounds(mask: NDArray[np.generic], margin: int = 0) -> tuple[slice, slice] | None:
    """Return the rows and columns around all of a mask (height, width) that is not 0, `margin` pixels wider."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    if rows.size == 0:
        return None
    return (
        slice(max(int(rows[0]) - margin, 0), int(rows[-1]) + 1 + margin),
        slice(max(int(columns[0]) - margin, 0), int(columns[-1]) + 1 + margin),
    )


def require_same_shape(before: NDArray[np.generic], after: NDArray[np.generic], mask: NDArray[np.generic]) -> None:
    """Raise ValueError unless two pictures (height, width, 3) and a mask (height, width) have one size."""
    if before.shape != after.shape or before.shape[:2] != mask.shape:
        raise ValueError(f"sizes differ: before {before.shape}, after {after.shape}, mask {mask.shape}")
