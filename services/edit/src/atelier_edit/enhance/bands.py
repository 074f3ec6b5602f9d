"""Detail by octaves that leaves edges alone: the local Laplacian filter.

Around every pixel the picture is remapped so that only what differs a little from that pixel is left, and the
Laplacian pyramid of that remapping is read at the pixel. So a band holds texture and no edges, and a picture with more
of its bands has no halos. Remapping for some tones only and interpolating between them is the fast form of it.

Paris, Hasinoff and Kautz, "Local Laplacian Filters", ACM TOG 30 (2011); Aubry, Paris, Hasinoff, Kautz and Durand, "Fast
Local Laplacian Filters", ACM TOG 33 (2014).
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import pairwise, product
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

LEVELS: Final = 4
"""Octaves of detail: level 0 has waves of 2 to 4 pixels, level 3 of 16 to 32."""

# Differences of about this much, in perceptual lightness 0..1, are detail; from twice as much on they are edges.
_DETAIL: Final = 0.12
# A tile and what is looked at around it, multiples of 2 ** LEVELS: so its pyramid samples where the whole one does.
# A pixel of the coarsest level reaches 2 (1 + 2 + 4 + 8) pixels on the way down and as many on the way up.
_TILE: Final = 256
_HALO: Final = 64


@dataclass(frozen=True, slots=True, eq=False)
class Bands:
    """The detail of a picture by octave, and its Gaussian pyramid.

    `detail[l]` is float32 (h / 2^l, w / 2^l), `smooth[l]` the same and one level more, all in the unit of the lightness
    they were made of.
    """

    detail: tuple[NDArray[np.float32], ...]
    smooth: tuple[NDArray[np.float32], ...]


def gaussian_pyramid(lightness: NDArray[np.float32], levels: int = LEVELS) -> tuple[NDArray[np.float32], ...]:
    """Return lightness, float32 (h, w), and `levels` halvings of it."""
    pyramid = [lightness]
    for _ in range(levels):
        pyramid.append(np.asarray(cv2.pyrDown(pyramid[-1]), np.float32))
    return tuple(pyramid)


def local_bands(
    lightness: NDArray[np.float32], levels: int = LEVELS, check: Callable[[], None] = lambda: None
) -> Bands:
    """Split the detail of lightness, float32 (h, w), 0..1, perceptual, into its finest `levels` octaves, 4 at most.

    `check` is called before each tile and may raise to stop the work.
    """
    smooth = gaussian_pyramid(lightness, levels)
    detail = tuple(np.zeros_like(level) for level in smooth[:-1])
    height, width = lightness.shape

    def work(corner: tuple[int, int]) -> None:
        check()
        _fill_tile(smooth, detail, *corner)

    corners = list(product(range(0, height, _TILE), range(0, width, _TILE)))
    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for done in [pool.submit(work, corner) for corner in corners]:
            done.result()
    return Bands(detail, smooth)


def collapsed(bands: tuple[NDArray[np.float32], ...]) -> NDArray[np.float32]:
    """Add up bands, coarse to fine: float32 of the finest one's size."""
    total = bands[-1]
    for band in reversed(bands[:-1]):
        total = band + cv2.pyrUp(total, dstsize=band.shape[::-1])
    return np.asarray(total, np.float32)


def _fill_tile(
    smooth: tuple[NDArray[np.float32], ...], detail: tuple[NDArray[np.float32], ...], top: int, left: int
) -> None:
    """Write the detail of one tile, by the tones that occur in it."""
    outer = (slice(max(0, top - _HALO), top + _TILE + _HALO), slice(max(0, left - _HALO), left + _TILE + _HALO))
    patch = smooth[0][outer]
    levels = [_tile_of(smooth[level], outer, level) for level in range(len(detail))]
    sums = [np.zeros_like(level) for level in levels]
    first, last = int(patch.min() / _DETAIL), int(patch.max() / _DETAIL) + 1
    for index in range(first, last + 1):
        tone = np.float32(index * _DETAIL)
        for total, band, near in zip(sums, _remapped_bands(patch, tone, len(detail)), levels, strict=True):
            total += band * _share(near, tone)
    for level, total in enumerate(sums):
        # The rows and columns of the tile itself, in pixels of the level.
        row, column = (top - max(0, top - _HALO)) >> level, (left - max(0, left - _HALO)) >> level
        into = _tile_of(detail[level], (slice(top, top + _TILE), slice(left, left + _TILE)), level)
        into[:] = total[row : row + into.shape[0], column : column + into.shape[1]]


def _tile_of(plane: NDArray[np.float32], tile: tuple[slice, slice], level: int) -> NDArray[np.float32]:
    """Cut a tile, given in pixels of the finest level, out of a level."""
    rows, columns = (slice(part.start >> level, part.stop >> level) for part in tile)
    return plane[rows, columns]


def _remapped_bands(patch: NDArray[np.float32], tone: np.float32, levels: int) -> list[NDArray[np.float32]]:
    """Return the Laplacian pyramid of a patch of which only what is near a tone is left."""
    away = patch - tone
    near = cv2.exp(away * away * np.float32(-0.5 / _DETAIL**2))
    pyramid = gaussian_pyramid(np.asarray(away * near, np.float32), levels)
    return [
        np.asarray(fine - cv2.pyrUp(coarse, dstsize=fine.shape[::-1]), np.float32) for fine, coarse in pairwise(pyramid)
    ]


def _share(level: NDArray[np.float32], tone: np.float32) -> NDArray[np.float32]:
    """Return how much a tone counts at each pixel: linear between the two tones around it.

    Between two tones both remappings are less steep than at a tone: by 0.34 halfway, nearly a parabola. The share makes
    up for it, so that faint detail of every tone comes out as it is.
    """
    away = np.abs(level - tone) * np.float32(1 / _DETAIL)
    np.minimum(away, 1, out=away)
    return np.asarray((1 - away) / (1 - np.float32(4 * 0.34) * away * (1 - away)), np.float32)
