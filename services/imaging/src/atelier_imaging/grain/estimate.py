"""Estimate the grain of a photograph from its smooth areas.

A block counts as smooth by what its low frequencies say, where grain has no part; so the choice does not favour blocks
with little grain. From the blocks' residuals come the deviation by tone, the correlation between neighbours, and
whether the three channels share one field.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging.grain.drawing import REFERENCE_EDGE
from atelier_imaging.grain.model import LEVELS, GrainModel, statistics
from atelier_imaging.strips import to_float

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.strips import PixelArray

BLOCK = 24
MIN_BLOCKS = 6
TONES = 7
# Deviation of half a step of 8 bits: nothing can be told from rounding below it.
_NOTHING = 0.5 / 255.0
_LARGEST_EDGE = 2048


@dataclass(frozen=True, slots=True)
class Estimate:
    """The grain that was found: a model with its strength, the channels, and factors by tone on the model's deviation.

    `blocks` is the number of smooth blocks it rests on. `strength` is 0 where no grain could be told from rounding.
    """

    model: GrainModel
    strength: float
    rgb: bool
    layer_gains: tuple[float, float, float]
    layer_correlation: float
    tone_gains: tuple[float, ...]
    blocks: int


NONE = Estimate(GrainModel(), 0.0, False, (1.0, 1.0, 1.0), 0.0, (1.0, 1.0), 0)


def estimate_grain(pixels: PixelArray) -> Estimate:
    """Estimate the grain of a display-encoded photograph, uint8 or uint16 (h, w, 3), h and w at least 96."""
    edge = max(pixels.shape[:2])
    if edge > _LARGEST_EDGE:
        # The middle tells enough, and a resized picture would tell of the resizing.
        top, left = (max(0, (side - _LARGEST_EDGE) // 2) for side in pixels.shape[:2])
        pixels = np.ascontiguousarray(pixels[top : top + _LARGEST_EDGE, left : left + _LARGEST_EDGE])
    if min(pixels.shape[:2]) < 4 * BLOCK:
        return NONE
    residuals, levels = _smooth_blocks(to_float(pixels))
    if len(residuals) < MIN_BLOCKS:
        return NONE
    mean_variance = float(np.median(residuals.var(axis=(1, 2)).mean(axis=1)))
    if np.sqrt(mean_variance) < _NOTHING:
        return NONE
    return _fit(residuals, levels, _correlation_sigma(residuals), REFERENCE_EDGE / edge)


def _smooth_blocks(picture: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Choose smooth blocks, some for each tone; answer their residuals (n, B, B, 3) and mean values (n, 3)."""
    height, width = (side // BLOCK * BLOCK for side in picture.shape[:2])
    blocks = picture[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK, 3)
    blocks = blocks.transpose(0, 2, 1, 3, 4).reshape(-1, BLOCK, BLOCK, 3)
    low = cv2.GaussianBlur(picture, (0, 0), 5.0)
    slope = np.abs(cv2.Laplacian(low, cv2.CV_32F, ksize=3)).sum(axis=2)
    slope += 0.15 * (np.abs(cv2.Sobel(low, cv2.CV_32F, 1, 0)) + np.abs(cv2.Sobel(low, cv2.CV_32F, 0, 1))).sum(axis=2)
    activity = slope[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK).max(axis=(1, 3)).ravel()
    levels = blocks.mean(axis=(1, 2), dtype=np.float64)
    clipped = ((blocks <= 0.004) | (blocks >= 0.996)).mean(axis=(1, 2, 3)) > 0.02
    chosen = _quietest(activity, levels.mean(axis=1), ~clipped)
    return _residuals(blocks[chosen].astype(np.float64)), levels[chosen]


def _quietest(activity: NDArray[np.float32], tone: NDArray[np.float64], usable: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Take the quietest tenth of the blocks, and of each tone at least the quietest few, if they are quiet enough."""
    if not usable.any():
        return np.zeros(0, np.intp)
    limit = float(np.quantile(activity[usable], 0.1))
    chosen = usable & (activity <= limit)
    for index in range(TONES):
        members = np.flatnonzero(usable & ((tone * TONES).astype(int) == index))
        quiet = members[np.argsort(activity[members], kind="stable")][:8]
        chosen[quiet[activity[quiet] <= 1.5 * limit]] = True
    return np.flatnonzero(chosen)


def _residuals(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take each block's best second-order surface away."""
    y, x = np.mgrid[-1 : 1 : BLOCK * 1j, -1 : 1 : BLOCK * 1j]
    basis = np.stack([np.ones_like(x), x, y, x * x, y * y, x * y], axis=-1).reshape(-1, 6)
    orthonormal, _ = np.linalg.qr(basis)
    flat = blocks.reshape(len(blocks), BLOCK * BLOCK, 3)
    fitted = np.einsum("pk,nkc->npc", orthonormal, np.einsum("pk,npc->nkc", orthonormal, flat))
    return np.asarray((flat - fitted).reshape(blocks.shape))


def _correlation_sigma(residuals: NDArray[np.float64]) -> float:
    """Give the deviation, in pixels, of the kernel behind the correlation exp(−k²/4σ²) of neighbours."""
    variance = np.median((residuals**2).mean(axis=(1, 2)), axis=0).sum()
    beside = np.median((residuals[:, :, 1:] * residuals[:, :, :-1]).mean(axis=(1, 2)), axis=0).sum()
    below = np.median((residuals[:, 1:] * residuals[:, :-1]).mean(axis=(1, 2)), axis=0).sum()
    measured = (beside + below) / 2.0 / variance
    sigma = 0.8
    for _ in range(4):
        # The surface took smooth variance away, which neighbours share.
        taken = 1.0 - _freedom(sigma)
        correlation = np.clip(measured * (1.0 - taken) + taken, 0.05, 0.985)
        sigma = float(np.sqrt(-1.0 / (4.0 * np.log(correlation))))
    return sigma


def _freedom(sigma: float) -> float:
    """Give the share of a block's variance that survives taking its surface away: six freedoms go."""
    return 1.0 - min(0.5, 6.0 * 4.0 * float(np.pi) * sigma**2 / BLOCK**2)


def _fit(residuals: NDArray[np.float64], levels: NDArray[np.float64], sigma_pixels: float, scale: float) -> Estimate:
    """Fit radius, strength, channels and factors by tone to the residuals; `scale` leads to the model's pixels."""
    cross = np.median(np.einsum("nyxc,nyxd->ncd", residuals, residuals), axis=0) / BLOCK**2
    deviation = np.sqrt(np.diag(cross))
    correlation = float(np.mean([cross[i, j] / (deviation[i] * deviation[j]) for i, j in ((0, 1), (0, 2), (1, 2))]))
    rgb = correlation < 0.85
    model = GrainModel(filter_sigma=float(np.clip(sigma_pixels * scale, 0.3, 3.0)))
    measured = np.sqrt(residuals.var(axis=(1, 2)) / _freedom(sigma_pixels))
    expected = np.sqrt(np.interp(levels, np.linspace(0.0, 1.0, LEVELS), statistics(model).variance)) + 1e-9
    ratio = float(np.median(measured / expected))
    radius = float(np.clip(model.radius * ratio, 0.05, 0.30))
    model = GrainModel(radius, filter_sigma=model.filter_sigma)
    expected = np.sqrt(np.interp(levels, np.linspace(0.0, 1.0, LEVELS), statistics(model).variance)) + 1e-9
    strength = float(np.median(measured / expected))
    gains = tuple(float(value) for value in np.round(deviation / deviation.mean(), 3)) if rgb else (1.0, 1.0, 1.0)
    tones = _tone_gains(measured / expected / strength, levels)
    shared = float(np.clip(correlation, 0.0, 0.85)) if rgb else 0.0
    return Estimate(model, min(strength, 2.0), rgb, (gains[0], gains[1], gains[2]), shared, tones, len(residuals))


def _tone_gains(ratio: NDArray[np.float64], levels: NDArray[np.float64]) -> tuple[float, ...]:
    """Give the factor on the model's deviation at evenly spread tones; few blocks speak softly, none say 1."""
    centres = np.linspace(0.0, 1.0, TONES)
    gains = []
    for centre in centres:
        weight = np.exp(-0.5 * ((levels - centre) / 0.08) ** 2)
        heard = weight.sum() / (weight.sum() + 6.0)
        mean = float((weight * ratio).sum() / max(weight.sum(), 1e-9))
        gains.append(float(np.clip(1.0 + heard * (mean - 1.0), 0.5, 2.0)))
    return tuple(round(gain, 3) for gain in gains)
