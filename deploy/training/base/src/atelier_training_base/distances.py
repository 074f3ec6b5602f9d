"""How far sets of pictures are from one another: a kernel distance, and what it is taken on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import ColorSpace, rgb_to_lab

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE: Final = (128, 160)
_BANDS: Final = 12
_CELLS: Final = (4, 5)


def kernel_distance(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    """Return the squared maximum mean discrepancy of two sets of features (N, D), unbiased, by the cubic kernel.

    As in the kernel inception distance (Binkowski et al., "Demystifying MMD GANs", ICLR 2018), on other features.
    """
    dimensions = first.shape[1]

    def kernel(one: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray((one @ other.T / dimensions + 1) ** 3, np.float64)

    def within(features: NDArray[np.float64]) -> float:
        values, count = kernel(features, features), len(features)
        return float((values.sum() - np.trace(values)) / (count * (count - 1)))

    return within(first) + within(second) - 2 * float(kernel(first, second).mean())


def standardised(reference: NDArray[np.float64], *others: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Bring features to the reference's mean and deviation; what lies further out than five deviations counts as five.

    The kernel is a cube: without a limit a single feature would decide.
    """
    mean, deviation = reference.mean(axis=0), reference.std(axis=0) + 1e-6
    return tuple(np.clip((features - mean) / deviation, -5, 5) for features in (reference, *others))


def texture_and_colour(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Describe a portrait (H, W, 3): log energy by spatial frequency, and mean and spread of L*a*b* in a few cells."""
    small = np.asarray(cv2.resize(picture, SIZE, interpolation=cv2.INTER_AREA), np.uint8)
    lab = rgb_to_lab(small, ColorSpace.SRGB)
    columns, rows = _CELLS
    cells = lab.reshape(rows, SIZE[1] // rows, columns, SIZE[0] // columns, 3)
    means, spreads = cells.mean(axis=(1, 3)), cells.std(axis=(1, 3))
    return np.concatenate([_spectrum(lab[..., 0]), means.ravel(), spreads.ravel()]).astype(np.float64)


def _spectrum(lightness: NDArray[np.float32]) -> NDArray[np.float64]:
    height, width = lightness.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    power = np.abs(np.fft.rfft2((lightness - lightness.mean()) * window)) ** 2
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.rfftfreq(width)[None])
    band = np.minimum((frequency / 0.5 * _BANDS).astype(int), _BANDS)
    return np.array([np.log(power[band == each].mean() + 1e-6) for each in range(_BANDS)])


def distances(first: NDArray[np.float32], second: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the Euclidean distances (N, M) of embeddings (N, D) and (M, D)."""
    squared = (first**2).sum(1)[:, None] + (second**2).sum(1)[None] - 2 * first.astype(np.float64) @ second.T
    return np.asarray(np.sqrt(np.maximum(squared, 0)), np.float64)
