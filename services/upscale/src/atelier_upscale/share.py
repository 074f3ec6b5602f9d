"""How much of something there is at each pixel of a picture: everywhere the same, or as a map says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_upscale.tiles import Tile

Share: TypeAlias = "float | NDArray[np.float32]"
"""0..1: one number, or float32 (height, width, 1)."""


@dataclass(frozen=True, slots=True, eq=False)
class Amount:
    """An amount 0..1: `everywhere`, or, where there is a `map`, float32 (height, width), as that says."""

    everywhere: float
    map: NDArray[np.float32] | None = None

    @property
    def least(self) -> float:
        """Return the smallest amount."""
        return self.everywhere if self.map is None else float(self.map.min())

    @property
    def most(self) -> float:
        """Return the largest amount."""
        return self.everywhere if self.map is None else float(self.map.max())

    def at(self, tile: Tile) -> Share:
        """Return the amount at the pixels that a tile reads; beyond the picture it is that at its border."""
        if self.map is None:
            return self.everywhere
        height, width = self.map.shape
        rows = np.clip(np.arange(tile.rows.read.start, tile.rows.read.stop), 0, height - 1)
        columns = np.clip(np.arange(tile.columns.read.start, tile.columns.read.stop), 0, width - 1)
        return np.asarray(self.map[np.ix_(rows, columns)][..., None], np.float32)

    def resized(self, height: int, width: int) -> Amount:
        """Return the amount for the picture at another size."""
        if self.map is None:
            return self
        map_there = cv2.resize(self.map, (width, height), interpolation=cv2.INTER_LINEAR)
        return Amount(self.everywhere, np.asarray(map_there, np.float32))


def enlarged(share: Share, factor: int) -> Share:
    """Return a share at `factor` times the pixels."""
    if isinstance(share, float):
        return share
    height, width = share.shape[:2]
    larger = cv2.resize(share[..., 0], (factor * width, factor * height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(larger[..., None], np.float32)
