"""From a file's own colours to a working space: the colour half of decoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from atelier_imaging import icc
from atelier_imaging.color import ColorSpace
from atelier_imaging.vips import to_array

if TYPE_CHECKING:
    import pyvips
    from numpy.typing import NDArray

    from atelier_imaging.vips import Pixels

T = TypeVar("T", np.uint8, np.uint16)
BANDS = {"grey": 1, "rgb": 3, "cmyk": 4}
"""How many bands carry colour in each colour model; the next one, if any, is alpha."""


@dataclass(frozen=True, slots=True)
class Working:
    """Pixels (height, width, 3) in a working space, and their alpha (height, width) or None."""

    pixels: Pixels
    alpha: Pixels | None
    space: ColorSpace


def bring_in(image: pyvips.Image, model: str, profile: icc.Profile | None, untagged: ColorSpace) -> Working:
    """Decode a libvips image of a colour model, with its profile or in the space `untagged`, into a working space."""
    if model == "grey":
        return _grey(to_array(image), profile)
    if model == "cmyk":
        inks = profile.icc if profile else icc.press_icc()
        return _split(to_array(_converted(image, inks, ColorSpace.SRGB, BANDS["cmyk"], 8)), ColorSpace.SRGB)
    if profile is None or profile.space is not None:
        space = profile.space if profile and profile.space else untagged
        return _split(to_array(image), space)
    pixels = to_array(_converted(image, profile.icc, ColorSpace.DISPLAY_P3, BANDS["rgb"], 16))
    return _split(pixels, ColorSpace.DISPLAY_P3)


def _converted(image: pyvips.Image, profile: bytes, space: ColorSpace, bands: int, bit_depth: int) -> pyvips.Image:
    """Convert the colour bands, and bring the alpha band, if there is one, to the same depth."""
    colour = icc.to_working(image.extract_band(0, n=bands), profile, space, bit_depth)
    if image.bands == bands:
        return colour
    alpha = image[bands]
    if image.format != colour.format:
        alpha = alpha * 257 if bit_depth == 16 else alpha / 257
    return colour.bandjoin(alpha.rint().cast(colour.format))


def _split(pixels: Pixels, space: ColorSpace) -> Working:
    """Part colour from alpha; bands beyond the fourth have no known meaning and are left out."""
    if pixels.shape[2] == 3:
        return Working(pixels, None, space)
    return Working(np.ascontiguousarray(pixels[..., :3]), np.ascontiguousarray(pixels[..., 3]), space)


def _grey(pixels: Pixels, profile: icc.Profile | None) -> Working:
    """Bring grey to three equal channels on the sRGB curve."""
    grey = pixels[..., 0]
    alpha = np.ascontiguousarray(pixels[..., 1]) if pixels.shape[2] > 1 else None
    if profile is not None and profile.space is None:
        grey, alpha = icc.grey_curve(profile.icc)[_widened(grey)], None if alpha is None else _widened(alpha)
    return Working(_three(grey), alpha, ColorSpace.SRGB)


def _three(grey: Pixels) -> Pixels:
    return np.repeat(grey[..., None], 3, axis=2)


def _widened(numbers: Pixels) -> NDArray[np.uint16]:
    """Return 8-bit numbers as 16-bit ones (255 becomes 65535); 16-bit ones pass."""
    return np.multiply(numbers, 257, dtype=np.uint16) if numbers.dtype == np.uint8 else numbers.astype(np.uint16)
