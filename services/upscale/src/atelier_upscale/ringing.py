"""Keep edges from ringing: what is drawn may go beyond the picture's own range around it by so much and no more.

A network sharpens an edge by a dark line on one side and a bright one on the other. Lashes and catchlights are
brighter or darker than a coarser picture could show them, so some of it is right: a share of the local contrast.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_upscale.tiles import Part, Tile

BEYOND: Final = 0.08
"""How far it may go, over the difference between the brightest and the darkest pixel around."""
_WINDOW: Final = 7
REACH: Final = _WINDOW // 2 + 1


def limit(values: NDArray[np.float32], own: NDArray[np.float32], tile: Tile, ratio: tuple[float, float]) -> None:
    """Limit what was drawn for a tile's part, float32 (h, w, 3), in place.

    `own`, float32 (H, W, 3), is what the tile reads; `ratio` is height over height and width over width.
    """
    window = np.ones((_WINDOW, _WINDOW), np.uint8)
    high, low = cv2.dilate(own, window), cv2.erode(own, window)
    room = np.float32(BEYOND) * (high - low)
    place = np.array([_line(tile.columns, ratio[1], 0), _line(tile.rows, ratio[0], 1)], np.float64)
    size = (values.shape[1], values.shape[0])
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cv2.min(values, cv2.warpAffine(high + room, place, size, flags=how, borderMode=cv2.BORDER_REPLICATE), dst=values)
    cv2.max(values, cv2.warpAffine(low - room, place, size, flags=how, borderMode=cv2.BORDER_REPLICATE), dst=values)


def _line(part: Part, ratio: float, axis: int) -> list[float]:
    """Return a row of the affine map from a place in the tile's part to one in what it reads."""
    start = (part.made.start + 0.5) / ratio - 0.5 - part.read.start
    return [1 / ratio, 0.0, start] if axis == 0 else [0.0, 1 / ratio, start]
