"""Drawn patches: flat shapes with hard edges, and strands like hair and lashes.

Photographs come sharpened, so that their edges have halos, and a network that saw nothing else draws halos. In a
drawing an edge is just an edge.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINER = 4  # drawn so many times as large, then averaged: every pixel is the mean of what it covers


def drawing(side: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return a drawn patch, (side, side, 3) uint8."""
    canvas = np.full((side * FINER, side * FINER, 3), _colour(generator), np.uint8)
    if generator.random() < 0.5:
        _shapes(canvas, generator)
    else:
        _strands(canvas, generator)
    return np.asarray(cv2.resize(canvas, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _shapes(canvas: NDArray[np.uint8], generator: np.random.Generator) -> None:
    side = canvas.shape[0]
    for _ in range(generator.integers(2, 7)):
        centre = generator.integers(0, side, 2).tolist()
        kind = generator.choice(("ellipse", "polygon", "upright"))
        if kind == "ellipse":
            axes = generator.integers(side // 16, side // 2, 2).tolist()
            cv2.ellipse(canvas, centre, axes, float(generator.uniform(0, 180)), 0, 360, _colour(generator), -1)
        elif kind == "upright":
            corner = generator.integers(0, side, 2).tolist()
            cv2.rectangle(canvas, centre, corner, _colour(generator), -1)
        else:
            corners = centre + generator.normal(0, side / 4, (generator.integers(3, 6), 2))
            cv2.fillPoly(canvas, [corners.astype(np.int32)], _colour(generator))


def _strands(canvas: NDArray[np.uint8], generator: np.random.Generator) -> None:
    """Draw curved lines that run much the same way, in shades of one colour."""
    side = canvas.shape[0]
    colour = np.array(_colour(generator), float)
    along = np.linspace(0, 1, 12)[:, None]
    bend, way = generator.normal(0, side / 3, 2), generator.normal(0, side / 2, 2)
    for _ in range(generator.integers(4, 60)):
        start = generator.uniform(0, side, 2)
        curve = start + along * (way + generator.normal(0, side / 12, 2)) + along**2 * bend
        shade = np.clip(colour * generator.uniform(0.6, 1.3), 0, 255).tolist()
        cv2.polylines(canvas, [curve.astype(np.int32)], False, shade, int(generator.integers(FINER // 2, 3 * FINER)))


def _colour(generator: np.random.Generator) -> tuple[float, float, float]:
    """Return a muted colour."""
    red, green, blue = np.clip(generator.uniform(0, 255) + generator.normal(0, 25, 3), 0, 255)
    return float(red), float(green), float(blue)
