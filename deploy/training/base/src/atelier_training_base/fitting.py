"""The statistics of the training portraits: mean and components of shape and texture, and how all hangs together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_generate.base.appearance import Appearance, flattened
from atelier_generate.base.frame import HEIGHT, LOW, WIDTH
from scipy.optimize import linear_sum_assignment

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHAPES: Final = 40
TEXTURES: Final = 64
# How much more the face counts than hair, clothes and background.
_FACE_WEIGHT: Final = 2.0


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """An appearance and the coefficients of the portraits that it was fitted to, (N, S) and (N, T) float32."""

    appearance: Appearance
    shapes: NDArray[np.float32]
    textures: NDArray[np.float32]


def mirrored_points(points: NDArray[np.float32]) -> NDArray[np.intp]:
    """Return for each point (P, 2) of a mean shape the index of its mirror point."""
    mirror = points * (-1, 1) + (2 * points[:, 0].mean(), 0)
    return np.asarray(linear_sum_assignment(((mirror[:, None] - points[None]) ** 2).sum(-1))[1], np.intp)


def halved(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return a framed portrait (HEIGHT, WIDTH, 3) at half its size, -1..1."""
    small = cv2.resize(picture, (WIDTH // LOW, HEIGHT // LOW), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / 127.5 - 1


def fit(pictures: NDArray[np.uint8], points: NDArray[np.float32], chances: NDArray[np.float64]) -> Fitted:
    """Fit to framed portraits (N, HEIGHT, WIDTH, 3) with points (N, P, 2); `chances` (N,) is what each counts."""
    weights = np.asarray(chances / chances.sum(), np.float32)
    mean_shape = np.asarray(np.tensordot(weights, points, 1), np.float32)
    shapes = _components(points.reshape(len(points), -1), weights, SHAPES)
    flat = np.stack([flattened(halved(each), own, mean_shape) for each, own in zip(pictures, points, strict=True)])
    importance = _importance(mean_shape)
    textures = _components((flat * importance).reshape(len(flat), -1), weights, TEXTURES)
    appearance = Appearance(
        mean_shape,
        shapes.basis.reshape(-1, *mean_shape.shape),
        np.asarray(np.tensordot(weights, flat, 1), np.float32),
        (textures.basis.reshape(-1, *flat.shape[1:]) / importance).astype(np.float32),
    )
    return Fitted(appearance, shapes.coefficients, textures.coefficients)


@dataclass(frozen=True, slots=True, eq=False)
class _Components:
    basis: NDArray[np.float32]
    coefficients: NDArray[np.float32]


def _components(rows: NDArray[np.float32], weights: NDArray[np.float32], count: int) -> _Components:
    """Return the first principal components of weighted rows, scaled so that coefficients have a variance of 1."""
    centred = (rows - weights @ rows).astype(np.float64)
    scaled = centred * np.sqrt(weights)[:, None]
    values, vectors = np.linalg.eigh(scaled @ scaled.T)
    order = np.argsort(values)[::-1][:count]
    directions = (vectors[:, order].T @ scaled) / np.sqrt(values[order])[:, None]
    deviations = np.sqrt(values[order])
    coefficients = centred @ directions.T / deviations
    return _Components((directions * deviations[:, None]).astype(np.float32), coefficients.astype(np.float32))


def _importance(mean_shape: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the weight (h, w, 1) of each pixel of the texture: more on the face, fading out around it."""
    mask = np.zeros((HEIGHT // LOW, WIDTH // LOW), np.float32)
    hull = cv2.convexHull(mean_shape.astype(np.float32) / LOW).astype(np.int32)
    cv2.fillConvexPoly(mask, hull, 1.0)
    soft = cv2.GaussianBlur(mask, (0, 0), 3.0)
    return np.asarray(1 + (_FACE_WEIGHT - 1) * soft, np.float32)[..., None]
