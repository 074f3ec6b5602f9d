"""Planes reduced by a whole number, and parts of them brought back.

By whole numbers planes are reduced fastest, and a part comes out as it would of the whole: strips fit together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Rows or columns of a reduced plane beside a part of it that an enlargement looks at.
_BESIDE = 2


def reduced(plane: NDArray[np.float32], by: int) -> NDArray[np.float32]:
    """Average a plane (H, W) over squares; beyond its lower and right side it is mirrored until they are whole."""
    if by == 1:
        return plane
    height, width = (-(-side // by) for side in plane.shape)
    missing = (height * by - plane.shape[0], width * by - plane.shape[1])
    if any(missing):
        plane = np.asarray(cv2.copyMakeBorder(plane, 0, missing[0], 0, missing[1], cv2.BORDER_REFLECT), np.float32)
    return np.asarray(cv2.resize(plane, (width, height), interpolation=cv2.INTER_AREA), np.float32)


def enlarged(
    small: NDArray[np.float32], by: int, part: tuple[slice, slice], kind: int = cv2.INTER_CUBIC
) -> NDArray[np.float32]:
    """Bring part of a plane that is `reduced` back, in a new array; `part` is in pixels of the plane as it was."""
    if by == 1:
        return small[part].copy()
    first = [max(0, span.start // by - _BESIDE) for span in part]
    rows, columns = (slice(low, -(-span.stop // by) + _BESIDE) for low, span in zip(first, part, strict=True))
    few = small[rows, columns]
    many = cv2.resize(few, (few.shape[1] * by, few.shape[0] * by), interpolation=kind)
    y, x = (slice(span.start - low * by, span.stop - low * by) for low, span in zip(first, part, strict=True))
    return np.asarray(many[y, x], np.float32)
