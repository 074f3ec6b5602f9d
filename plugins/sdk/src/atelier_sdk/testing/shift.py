"""How far a whole picture has moved."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LUMA = (0.2126, 0.7152, 0.0722)


def global_shift(source: NDArray[np.uint8], result: NDArray[np.uint8]) -> float:
    """Return how many pixels a picture, (height, width, 3 or 4), lies beside its source of the same size.

    Phase correlation of luma under a Hann window (Kuglin and Hines, 1975), its peak refined by a parabola.
    """
    spectra = [np.fft.fft2(_windowed(each)) for each in (source, result)]
    cross = spectra[0] * np.conj(spectra[1])
    surface = np.fft.ifft2(cross / np.maximum(np.abs(cross), 1e-9)).real
    peak = np.unravel_index(int(np.argmax(surface)), surface.shape)
    return math.hypot(_offset(surface, peak, 0), _offset(surface, peak, 1))


def _windowed(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    luma = picture[..., :3] @ np.array(_LUMA)
    height, width = luma.shape
    window: NDArray[np.float64] = np.outer(np.hanning(height), np.hanning(width))
    return np.asarray((luma - luma.mean()) * window)


def _offset(surface: NDArray[np.float64], peak: tuple[np.intp, ...], axis: int) -> float:
    line = np.take(surface, peak[1 - axis], axis=1 - axis)
    size, at = len(line), int(peak[axis])
    left, top, right = line[at - 1], line[at], line[(at + 1) % size]
    curve = left - 2 * top + right
    whole = at if at <= size // 2 else at - size
    return whole + (0.5 * (left - right) / curve if curve else 0.0)
