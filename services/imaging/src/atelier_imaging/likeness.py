"""How near a picture comes to the true one: numbers for tests and benchmarks, which know the truth.

All take display-encoded pictures (height, width, 3), uint8 or uint16, of one size, and a weight for every pixel,
float32 (height, width), 0..1, or none. `ssim` and `gmsd` look at luma as ITU-R BT.601 weighs it, on the scale 0..255
that their constants were published for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging.transfer import to_float

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.vips import Pixels

_LUMA_601 = np.array([[0.299, 0.587, 0.114]])
# Wang et al. 2004: a Gaussian of 1.5 pixels, and the constants for a range of 255.
_SSIM_SIGMA, _SSIM_C1, _SSIM_C2 = 1.5, (0.01 * 255) ** 2, (0.03 * 255) ** 2
# Xue et al. 2014.
_GMSD_C = 170.0
# Zhang et al. 2017: the weight of each octave, the finest (already halved once) first.
_GMSD_OCTAVES = (0.096, 0.596, 0.289, 0.019)
_PREWITT = np.array([[1, 0, -1]] * 3, np.float32) / 3


def psnr(truth: Pixels, picture: Pixels, weight: NDArray[np.float32] | None = None) -> float:
    """Return the peak signal-to-noise ratio of display-encoded numbers in decibels; infinite where they agree."""
    error = ((to_float(truth) - to_float(picture)) ** 2).mean(axis=2)
    mean = float(np.average(error, weights=weight))
    return float(-10 * np.log10(mean)) if mean > 0 else float("inf")


def ssim(truth: Pixels, picture: Pixels, weight: NDArray[np.float32] | None = None) -> float:
    """Return the structural similarity, 1 where the pictures agree.

    Wang, Bovik, Sheikh and Simoncelli: Image quality assessment: from error visibility to structural similarity. IEEE
    TIP 13 (2004), with its Gaussian window of 1.5 pixels.
    """
    first, second = _luma(truth), _luma(picture)
    mean_1, mean_2 = _blurred(first), _blurred(second)
    variance_1 = _blurred(first * first) - mean_1**2
    variance_2 = _blurred(second * second) - mean_2**2
    covariance = _blurred(first * second) - mean_1 * mean_2
    likeness = (2 * mean_1 * mean_2 + _SSIM_C1) * (2 * covariance + _SSIM_C2)
    likeness /= (mean_1**2 + mean_2**2 + _SSIM_C1) * (variance_1 + variance_2 + _SSIM_C2)
    return float(np.average(likeness, weights=weight))


def gmsd(truth: Pixels, picture: Pixels, weight: NDArray[np.float32] | None = None) -> float:
    """Return a perceptual distance, 0 where the pictures agree: gradient magnitude similarity deviation, four octaves.

    Xue, Zhang, Mou and Bovik: Gradient magnitude similarity deviation. IEEE TIP 23 (2014); its scales are joined as in
    Zhang, Sun, Wang and Zhang: Gradient magnitude similarity deviation on multiple scales. ICASSP 2017. It needs no
    network. The sides must be 32 pixels at least.
    """
    first, second = _luma(truth), _luma(picture)
    share = np.ones(first.shape, np.float32) if weight is None else weight.astype(np.float32)
    total = 0.0
    for octave in _GMSD_OCTAVES:
        first, second, share = _halved(first), _halved(second), _halved(share)
        steep_1, steep_2 = _steepness(first), _steepness(second)
        likeness = (2 * steep_1 * steep_2 + _GMSD_C) / (steep_1**2 + steep_2**2 + _GMSD_C)
        mean = np.average(likeness, weights=share)
        total += octave * float(np.average((likeness - mean) ** 2, weights=share))
    return float(np.sqrt(total))


def _luma(pixels: Pixels) -> NDArray[np.float32]:
    return np.asarray(cv2.transform(to_float(pixels), _LUMA_601) * 255, np.float32).reshape(pixels.shape[:2])


def _blurred(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.GaussianBlur(plane, (11, 11), _SSIM_SIGMA), np.float32)


def _halved(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = plane.shape
    return np.asarray(cv2.resize(plane, (width // 2, height // 2), interpolation=cv2.INTER_AREA), np.float32)


def _steepness(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    across, down = cv2.filter2D(plane, -1, _PREWITT), cv2.filter2D(plane, -1, _PREWITT.T)
    return np.asarray(np.hypot(across, down), np.float32)
