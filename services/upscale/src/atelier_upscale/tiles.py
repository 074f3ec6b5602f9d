"""A picture cut into tiles that overlap, so that what each gives fits the others without a seam."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_upscale.resample import Span

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels

# Sides of a tile's own part, in pixels of the input: a multiple of the first, at most the second, and so many that tile
# and margins make at most the third of the output. All tiles of a picture have one size, so that they batch.
_STEP: Final = 32
LARGEST: Final = 512
_LARGEST_OUTPUT: Final = 2560
# What one inference takes at most, in pixels: narrow tiles go several at a time.
_BATCH_PIXELS: Final = 600 * 600


@dataclass(frozen=True, slots=True)
class Part:
    """A tile along one axis: the samples it reads, margins included, and those of the result it makes."""

    read: Span
    made: Span


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile: its rows and its columns."""

    rows: Part
    columns: Part


@dataclass(frozen=True, slots=True)
class Grid:
    """All tiles of a picture in reading order, as batches; `margin` is how far each reads beyond its own part."""

    batches: tuple[tuple[Tile, ...], ...]
    margin: int

    @property
    def count(self) -> int:
        """Return the number of tiles."""
        return sum(map(len, self.batches))

    @property
    def pixels_read(self) -> int:
        """Return how many pixels the tiles read together."""
        return sum(len(tile.rows.read) * len(tile.columns.read) for batch in self.batches for tile in batch)


def cut(height: int, width: int, to_height: int, to_width: int, margin: int, largest: int = LARGEST) -> Grid:
    """Cut a picture that becomes `to_height` x `to_width` into tiles that read `margin` pixels beyond their part.

    `largest` bounds the sides of a tile's own part.
    """
    ratio = max(to_height / height, to_width / width)
    side = max(_STEP, min(largest, int(_LARGEST_OUTPUT / ratio) - 2 * margin) // _STEP * _STEP)
    rows = _parts(height, to_height, margin, side)
    columns = _parts(width, to_width, margin, side)
    tiles = [Tile(row, column) for row in rows for column in columns]
    at_once = max(1, _BATCH_PIXELS // (len(tiles[0].rows.read) * len(tiles[0].columns.read)))
    return Grid(tuple(tuple(tiles[at : at + at_once]) for at in range(0, len(tiles), at_once)), margin)


class Margined:
    """A picture with its mirror image around it, which tiles near the border read."""

    def __init__(self, pixels: Pixels, grid: Grid) -> None:
        height, width = pixels.shape[:2]
        last = grid.batches[-1][-1]
        self._margin = grid.margin
        below, right = last.rows.read.stop - height, last.columns.read.stop - width
        around = (grid.margin, below, grid.margin, right)
        self._pixels: Pixels = np.asarray(cv2.copyMakeBorder(pixels, *around, cv2.BORDER_REFLECT), pixels.dtype)

    def read(self, tile: Tile) -> Pixels:
        """Return what a tile reads."""
        rows, columns = tile.rows.read, tile.columns.read
        at = self._margin
        return self._pixels[rows.start + at : rows.stop + at, columns.start + at : columns.stop + at]


def _parts(length: int, to: int, margin: int, largest: int) -> list[Part]:
    count = math.ceil(length / largest)
    side = math.ceil(length / count / _STEP) * _STEP
    parts = []
    for start in range(0, length, side):
        end = min(start + side, length)
        read = Span(start - margin, start + side + margin)
        parts.append(Part(read, Span(first_sample(start, length, to), first_sample(end, length, to))))
    return parts


def first_sample(place: int, length: int, to: int) -> int:
    """Return the first sample of the result whose centre lies at or beyond a sample's left edge."""
    return math.ceil(place * to / length - 0.5)
