"""Exact resampling, one axis at a time, of any part of a picture.

The kernel is Keys' cubic convolution with a = −0.5, widened where samples are given up (Keys: Cubic convolution
interpolation for digital image processing. IEEE TASSP 29, 1981): what Pillow's BICUBIC and MATLAB's imresize compute,
and what the networks were trained against. Sample centres lie at half pixels.

A part of an axis is resampled from the part's own samples, at places that are the whole axis': however a picture is cut
into tiles, each sample comes out the same.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging.strips import to_float
from atelier_imaging.transfer import quantised

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

_REACH = 2.0
# Rows of a block where samples are given up; where they are made, more rows share the same columns. A banded matrix is
# a chain of small dense ones, which multiply at full speed.
_BLOCK_ROWS = 8
# Multiplications that OpenBLAS still does on the thread that asks. With more it wakes all its threads, for work of
# microseconds: on two busy cores that took ten times as long.
_SMALL_PRODUCT = 200_000
_STRIP_ROWS = 64


@dataclass(frozen=True, slots=True)
class Span:
    """Samples `start` to `stop` of an axis; below 0 and beyond its end lies its mirror image."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def within(self, other: Span) -> slice:
        """Return where this span lies in an array that holds the other."""
        return slice(self.start - other.start, self.stop - other.start)


@dataclass(frozen=True, slots=True, eq=False)
class Banded:
    """A matrix (rows, columns) whose numbers lie in a band, as blocks: first row, first column, dense numbers."""

    shape: tuple[int, int]
    blocks: tuple[tuple[int, int, NDArray[np.float32]], ...]

    @classmethod
    def of(cls, matrix: NDArray[np.float32]) -> Banded:
        """Cut a matrix into blocks."""
        blocks = []
        high = _BLOCK_ROWS * max(1, round(matrix.shape[0] / matrix.shape[1]))
        for row in range(0, len(matrix), high):
            rows = matrix[row : row + high]
            used = np.flatnonzero(rows.any(axis=0))
            first, last = (int(used[0]), int(used[-1]) + 1) if used.size else (0, 1)
            blocks.append((row, first, np.ascontiguousarray(rows[:, first:last])))
        return cls((matrix.shape[0], matrix.shape[1]), tuple(blocks))

    def down(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Multiply along the first axis: float32 (columns, …) becomes (rows, …)."""
        flat = array.reshape(len(array), -1)
        out = np.empty((self.shape[0], flat.shape[1]), np.float32)
        for row, column, block in self.blocks:
            wide = max(1, _SMALL_PRODUCT // block.size)
            for left in range(0, flat.shape[1], wide):
                part = flat[column : column + block.shape[1], left : left + wide]
                np.matmul(block, part, out=out[row : row + len(block), left : left + wide])
        return out.reshape(self.shape[0], *array.shape[1:])

    def across(self, array: NDArray[np.float32]) -> NDArray[np.float32]:
        """Multiply along the second axis: float32 (height, columns, channels) becomes (height, rows, channels)."""
        # Transposing costs less than multiplying with three channels in between.
        return _transposed(self.down(_transposed(array)))


def resampling(length: int, to: int, source: Span, wanted: Span) -> NDArray[np.float32]:
    """Make the matrix (wanted, source) that takes samples of an axis of `length` to samples of one of `to`.

    Taps that fall outside `source` are left out and the others weigh more, so that even colours stay.
    """
    step = length / to
    widened = max(step, 1.0)
    centres = (np.arange(wanted.start, wanted.stop) + 0.5) * step - 0.5
    first = np.floor(centres - _REACH * widened).astype(np.int64) + 1
    places = first[:, None] + np.arange(int(np.ceil(2 * _REACH * widened)) + 1)
    weights = _cubic((places - centres[:, None]) / widened)
    columns = places - source.start
    weights[(columns < 0) | (columns >= len(source))] = 0.0
    total = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=np.abs(total) > 1e-6)
    matrix = np.zeros((len(wanted), len(source)))
    rows = np.broadcast_to(np.arange(len(wanted))[:, None], columns.shape)
    np.add.at(matrix, (rows, np.clip(columns, 0, len(source) - 1)), weights)
    return matrix.astype(np.float32)


def resized(pixels: NDArray[np.float32], height: int, width: int) -> NDArray[np.float32]:
    """Resample float32 (h, w, channels) as a whole to another size."""
    rows, columns = pixels.shape[:2]
    down, across = _whole(rows, height), _whole(columns, width)
    # The smaller of the two intermediate pictures.
    if height * columns <= rows * width:
        return across.across(down.down(pixels))
    return down.down(across.across(pixels))


def shrunk(pixels: Pixels, height: int, width: int) -> Pixels:
    """Resample uint8 or uint16 (h, w, 3) to a smaller size of the same type, strip by strip."""
    rows = pixels.shape[0]
    across = _whole(pixels.shape[1], width)
    reach = math.ceil(_REACH * rows / height) + 1
    out = np.empty((height, width, 3), pixels.dtype)
    for top in range(0, height, _STRIP_ROWS):
        wanted = Span(top, min(top + _STRIP_ROWS, height))
        source = Span(max(wanted.start * rows // height - reach, 0), min(wanted.stop * rows // height + reach, rows))
        down = Banded.of(resampling(rows, height, source, wanted))
        strip = across.across(down.down(to_float(pixels[source.start : source.stop])))
        out[wanted.start : wanted.stop] = quantised(strip, pixels.dtype.itemsize * 8)
    return out


@lru_cache(maxsize=16)
def _whole(length: int, to: int) -> Banded:
    return Banded.of(resampling(length, to, Span(0, length), Span(0, to)))


def _cubic(x: NDArray[np.float64]) -> NDArray[np.float64]:
    x = np.abs(x)
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1.0, near, np.where(x < _REACH, far, 0.0))


def _transposed(array: NDArray[np.float32]) -> NDArray[np.float32]:
    turned = np.asarray(cv2.transpose(array), np.float32)
    return turned.reshape(array.shape[1], array.shape[0], *array.shape[2:])
