"""Previews: latents shown as a picture by one matrix, which is fitted to what the checkpoint itself decodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A transformer's token stands for a patch of latents, which are shown apart.
_PATCH: Final = 2
# Keeps the fit from following noise where there are few examples; a share of the latents' own power.
_RIDGE: Final = 1e-3


class Projection:
    """What a latent looks like, on average: the least-squares matrix from latents to the pixels that they became.

    It knows nothing before the first example, and each one makes it better. Decoding would be exact and cost more
    than a step of the network; a matrix costs nothing.
    """

    def __init__(self) -> None:
        self._squares: NDArray[np.float64] | None = None
        self._products: NDArray[np.float64] | None = None

    @property
    def knows(self) -> bool:
        """Say whether there was an example."""
        return self._products is not None

    def learn(self, latents: Any, picture: NDArray[np.float32]) -> None:
        """Take in what latents, a tensor of one picture, were decoded to: (height, width, 3) in 0..1."""
        points = _points(latents, picture.shape[:2])
        if points is None:
            return
        seen = _patches(picture, points.shape[:2], _patch(latents)).reshape(-1, 3 * _patch(latents) ** 2)
        known = _with_one(points)
        squares, products = known.T @ known, known.T @ seen.astype(np.float64)
        if self._squares is None or self._products is None:
            self._squares, self._products = squares, products
        else:
            self._squares, self._products = self._squares + squares, self._products + products

    def show(self, latents: Any, size: tuple[int, int]) -> NDArray[np.uint8] | None:
        """Return how latents of a picture of (height, width) look, uint8 (h, w, 3) in sRGB; None if it cannot say."""
        points = _points(latents, size)
        if points is None or self._squares is None or self._products is None:
            return None
        ridge = _RIDGE * np.trace(self._squares) / len(self._squares)
        matrix = np.linalg.solve(self._squares + ridge * np.eye(len(self._squares)), self._products)
        height, width, patch = *points.shape[:2], _patch(latents)
        seen = (_with_one(points) @ matrix).reshape(height, width, patch, patch, 3).swapaxes(1, 2)
        return np.asarray(np.rint(255 * np.clip(seen.reshape(height * patch, width * patch, 3), 0, 1)), np.uint8)


def _points(latents: Any, size: tuple[int, int]) -> NDArray[np.float64] | None:
    """Return latents as (h, w, channels).

    They come as a picture (1, c, h, w), as a film of one picture (1, c, 1, h, w), or as tokens (1, n, c), row by row.
    None where the tokens do not make a rectangle of the picture's shape.
    """
    array: NDArray[np.float64] = latents.detach().float().cpu().numpy().astype(np.float64)[0]
    if array.ndim > 2:
        return np.moveaxis(array.reshape(array.shape[0], *array.shape[-2:]), 0, -1)
    rows = round((len(array) * size[0] / size[1]) ** 0.5)
    columns = len(array) // max(rows, 1)
    return array.reshape(rows, columns, -1) if rows * columns == len(array) else None


def _patch(latents: Any) -> int:
    return _PATCH if latents.ndim == 3 else 1


def _patches(picture: NDArray[np.float32], size: tuple[int, int], patch: int) -> NDArray[np.float32]:
    """Shrink a picture to `patch` pixels a point each way, as (h, w, patch * patch * 3)."""
    height, width = size
    small = cv2.resize(picture, (width * patch, height * patch), interpolation=cv2.INTER_AREA)
    cut = small.reshape(height, patch, width, patch, 3).swapaxes(1, 2)
    return np.asarray(cut.reshape(height, width, -1), np.float32)


def _with_one(points: NDArray[np.float64]) -> NDArray[np.float64]:
    flat = points.reshape(-1, points.shape[-1])
    return np.hstack([flat, np.ones((len(flat), 1))])
