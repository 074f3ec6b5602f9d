"""What is measured of an enlargement, where the truth is known.

PSNR and SSIM as the literature of super-resolution takes them, on BT.601 luma with the border shaved; beside them
what those two do not see: whether texture and fine structure have their strength, and whether edges ring. Pictures
are (height, width, 3) uint8 sRGB.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Enlarge = Callable[[NDArray[np.uint8]], NDArray[np.uint8]]

SHAVE = 4
LUMA = np.array([65.481, 128.553, 24.966]) / 255
# Structure that runs one way, like hair: coherence of the structure tensor and share of all gradients above these.
COHERENT, STRONGEST = 0.6, 0.9
EDGE_SIDE, EDGE_LEVELS, EDGE_ANGLES = 96, (64, 192), (0, 11, 27, 45, 63, 90)


def luma(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return BT.601 luma, 16 to 235, as MATLAB's rgb2ycbcr does, not rounded."""
    return np.asarray(picture @ LUMA + 16, np.float64)


def psnr(answer: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """Return PSNR of luma in decibels."""
    error = np.mean((_inner(answer) - _inner(truth)) ** 2)
    return float(10 * np.log10(255**2 / error))


def ssim(answer: NDArray[np.uint8], truth: NDArray[np.uint8]) -> float:
    """Return the structural similarity of luma (Wang et al. 2004): 11×11 Gaussian window, σ 1.5, valid part only."""
    x, y = _inner(answer), _inner(truth)
    mean_x, mean_y = _windowed(x), _windowed(y)
    variances = _windowed(x * x) - mean_x**2 + _windowed(y * y) - mean_y**2
    covariance = _windowed(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    likeness = (2 * mean_x * mean_y + c1) * (2 * covariance + c2)
    return float(np.mean(likeness / ((mean_x**2 + mean_y**2 + c1) * (variances + c2))))


def texture_ratio(answer: NDArray[np.uint8], truth: NDArray[np.uint8], scale: int) -> float:
    """Return the strength of fine detail as a share of the truth's: 1 is right, less is smeared, more is invented.

    Detail is what a Gaussian of half an input pixel takes away; its strength the root mean square of luma.
    """
    strengths = [
        np.sqrt(np.mean((y - cv2.GaussianBlur(y, (0, 0), scale / 2)) ** 2)) for y in map(_inner, (answer, truth))
    ]
    return float(strengths[0] / strengths[1])


def oriented_energy(answer: NDArray[np.uint8], truth: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return the gradient energy across hair and lashes, relative to that of `other`.

    Where they are says the truth: structure that is strong and runs one way (structure tensor, Bigün and Granlund
    1987).
    """
    where, normal = _fibres(_inner(truth))
    energies = [_across(_inner(picture), normal)[where].mean() for picture in (answer, other)]
    return float(energies[0] / energies[1])


def overshoot(enlarge: Enlarge, scale: int) -> float:
    """Return how far an enlarged step goes beyond its levels, as a share of the step: the worst of several angles."""
    low, high = EDGE_LEVELS
    worst = 0.0
    for angle in EDGE_ANGLES:
        answer = enlarge(_edge(np.deg2rad(angle), scale)).astype(np.float64)
        inner = answer[4 * scale : -4 * scale, 4 * scale : -4 * scale]
        worst = max(worst, inner.max() - high, low - inner.min())
    return float(worst / (high - low))


def _edge(angle: float, scale: int) -> NDArray[np.uint8]:
    """Return a step at an angle, every pixel the mean of what it covers: no ringing of its own."""
    fine = 8
    y, x = np.mgrid[: EDGE_SIDE // scale * fine, : EDGE_SIDE // scale * fine] - EDGE_SIDE // scale * fine / 2 + 0.3
    low, high = EDGE_LEVELS
    step = np.where(x * np.cos(angle) + y * np.sin(angle) > 0, high, low).astype(np.float32)
    covered = cv2.resize(step, None, fx=1 / fine, fy=1 / fine, interpolation=cv2.INTER_AREA)
    return np.repeat(np.rint(covered).astype(np.uint8)[..., None], 3, axis=2)


def _fibres(plane: NDArray[np.float64]) -> tuple[NDArray[np.bool_], tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return where strong structure runs one way, and the unit normal of it."""
    x, y = _gradients(plane)
    xx, yy, xy = (cv2.GaussianBlur(product, (0, 0), 2) for product in (x * x, y * y, x * y))
    coherence = np.hypot(xx - yy, 2 * xy) / np.maximum(xx + yy, 1e-6)
    strong = xx + yy > np.quantile(xx + yy, STRONGEST)
    angle = np.arctan2(2 * xy, xx - yy) / 2
    return (coherence > COHERENT) & strong, (np.cos(angle), np.sin(angle))


def _across(plane: NDArray[np.float64], normal: tuple[NDArray[np.float64], NDArray[np.float64]]) -> NDArray[np.float64]:
    x, y = _gradients(plane)
    return np.asarray((x * normal[0] + y * normal[1]) ** 2, np.float64)


def _gradients(plane: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    y, x = np.gradient(plane)
    return np.asarray(x, np.float64), np.asarray(y, np.float64)


def _inner(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    return luma(picture)[SHAVE:-SHAVE, SHAVE:-SHAVE]


def _windowed(values: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(cv2.GaussianBlur(values, (11, 11), 1.5)[5:-5, 5:-5], np.float64)
