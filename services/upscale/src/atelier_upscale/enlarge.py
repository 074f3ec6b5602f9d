"""Enlarge a picture in one pass of a network, tile by tile."""

from __future__ import annotations

import contextvars
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging.strips import to_float

from atelier_upscale.consistency import Projection
from atelier_upscale.drawing import draw_tiles
from atelier_upscale.ringing import limit
from atelier_upscale.tiles import Margined, cut

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from concurrent.futures import Future

    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels
    from numpy.typing import DTypeLike, NDArray

    from atelier_upscale.drawing import DrawnTile, Manner
    from atelier_upscale.size import Size
    from atelier_upscale.tiles import Grid, Tile

_DEPTHS = {"uint8": cv2.CV_8U, "uint16": cv2.CV_16U}


class Pass:
    """One enlargement: `run` yields after each batch of tiles, with how many are done, and returns the pixels."""

    def __init__(
        self, pixels: Pixels, to: Size, manner: Manner, grid: Grid | None = None, dtype: DTypeLike | None = None
    ) -> None:
        """Take pixels, uint8 or uint16 (h, w, 3), display-encoded.

        Without a grid they are cut as `manner` needs it; the result has the pixels' type, or `dtype`.
        """
        self._size = (pixels.shape[0], pixels.shape[1])
        self._to = (to.height, to.width)
        self._manner = manner
        self._dtype = np.dtype(pixels.dtype if dtype is None else dtype)
        self.grid = grid or cut(*self._size, *self._to, manner.margin)
        self._pixels = Margined(pixels, self.grid)

    def run(self, models: ModelRunner) -> Generator[int, None, Pixels]:
        """Draw all tiles. Whoever runs it decides after each batch whether to go on.

        Raises what `ModelRunner.infer` raises.
        """
        out = np.empty((*self._to, 3), self._dtype)
        done = 0
        for batch in self._drawn(models):
            for drawn in batch:
                rows, columns = drawn.tile.rows.made, drawn.tile.columns.made
                out[rows.start : rows.stop, columns.start : columns.stop] = self._finished(drawn)
            done += len(batch)
            yield done
        return out

    def _drawn(self, models: ModelRunner) -> Iterator[list[DrawnTile]]:
        """Have the network draw the next batch while the last one is finished."""
        with ThreadPoolExecutor(1, thread_name_prefix="draw") as ahead:
            pending: Future[list[DrawnTile]] | None = None
            for tiles in self.grid.batches:
                draw = contextvars.copy_context().run
                following = ahead.submit(draw, self._draw, tiles, models)
                if pending is not None:
                    yield pending.result()
                pending = following
            if pending is not None:
                yield pending.result()

    def _draw(self, tiles: tuple[Tile, ...], models: ModelRunner) -> list[DrawnTile]:
        own = np.stack([to_float(self._pixels.read(tile)) for tile in tiles])
        return draw_tiles(tiles, own, self._manner, models)

    def _finished(self, drawn: DrawnTile) -> Pixels:
        projection = Projection.of(drawn.tile, self._size, self._to, self._manner.networks.factor)
        values = projection.result(drawn, self._manner.fidelity.at(drawn.tile))
        limit(values, drawn.own, drawn.tile, (self._to[0] / self._size[0], self._to[1] / self._size[1]))
        if self._manner.is_grey:
            values[...] = values.mean(axis=2, keepdims=True)
        return self._rounded(values)

    def _rounded(self, values: NDArray[np.float32]) -> Pixels:
        scale = float(np.iinfo(self._dtype).max)
        # OpenCV's conversion rounds and saturates in one sweep.
        return np.asarray(cv2.addWeighted(values, scale, values, 0.0, 0.0, dtype=_DEPTHS[self._dtype.name]))
