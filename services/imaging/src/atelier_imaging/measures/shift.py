"""Whether the whole picture was moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from atelier_imaging import color
from atelier_imaging.measures.measure import Gate, Measure, judged, not_measurable

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.color import ColorSpace
    from atelier_imaging.vips import Pixels

GLOBAL_SHIFT = Gate(maximum=0.5, fail_above=1.0)
MINIMUM_SIDE_PIXELS = 32
# Below this height of the correlation's peak the pictures share too little to be laid on each other. Measured on
# portraits: 0.8 and more for a grade, grain, blur or light from one side; at most 0.12 for two different people.
MINIMUM_RESPONSE = 0.3
# Frequencies above this count little, in cycles per pixel. It gives the peak the shape of a Gaussian 1.3 pixels wide,
# whose logarithm is a parabola: three numbers tell its top, to 0.04 pixels on portraits.
_FREQUENCY_SPREAD = 0.12
_LARGEST_SIDE_PIXELS = 1024


def global_shift(before: Pixels, after: Pixels, space: ColorSpace, gate: Gate | None = GLOBAL_SHIFT) -> Measure:
    """Measure by how many pixels the picture as a whole has moved.

    `before` and `after` are (height, width, 3), display-encoded in `space`, of one size. Phase correlation of lightness
    under a Hann window, over at most the middle 1024 x 1024 pixels (Kuglin and Hines: The phase correlation image
    alignment method. 1975), with the high frequencies damped for the sake of parts of a pixel.
    """
    if before.shape != after.shape:
        raise ValueError(f"sizes differ: before {before.shape}, after {after.shape}")
    name, unit = "global_shift", "px"
    if min(before.shape[:2]) < MINIMUM_SIDE_PIXELS:
        return not_measurable(name, unit, gate, f"The picture is smaller than {MINIMUM_SIDE_PIXELS} pixels.")
    if np.array_equal(before, after):
        return judged(name, 0.0, unit, gate, "The picture was not moved.")
    first, second = (_structure(_middle(pixels), space) for pixels in (before, after))
    right, down, response = _correlated(first, second)
    if response < MINIMUM_RESPONSE:
        return not_measurable(name, unit, gate, "The pictures share too little structure to be laid on each other.")
    value = float(np.hypot(right, down))
    return judged(
        name, value, unit, gate, f"The picture moved by {value:.2f} pixels ({right:+.2f} right, {down:+.2f} down)."
    )


def _correlated(first: NDArray[np.float32], second: NDArray[np.float32]) -> tuple[float, float, float]:
    """Return how far `second` lies to the right of and below `first`, in pixels, and the height of the peak, 0..1."""
    height, width = first.shape
    rows, columns = np.hanning(height + 2)[1:-1, None], np.hanning(width + 2)[None, 1:-1]
    window = np.asarray(rows * columns, np.float32)
    # SciPy's transform is several times as fast as NumPy's.
    cross = scipy.fft.rfft2(second * window) * scipy.fft.rfft2(first * window).conj()
    length = np.abs(cross)
    damping = [_damping(scipy.fft.fftfreq(height))[:, None], _damping(scipy.fft.rfftfreq(width))[None, :]]
    phases = np.divide(cross, length, out=np.zeros_like(cross), where=length > 1e-9 * length.max())
    phases *= damping[0]
    phases *= damping[1]
    surface = scipy.fft.irfft2(phases, s=(height, width))
    peak = int(surface.argmax())
    row, column = divmod(peak, width)
    down = row + _top(surface[(row - 1) % height, column], surface[row, column], surface[(row + 1) % height, column])
    right = column + _top(surface[row, column - 1], surface[row, column], surface[row, (column + 1) % width])
    # What the surface of a picture with itself would be at its peak: the mean of the damping over all frequencies.
    highest = float(damping[0].mean() * _damping(scipy.fft.fftfreq(width)).mean())
    response = float(surface[row, column]) / highest
    return (right + width / 2) % width - width / 2, (down + height / 2) % height - height / 2, response


def _damping(frequency: NDArray[np.floating]) -> NDArray[np.float32]:
    return np.asarray(np.exp(-((frequency / _FREQUENCY_SPREAD) ** 2) / 2), np.float32)


def _top(before: float, peak: float, after: float) -> float:
    """Return where the top of a Gaussian lies, -0.5..0.5, from its values at -1, 0 and 1."""
    low, middle, high = np.log(np.maximum([before, peak, after], 1e-12))
    bend = low - 2 * middle + high
    return float(np.clip((low - high) / (2 * bend), -0.5, 0.5)) if bend < 0 else 0.0


def _middle(pixels: Pixels) -> Pixels:
    height, width = pixels.shape[:2]
    top, left = max(height - _LARGEST_SIDE_PIXELS, 0) // 2, max(width - _LARGEST_SIDE_PIXELS, 0) // 2
    return pixels[top : top + _LARGEST_SIDE_PIXELS, left : left + _LARGEST_SIDE_PIXELS]


def _structure(pixels: Pixels, space: ColorSpace) -> NDArray[np.float32]:
    lightness = color.encode_transfer(color.luminance(color.decode_transfer(pixels), space))
    return np.asarray(lightness - lightness.mean(dtype=np.float32))
