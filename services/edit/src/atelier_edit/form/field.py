"""Fields on a small grid over a picture: bringing them there, smoothing them, reading normals off heights."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.faceframe import unit_pixels
from atelier_imaging.topology import LEFT_IRIS, RIGHT_IRIS
from atelier_imaging.warp.grid import Grid

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

# Nodes of the grid along one distance of the pupils; fewer, down to the lesser, where the whole grid would have more
# than so many: the smaller a face in the picture, the less of it is seen.
_NODES: Final = 30.0
_FEWEST_NODES: Final = 18.0
_MOST_NODES: Final = 60_000
# How far the grid reaches from the eyes: sideways, up, down.
_REACH: Final = (6.0, 4.5, 8.0)


def grid_over(portrait: Portrait, face: Face) -> Grid:
    """Lay the grid over as much of the picture as the person's head and shoulders take."""
    unit = unit_pixels(face)
    x, y = (float(value) for value in face.mesh[[LEFT_IRIS[0], RIGHT_IRIS[0]], :2].mean(axis=0))
    left, right = max(0.0, x - _REACH[0] * unit), min(float(portrait.picture.width), x + _REACH[0] * unit)
    top, bottom = max(0.0, y - _REACH[1] * unit), min(float(portrait.picture.height), y + _REACH[2] * unit)
    left, top, right, bottom = (float(round(edge)) for edge in (left, top, right, bottom))
    fitting = np.sqrt(_MOST_NODES * unit**2 / max((right - left) * (bottom - top), 1.0))
    nodes = float(np.clip(fitting, _FEWEST_NODES, _NODES))
    return Grid.covering(left, top, right, bottom, max(1.0, unit / nodes))


def sampled(
    values: NDArray[np.uint8 | np.uint16 | np.float32],
    grid: Grid,
    decode: Callable[[NDArray[np.uint8 | np.uint16 | np.float32]], NDArray[np.float32]] | None = None,
) -> NDArray[np.float32]:
    """Average full-size values (H, W) or (H, W, k) over the cells of a grid, first turned into others by `decode`.

    What is much finer than the grid is brought near its size before it is decoded: over so few pixels display-encoded
    and linear means are alike.
    """
    height, width = values.shape[:2]
    left, top = round(grid.left), round(grid.top)
    right = min(width, round(grid.left + grid.columns * grid.step))
    bottom = min(height, round(grid.top + grid.rows * grid.step))
    part: NDArray[np.uint8 | np.uint16 | np.float32] = values[top:bottom, left:right]
    finer = int(grid.step / 2)
    if decode is not None and finer > 1:
        size = (max(1, part.shape[1] // finer), max(1, part.shape[0] // finer))
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), values.dtype)
    numbers = part if decode is None else decode(part)
    return np.asarray(
        cv2.resize(np.ascontiguousarray(numbers), grid.shape[::-1], interpolation=cv2.INTER_AREA), np.float32
    )


def normals_of(height: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return the unit normals (h, w, 3) of a height field in units, on nodes of which `unit` make one."""
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=unit / 8, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=unit / 8, borderType=cv2.BORDER_REPLICATE)
    return normalised(np.stack([-across, down, np.ones_like(across)], axis=-1))


def spread(values: NDArray[np.float32], weight: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur values (h, w, k) over where they have weight (h, w); elsewhere they go on."""
    total = cv2.GaussianBlur(weight, (0, 0), sigma) + np.float32(1e-4)
    blurred = cv2.GaussianBlur(np.ascontiguousarray(values * weight[..., None]), (0, 0), sigma)
    return np.asarray(blurred.reshape(values.shape) / total[..., None], np.float32)


def normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring vectors (…, 3) to length one."""
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return np.asarray(vectors / np.maximum(length, 1e-6)[..., None], np.float32)
