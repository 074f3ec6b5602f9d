"""Active appearance: a face's shape and texture as sums of a few components, and the picture that they make.

Cootes, Edwards and Taylor, "Active appearance models", TPAMI 2001. Shape moves points of the mesh; texture is the
portrait, hair and clothes too, warped to the mean shape.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_generate.base.frame import GRID, HEIGHT, LOW, WIDTH, border, grid
from atelier_generate.base.warping import spline

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """The components, float32.

    `mean_shape` (P, 2) and `shapes` (S, P, 2) are in pixels of the frame, `mean_texture` (h, w, 3) and `textures`
    (T, h, w, 3) display-encoded sRGB of -1..1 at half the frame's size. Coefficients of 1 are a standard deviation.
    """

    mean_shape: NDArray[np.float32]
    shapes: NDArray[np.float32]
    mean_texture: NDArray[np.float32]
    textures: NDArray[np.float32]

    def points(self, shape: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the points (P, 2) of shape coefficients (S,)."""
        return np.asarray(self.mean_shape + np.tensordot(shape, self.shapes, 1), np.float32)

    def origins(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return where each cell of the grid lies in the mean face's frame, (HEIGHT/4, WIDTH/4, 2), in its pixels."""
        fixed = border()
        places = spline(np.concatenate([points, fixed]), np.concatenate([self.mean_shape, fixed]), grid())
        return places.reshape(HEIGHT // GRID, WIDTH // GRID, 2)

    def draw(self, places: NDArray[np.float32], texture: NDArray[np.float32]) -> NDArray[np.float32]:
        """Draw the low-rank portrait of cells at `places` (see `origins`) and texture coefficients (T,).

        Returns (HEIGHT/2, WIDTH/2, 3), -1..1 and a little beyond.
        """
        plain = self.mean_texture + np.tensordot(texture, self.textures, 1)
        return sampled(np.asarray(plain, np.float32), _finer(places))


def flattened(
    picture: NDArray[np.float32], points: NDArray[np.float32], mean_shape: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Warp a portrait (HEIGHT/2, WIDTH/2, 3) whose points are (P, 2) in pixels of the frame to the mean shape."""
    fixed = border()
    places = spline(np.concatenate([mean_shape, fixed]), np.concatenate([points, fixed]), grid())
    return sampled(picture, _finer(places.reshape(HEIGHT // GRID, WIDTH // GRID, 2)))


def _finer(places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Bring places of the grid's cells (HEIGHT/4, WIDTH/4, 2) to the low-rank picture's pixels."""
    moved = places - grid().reshape(places.shape)
    larger = cv2.resize(moved, (WIDTH // LOW, HEIGHT // LOW), interpolation=cv2.INTER_LINEAR)
    x, y = np.meshgrid(np.arange(LOW / 2, WIDTH, LOW), np.arange(LOW / 2, HEIGHT, LOW))
    return np.asarray(larger + np.stack([x, y], axis=-1), np.float32)


def sampled(picture: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Read a picture of half the frame's size at places (h, w, 2) in pixels of the frame."""
    at = np.asarray(places / LOW - 0.5, np.float32)
    drawn = cv2.remap(picture, at[..., 0], at[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(drawn, np.float32)
