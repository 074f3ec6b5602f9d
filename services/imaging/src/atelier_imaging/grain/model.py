"""The statistics of film grain: the Boolean model of Newson et al., 2017, and its Gaussian approximation.

A. Newson, J. Delon, B. Galerne, "A Stochastic Film Grain Model for Resolution-Independent Rendering", Computer Graphics
Forum 36(8), 2017. Grains are discs of random radius whose centres form a Poisson process; a picture's value u, 0..1, is
the share of the plane that they cover, which sets their density λ = −ln(1−u) / E[πr²]. Enlarger and scanner blur the
result by a Gaussian of deviation σ.

Two points at distance h are both bare with probability (1−u)² exp(λ γ(h)), where γ(h) is the mean area that a disc
shares with itself shifted by h. So the bare plane's covariance is C(h) = (1−u)² (exp(λ γ(h)) − 1), and the blurred
one's is C convolved with a Gaussian of deviation √2 σ. As many grains fall under the blur, the field is close to a
Gaussian one, and mean and covariance are all there is to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from scipy.special import ndtri

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEVELS = 129
_QUANTILES = 512
_DISTANCES = 256


@dataclass(frozen=True, slots=True)
class GrainModel:
    """The physical parameters of grain; lengths in pixels of a picture whose long edge is 1024 pixels.

    `radius` is the mean grain radius, `radius_deviation` the lognormal spread of radii over their mean, `filter_sigma`
    the deviation of the enlarger's and scanner's blur.
    """

    radius: float = 0.10
    radius_deviation: float = 0.25
    filter_sigma: float = 0.8


@dataclass(frozen=True, slots=True, eq=False)
class GrainStatistics:
    """What a Gaussian field must have to look like the model's grain.

    `variance` is that of the blurred field at `LEVELS` values u spread evenly over 0..1, both on the scale of
    display-encoded values 0..1. `correlation_sigma` is the deviation, in pixels as above, of the Gaussian kernel that
    gives white noise the field's correlation.
    """

    variance: NDArray[np.float64]
    correlation_sigma: float


@lru_cache(maxsize=64)
def statistics(model: GrainModel) -> GrainStatistics:
    """Compute variance by value and the correlation of the model's grain."""
    radii = _radii(model)
    area = float(np.mean(np.pi * radii**2))
    distances = np.linspace(0.0, 2.0 * radii.max(), _DISTANCES)
    shared = _shared_area(radii, distances)
    levels = np.linspace(0.0, 1.0, LEVELS)[1:-1, None]
    density = -np.log1p(-levels) / area
    covariance = (1.0 - levels) ** 2 * np.expm1(density * shared)
    ring = 2.0 * np.pi * distances
    kernel = np.exp(-(distances**2) / (4.0 * model.filter_sigma**2)) / (4.0 * np.pi * model.filter_sigma**2)
    variance = np.zeros(LEVELS)
    variance[1:-1] = np.trapezoid(covariance * kernel * ring, distances, axis=1)
    middle = covariance[LEVELS // 2 - 1]
    spread = 0.5 * np.trapezoid(middle * ring * distances**2, distances) / np.trapezoid(middle * ring, distances)
    # White noise through a kernel of deviation s is correlated like a Gaussian of variance 2 s² per axis; here it must
    # be that of the filter, 2 σ², and that of the grains themselves.
    return GrainStatistics(variance, float(np.sqrt(model.filter_sigma**2 + spread / 2.0)))


def correlation_taps(sigma: float) -> NDArray[np.float64]:
    """Make the 1D kernel (odd length) that gives white noise the correlation exp(−k²/4σ²) at whole distances k.

    It is the square root of that correlation in the Fourier domain, so that it is right for small σ as well, where a
    sampled Gaussian is not. Its squares sum to 1: the variance of the noise stays.
    """
    reach = max(1, int(np.ceil(3.7 * sigma)))
    length = 1 << int(np.ceil(np.log2(16 * reach)))
    lags = np.minimum(np.arange(length), length - np.arange(length))
    spectrum = np.fft.rfft(np.exp(-(lags**2) / (4.0 * sigma**2))).real
    kernel = np.fft.irfft(np.sqrt(np.maximum(spectrum, 0.0)), length)
    taps = np.roll(kernel, reach)[: 2 * reach + 1]
    return np.asarray(taps / np.sqrt(np.sum(taps**2)))


def _radii(model: GrainModel) -> NDArray[np.float64]:
    """Give radii that stand for the lognormal distribution, each for an equal share of the grains."""
    log_variance = np.log1p(model.radius_deviation**2)
    shares = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    radii = np.exp(np.log(model.radius) - log_variance / 2.0 + np.sqrt(log_variance) * ndtri(shares))
    # A few equal shares cut the tail off, and large grains are what one sees: restore the mean square.
    return np.asarray(radii * np.sqrt(model.radius**2 * (1.0 + model.radius_deviation**2) / np.mean(radii**2)))


def _shared_area(radii: NDArray[np.float64], distances: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the mean area that a disc shares with itself shifted, for each distance."""
    ratio = np.minimum(distances[:, None] / (2.0 * radii), 1.0)
    lens = 2.0 * radii**2 * (np.arccos(ratio) - ratio * np.sqrt(1.0 - ratio**2))
    return np.asarray(lens.mean(axis=1))
