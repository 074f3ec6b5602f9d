"""Whether skin kept its texture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging import color
from atelier_imaging.extent import bounds, box_of, require_same_shape
from atelier_imaging.measures.measure import Gate, Measure, judged, not_measurable
from atelier_imaging.measures.reduced import reduced_light, reduced_mask, reduction
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.color import ColorSpace
    from atelier_imaging.vips import Pixels

TEXTURE_RATIO = Gate(minimum=0.85, maximum=1.20, fail_below=0.70, fail_above=1.45)
# Pores, fine lines and down, in cycles per pixel of a face whose pupils are 200 pixels apart.
BAND_AT_200 = (0.08, 0.35)
# The band's lower end must lie below this, in cycles per pixel of the picture, so that half of the band (in octaves)
# stays below what pixels can hold.
HIGHEST_LOWER_END = 0.25
# Above this, in cycles per pixel, is what resampling and colour subsampling leave, not skin.
_USABLE = 0.45
# A patch must hold so many waves of the lower end on its side.
_WAVES = 2.5
# Texture weaker than this, as a standard deviation of the logarithm of light, is no more than rounding to 8 bits.
_LEAST_TEXTURE = 1e-3
_DARKEST = 0.002  # keeps the logarithm of black finite; 1/500 of white


def texture_ratio(
    before: Pixels,
    after: Pixels,
    mask: NDArray[np.float32],
    space: ColorSpace,
    interocular_pixels: float,
    region: Region | None = Region.SKIN,
    gate: Gate | None = TEXTURE_RATIO,
) -> Measure:
    """Measure how much of the skin's texture is left: the square root of the ratio of its power after and before.

    `before` and `after` are (height, width, 3), display-encoded in `space`; `mask` is float32 (height, width), 0..1, on
    a patch of skin. The power is that of the logarithm of light in the band 0.08..0.35 cycles per pixel, scaled from a
    distance of 200 pixels between the pupils to the picture's own; faces of 400 and more are reduced first. In the
    logarithm shading is a sum, so that a change of light or exposure alone leaves the ratio at 1; smoothing lowers it,
    sharpening and grain raise it.
    """
    require_same_shape(before, after, mask)
    low, high = (frequency * 200 / max(interocular_pixels, 1e-6) for frequency in BAND_AT_200)
    box = box_of(mask > 0.5)
    if low > HIGHEST_LOWER_END:
        needed = 200 * BAND_AT_200[0] / HIGHEST_LOWER_END
        why = f"The pupils are {interocular_pixels:.0f} pixels apart; skin texture needs {needed:.0f}."
        return not_measurable("texture_ratio", "ratio", gate, why, region, box)
    by = reduction(interocular_pixels)
    low, high = low * by, high * by
    window = bounds(mask > 0.5)
    weight = _taper(reduced_mask(mask[window], by), 1 / low) if window else np.zeros((1, 1), np.float32)
    if window is None or float((weight**2).sum()) < (_WAVES / low) ** 2:
        why = f"The patch is too small for texture with waves of {by / low:.0f} pixels."
        return not_measurable("texture_ratio", "ratio", gate, why, region, box)
    powers = [
        _power(reduced_light(pixels[window], by), weight, space, low, min(high, _USABLE)) for pixels in (before, after)
    ]
    if powers[0] < _LEAST_TEXTURE**2:
        return not_measurable("texture_ratio", "ratio", gate, "The source has no texture there.", region, box)
    value = float(np.sqrt(powers[1] / powers[0]))
    explanation = f"{100 * value:.0f} % of the skin's fine texture is left."
    return judged("texture_ratio", value, "ratio", gate, explanation, region, box)


def _taper(mask: NDArray[np.float32], wave_pixels: float) -> NDArray[np.float32]:
    """Return a weight that falls to 0 over half a wave at the patch's edge, lest the edge counts as texture."""
    padded = np.pad((mask > 0.5).astype(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1]
    share = np.clip(depth / (wave_pixels / 2), 0, 1)
    return np.asarray(0.5 - 0.5 * np.cos(np.pi * share), dtype=np.float32)


def _power(
    linear: NDArray[np.float32], weight: NDArray[np.float32], space: ColorSpace, low: float, high: float
) -> float:
    """Return the mean power of the logarithm of light in a band of cycles per pixel, under a weight."""
    light = np.log(color.luminance(linear, space) + np.float32(_DARKEST))
    flat = (light - _shading(light, weight, 1 / low)) * weight
    rows, columns = (cv2.getOptimalDFTSize(side) for side in flat.shape)
    spectrum = np.fft.rfft2(flat, s=(rows, columns))
    frequency = np.hypot(np.fft.fftfreq(rows)[:, None], np.fft.rfftfreq(columns)[None, :])
    chosen = (frequency >= low) & (frequency <= high)
    # Twice, because rfft2 leaves out the mirrored half; divided by the number of pixels twice (Parseval), and by what
    # the weight lets through.
    return float(2 * (np.abs(spectrum[chosen]) ** 2).sum() / (rows * columns) / (weight**2).sum())


def _shading(light: NDArray[np.float32], weight: NDArray[np.float32], wave_pixels: float) -> NDArray[np.float32]:
    """Return what varies more slowly than the band, from within the patch only (normalised convolution)."""
    sigma = wave_pixels / 2
    total = cv2.GaussianBlur(light * weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    share = cv2.GaussianBlur(weight, (0, 0), sigma, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(total / np.maximum(share, 1e-6), dtype=np.float32)
