"""Keep an enlargement consistent with its picture: made small again, it is the picture.

Iterative back-projection (Irani and Peleg: Improving resolution by image registration. CVGIP 53, 1991): what the
enlargement z, made small, lacks of the picture x is enlarged and added. With D for making small and U for enlarging, n
rounds of it come to z + U Σ (I − D U)^k (x − D z), k < n, in which all but one D and one U are done on the small side.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from atelier_upscale.resample import Banded, Span, resampling
from atelier_upscale.tiles import first_sample

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from atelier_upscale.drawing import DrawnTile
    from atelier_upscale.share import Share
    from atelier_upscale.tiles import Part, Tile

ROUNDS: Final = 2
# How far one round looks, in pixels of the input: making small and enlarging reach two each.
REACH: Final = 4 * ROUNDS


@dataclass(frozen=True, slots=True, eq=False)
class Axis:
    """The matrices of a tile along one axis.

    `fit` takes the network's samples to the result's (None: they are the same), `reduce` those to the input's; `made`
    says which of them are the tile's own, and `enlarge` makes just these of the input's. `kept` is what making the
    input large and small again leaves of it.
    """

    fit: Banded | None
    reduce: Banded
    enlarge: Banded
    kept: Banded
    made: slice

    @classmethod
    @lru_cache(maxsize=64)
    def of(cls, part: Part, length: int, to: int, factor: int) -> Axis:
        """Make the matrices for a part of an axis of `length` samples that becomes one of `to`."""
        read = part.read
        seen = Span(first_sample(read.start, length, to), first_sample(read.stop, length, to))
        drawn = Span(read.start * factor, read.stop * factor)
        fit = None if to == length * factor else Banded.of(resampling(length * factor, to, drawn, seen))
        reduce, enlarge = resampling(to, length, seen, read), resampling(length, to, read, seen)
        made = part.made.within(seen)
        return cls(fit, Banded.of(reduce), Banded.of(enlarge[made]), Banded.of(reduce @ enlarge), made)


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A tile's way from what a network drew to its part of the result."""

    rows: Axis
    columns: Axis

    @classmethod
    def of(cls, tile: Tile, size: tuple[int, int], to: tuple[int, int], factor: int) -> Projection:
        """Make it for a tile of a picture of `size` that becomes one of `to`, both height and width."""
        return cls(
            Axis.of(tile.rows, size[0], to[0], factor),
            Axis.of(tile.columns, size[1], to[1], factor),
        )

    def result(self, drawn: DrawnTile, weight: Share) -> NDArray[np.float32]:
        """Return the tile's part of the result, float32 (h, w, 3), not clipped.

        `weight` says how much of what is lacking is added. Detail is added to the enlarged input in one go with that:
        enlarging is linear, and costs as much as all the rest.
        """
        own, fine = drawn.own, self._fitted(drawn.values)
        lacking = own - self._reduced(fine)
        if drawn.is_detail:
            lacking -= self._kept(own)
        correction = lacking.copy()
        for _ in range(ROUNDS - 1):
            correction += lacking - self._kept(correction)
        correction *= weight
        if drawn.is_detail:
            correction += own
        enlarged = self.rows.enlarge.down(self.columns.enlarge.across(correction))
        enlarged += fine[self.rows.made, self.columns.made]
        return enlarged

    def _fitted(self, drawn: NDArray[np.float32]) -> NDArray[np.float32]:
        down = self.rows.fit.down(drawn) if self.rows.fit else drawn
        return self.columns.fit.across(down) if self.columns.fit else down

    def _reduced(self, fine: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.columns.reduce.across(self.rows.reduce.down(fine))

    def _kept(self, small: NDArray[np.float32]) -> NDArray[np.float32]:
        return self.columns.kept.across(self.rows.kept.down(small))
