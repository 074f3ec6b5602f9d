"""Draw a picture through a flow: one resampling of the source, strip by strip."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final, TypeVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from atelier_imaging.warp.flow import Flow
    from atelier_imaging.warp.grid import Grid

AnyPixels = TypeVar("AnyPixels", bound=NDArray[np.uint8 | np.uint16 | np.float32])

STRIP_ROWS: Final = 256
# Offsets smaller than this many pixels are none: the source's own pixel stays.
STILL: Final = 0.01


def resample(pixels: AnyPixels, flow: Flow, check: Callable[[], None] = lambda: None) -> AnyPixels:
    """Draw pixels (H, W, 3 or none), uint8, uint16 or float32, through a flow, in a new array of the same kind.

    Lanczos over 8 x 8 pixels (Lanczos-4), display-encoded as they are: ringing is then even on both sides of an edge.
    Where nothing moves the source's own pixels stay. Beyond the picture its outermost pixels go on. `check` is called
    before each strip and may raise.
    """
    result = pixels.copy()
    for part, coordinates, moved in windows(flow, pixels.shape[:2]):
        check()
        drawn = sample(pixels, coordinates)
        where = moved if pixels.ndim == 2 else moved[..., None]
        np.copyto(result[part], drawn, where=where)
    return result


def sample(pixels: AnyPixels, coordinates: NDArray[np.float32], kernel: int = cv2.INTER_LANCZOS4) -> AnyPixels:
    """Draw pixels at coordinates (h, w, 2), where a pixel's middle is at whole numbers as OpenCV counts."""
    drawn = cv2.remap(pixels, coordinates, None, kernel, borderMode=cv2.BORDER_REPLICATE)  # type: ignore[call-overload]
    return cast("AnyPixels", drawn)


def windows(
    flow: Flow, shape: tuple[int, ...]
) -> Iterator[tuple[tuple[slice, slice], NDArray[np.float32], NDArray[np.bool_]]]:
    """Go through the strips of a picture of (H, W) that a flow moves.

    Each is its part of the picture, where its pixels come from, float32 (h, w, 2), where a pixel's middle is at whole
    numbers, and which of them moved, bool (h, w).
    """
    window = _moved_part(flow, shape)
    if window is None:
        return
    rows, columns = window
    for top in range(rows.start, rows.stop, STRIP_ROWS):
        part = (slice(top, min(top + STRIP_ROWS, rows.stop)), columns)
        offset = enlarged(flow.offset, flow.grid, part)
        moved = np.maximum(np.abs(offset[..., 0]), np.abs(offset[..., 1])) > STILL
        if moved.any():
            offset[..., 0] += np.arange(columns.start, columns.stop, dtype=np.float32)
            offset[..., 1] += np.arange(part[0].start, part[0].stop, dtype=np.float32)[:, None]
            yield part, offset, moved


def enlarged(
    values: NDArray[np.float32], grid: Grid, part: tuple[slice, slice], kernel: int = cv2.INTER_CUBIC
) -> NDArray[np.float32]:
    """Evaluate values (rows, columns[, n]) of a grid's nodes at every pixel of a part of the picture."""
    rows, columns = part
    # From a pixel's place in the part to its place on the grid.
    shift_x = (columns.start + 0.5 - grid.left) / grid.step - 0.5
    shift_y = (rows.start + 0.5 - grid.top) / grid.step - 0.5
    matrix = np.array([[1 / grid.step, 0, shift_x], [0, 1 / grid.step, shift_y]])
    size = (columns.stop - columns.start, rows.stop - rows.start)
    flags = kernel | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(values, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _moved_part(flow: Flow, shape: tuple[int, ...]) -> tuple[slice, slice] | None:
    """Return the part of the picture, within it, that a flow moves, or None."""
    grid = flow.grid
    moving = np.abs(flow.offset).max(axis=-1) > STILL
    if not moving.any():
        return None
    rows, columns = (np.flatnonzero(moving.any(axis=axis)) for axis in (1, 0))
    top, bottom = (grid.top + (rows[end] + 0.5 + 2 * side) * grid.step for end, side in ((0, -1), (-1, 1)))
    left, right = (grid.left + (columns[end] + 0.5 + 2 * side) * grid.step for end, side in ((0, -1), (-1, 1)))
    # What leaves the grid stays still.
    bottom, right = min(bottom, grid.top + grid.rows * grid.step), min(right, grid.left + grid.columns * grid.step)
    y = slice(max(0, math.floor(max(top, grid.top))), min(shape[0], math.ceil(bottom)))
    x = slice(max(0, math.floor(max(left, grid.left))), min(shape[1], math.ceil(right)))
    return (y, x) if y.stop > y.start and x.stop > x.start else None
