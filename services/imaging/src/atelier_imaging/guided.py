"""A mask that follows the edges of the picture: the colour guided filter, computed small and applied at full size.

He, Sun and Tang, "Guided Image Filtering", TPAMI 2013, and He and Sun, "Fast Guided Filter", 2015: within every window
the mask is a linear function of the picture's colour; that function is found on a reduced picture and evaluated at full
resolution, where it takes over edges as fine as single hairs.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_imaging.vips import Pixels

# Pixels evaluated at a time: enough to keep the processor busy, few enough to stay in its cache.
_TILE: Final = 128
# So few rows of tiles are not worth threads.
_FEW_ROWS: Final = 3
_PAIRS: Final = ((0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2))


class GuidedFilter:
    """Filter masks along one reduced picture.

    `guide` is float32 (h, w, 3), 0..1; `radius` is half the window in its pixels; `epsilon` the variance of colour
    below which the picture counts as flat and the mask is only smoothed.
    """

    def __init__(self, guide: NDArray[np.float32], radius: int, epsilon: float) -> None:
        # Planes apart: single-channel boxes and products are several times faster than interleaved ones.
        self._guide = [np.ascontiguousarray(guide[..., i]) for i in range(3)]
        self._window = (2 * radius + 1, 2 * radius + 1)
        self._mean = [self._box(plane) for plane in self._guide]
        spread = [self._box(self._guide[i] * self._guide[j]) - self._mean[i] * self._mean[j] for i, j in _PAIRS]
        self._inverse = _inverse(spread, epsilon)

    def coefficients(self, mask: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return (4, h, w): at each place the factors of red, green and blue, and the constant, that make the mask."""
        mean = self._box(mask)
        covariance = [self._box(plane * mask) - own * mean for plane, own in zip(self._guide, self._mean, strict=True)]
        planes = np.empty((4, *mask.shape), np.float32)
        offset = mean.copy()
        for i in range(3):
            slope = self._inverse[_index(i, 0)] * covariance[0]
            for j in (1, 2):
                slope += self._inverse[_index(i, j)] * covariance[j]
            offset -= slope * self._mean[i]
            planes[i] = self._box(slope)
        planes[3] = self._box(offset)
        return planes

    def _box(self, plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.boxFilter(plane, -1, self._window, borderType=cv2.BORDER_REFLECT), np.float32)


def evaluate(
    coefficients: NDArray[np.float32], pixels: Pixels, certain: tuple[float, float] = (0.0, 1.0)
) -> NDArray[np.float32]:
    """Evaluate `GuidedFilter.coefficients` on full-size pixels (H, W, 3): the mask, float32 (H, W), 0..1.

    Values outside the range `certain` become 0 and 1, those within it are spread smoothly over 0..1: what the filter is
    unsure of is a veil of some percent around things, and this clears it. Works in tiles, and passes over those that no
    colour can make uncertain, which are most.
    """
    height, width = pixels.shape[:2]
    result = np.empty((height, width), np.float32)
    limits = _limits(coefficients)

    def row(top: int) -> None:
        for left in range(0, width, _TILE):
            part = (slice(top, min(top + _TILE, height)), slice(left, min(left + _TILE, width)))
            result[part] = _evaluate_tile(coefficients, limits, pixels, part, certain)

    tops = range(0, height, _TILE)
    if len(tops) <= _FEW_ROWS:
        for top in tops:
            row(top)
        return result
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for done in [pool.submit(row, top) for top in tops]:
            done.result()
    return result


def _evaluate_tile(
    coefficients: NDArray[np.float32],
    limits: tuple[NDArray[np.float32], NDArray[np.float32]],
    pixels: Pixels,
    part: tuple[slice, slice],
    certain: tuple[float, float],
) -> NDArray[np.float32] | float:
    """Return the mask of one tile, or its one value where that holds for every colour."""
    rows, columns = coefficients.shape[1] / pixels.shape[0], coefficients.shape[2] / pixels.shape[1]
    top, left = part[0].start, part[1].start
    under = (
        slice(max(0, int(top * rows) - 1), int(part[0].stop * rows) + 2),
        slice(max(0, int(left * columns) - 1), int(part[1].stop * columns) + 2),
    )
    lowest, highest = float(limits[0][under].min()), float(limits[1][under].max())
    if highest <= certain[0] or lowest >= certain[1]:
        return float(lowest >= certain[1])
    # The coefficients under these pixels, placed as a resize of the whole would place them.
    place = np.array([[columns, 0, (left + 0.5) * columns - 0.5], [0, rows, (top + 0.5) * rows - 0.5]])
    colour = pixels[part]
    *slopes, value = (_placed(plane, place, colour.shape[:2]) for plane in coefficients)
    full = np.float32(np.iinfo(pixels.dtype).max)
    for slope, channel in zip(slopes, cv2.split(colour), strict=True):
        cv2.accumulateProduct(slope, np.asarray(channel / full, np.float32), value)
    return np.clip(value, 0.0, 1.0) if certain == (0.0, 1.0) else step(value, *certain)


def _limits(coefficients: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the least and the greatest value (h, w) that any colour can take under coefficients (4, h, w)."""
    slopes, constant = coefficients[:3], coefficients[3]
    lowest, highest = constant + np.minimum(slopes, 0).sum(axis=0), constant + np.maximum(slopes, 0).sum(axis=0)
    return np.asarray(lowest, np.float32), np.asarray(highest, np.float32)


def step(x: NDArray[np.float32] | np.float32, start: float, end: float) -> NDArray[np.float32]:
    """Rise smoothly from 0 at `start` to 1 at `end` (or fall, where `end` is the smaller)."""
    t = np.clip((x - np.float32(start)) / np.float32(end - start), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _placed(plane: NDArray[np.float32], place: NDArray[np.float64], shape: tuple[int, ...]) -> NDArray[np.float32]:
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(
        cv2.warpAffine(plane, place, shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32
    )


def _index(i: int, j: int) -> int:
    return _PAIRS.index((min(i, j), max(i, j)))


def _inverse(spread: Sequence[NDArray[np.float32]], epsilon: float) -> list[NDArray[np.float32]]:
    """Invert symmetric 3 x 3 matrices given by their six entries, `epsilon` added to the diagonal."""
    added = [plane + np.float32(epsilon) if i == j else plane for plane, (i, j) in zip(spread, _PAIRS, strict=True)]
    a, b, c, d, e, f = added
    cofactors = [d * f - e * e, c * e - b * f, b * e - c * d, a * f - c * c, b * c - a * e, a * d - b * b]
    scale = 1 / np.maximum(a * cofactors[0] + b * cofactors[1] + c * cofactors[2], np.float32(1e-12))
    return [plane * scale for plane in cofactors]
