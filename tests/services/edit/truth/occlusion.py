"""Which places of a surface a direction reaches: a shadow map, drawn by z-buffer from the lamp's side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Side of a cell of the map, and how far behind the foremost place of its cell one still counts as lit, in pixels.
_CELL: Final = 1.25
_BIAS: Final = 1.0
_GRAZING: Final = 0.08
_SKY_DIRECTIONS: Final = 40


def points_of(depth: NDArray[np.float32], inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return places (N, 3) on a surface, x right, y up, z to the lens, as dense on its steep parts as elsewhere."""
    rows, columns = np.nonzero(inside)
    found = [np.column_stack([columns, -rows, depth[rows, columns]])]
    for down, right in ((0, 1), (1, 0)):
        near = depth[: depth.shape[0] - down, : depth.shape[1] - right]
        far = depth[down:, right:]
        both = inside[down:, right:] & inside[: near.shape[0], : near.shape[1]]
        rows, columns = np.nonzero(both & (np.abs(far - near) > 1))
        counts = np.ceil(np.abs(far - near)[rows, columns]).astype(int)
        step = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        part = step / np.repeat(counts, counts)
        rows, columns = np.repeat(rows, counts), np.repeat(columns, counts)
        height = (1 - part) * near[rows, columns] + part * far[rows, columns]
        found.append(np.column_stack([columns + part * right, -(rows + part * down), height]))
    return np.concatenate(found).astype(np.float32)


def lit(
    points: NDArray[np.float32],
    depth: NDArray[np.float32],
    normals: NDArray[np.float32],
    direction: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Say for every pixel of a surface whether a direction (3,) reaches it: float32 (H, W), 0..1."""
    across, upwards = _frame(direction)
    rows, columns = np.mgrid[: depth.shape[0], : depth.shape[1]].astype(np.float32)
    own = np.stack([columns, -rows, depth], axis=-1)
    u, v, near = points @ across / _CELL, points @ upwards / _CELL, points @ direction
    left, low = u.min() - 1, v.min() - 1
    shape = (int(v.max() - low) + 3, int(u.max() - left) + 3)
    buffer = np.full(shape, -np.inf, np.float32)
    order = np.argsort(near)
    buffer[(v - low).astype(int)[order], (u - left).astype(int)[order]] = near[order]
    buffer = np.maximum(buffer, -1e6).astype(np.float32)
    # Cells between samples, and the share of each that is lit: a soft test instead of a hard one hides the cells.
    buffer = np.maximum(buffer, cv2.erode(cv2.dilate(buffer, np.ones((3, 3))), np.ones((3, 3))))
    where_u = np.asarray(own @ across / _CELL - left, np.float32) - 0.5
    where_v = np.asarray(own @ upwards / _CELL - low, np.float32) - 0.5
    first = cv2.remap(buffer, where_u, where_v, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=-1e6)
    behind = first - np.asarray(own @ direction, np.float32)
    # Places that share a cell lie the further apart the more the surface slants to the light.
    cosine = np.clip(normals @ direction, _GRAZING, 1)
    slant = 1.5 * _CELL * np.sqrt(1 - cosine**2) / cosine
    return np.asarray(np.clip(_BIAS + slant + 0.5 - behind, 0, 1), np.float32)


def openness(
    points: NDArray[np.float32], depth: NDArray[np.float32], normals: NDArray[np.float32], unit: float
) -> NDArray[np.float32]:
    """Return the share of an even sky that reaches each pixel, by cosine: float32 (H, W), 0..1."""
    total = np.zeros(depth.shape, np.float32)
    whole = np.zeros(depth.shape, np.float32)
    for direction in spread_over(np.array([0.0, 0.0, 1.0], np.float32), 1.0, _SKY_DIRECTIONS):
        cosine = np.maximum(normals @ direction, 0)
        total += cosine * lit(points, depth, normals, direction)
        whole += cosine
    share = total / np.maximum(whole, 1e-3)
    return np.asarray(cv2.GaussianBlur(share, (0, 0), 0.012 * unit), np.float32)


def spread_over(direction: NDArray[np.float32], sine: float, count: int) -> list[NDArray[np.float32]]:
    """Return unit vectors spread evenly over the disc of directions with that sine of the angular radius."""
    across, upwards = _frame(direction)
    steps = np.arange(count) + 0.5
    tallest = 1 - np.sqrt(1 - min(sine, 0.999) ** 2)
    along = 1 - tallest * steps / count  # equal solid angles
    aside = np.sqrt(1 - along**2)
    angle = np.pi * (1 + np.sqrt(5)) * steps
    spread = along[:, None] * direction + aside[:, None] * (
        np.cos(angle)[:, None] * across + np.sin(angle)[:, None] * upwards
    )
    return [np.asarray(each, np.float32) for each in spread]


def _frame(direction: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return two unit vectors across a direction."""
    other = np.array([0.0, 1.0, 0.0]) if abs(direction[1]) < 0.9 else np.array([1.0, 0.0, 0.0])
    across = np.cross(other, direction)
    across /= np.linalg.norm(across)
    return across.astype(np.float32), np.cross(direction, across).astype(np.float32)
