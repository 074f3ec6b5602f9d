"""From a file's own colours to a working space: the colour half of decoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging import color, icc
from atelier_imaging.color import ColorSpace
from atelier_imaging.vips import to_array

if TYPE_CHECKING:
    import pyvips
    from numpy.typing import NDArray

    from atelier_imaging.shaper import Shaper
    from atelier_imaging.vips import Pixels

_STRIP_ROWS = 64
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
        return _split(to_array(_by_tables(image, inks)), ColorSpace.SRGB)
    if profile is None or profile.space is not None:
        return _split(to_array(image), profile.space if profile and profile.space else untagged)
    if profile.shaper is None:
        return _split(to_array(_by_tables(image, profile.icc)), ColorSpace.DISPLAY_P3)
    return _split(_by_curves(to_array(image), profile.shaper, ColorSpace.DISPLAY_P3), ColorSpace.DISPLAY_P3)


def _by_curves(pixels: Pixels, shaper: Shaper, space: ColorSpace) -> NDArray[np.uint16]:
    """Bring RGB, with or without alpha, from a profile of curves to a working space, 16 bits."""
    converted = np.empty(pixels.shape, np.uint16)
    converted[..., 3:] = widened(pixels[..., 3:])
    matrix = shaper.matrix_to(space)
    for rows in strips(pixels.shape[0]):
        linear = color.transformed(shaper.linear(pixels[rows, :, :3]), matrix)
        converted[rows, :, :3] = color.quantise(color.encode_transfer(linear), np.uint16)
    return converted


def _by_tables(image: pyvips.Image, profile: bytes) -> pyvips.Image:
    """Bring inks to sRGB of 8 bits, or RGB to Display P3 of 16, and alpha, if there is any, to the same depth."""
    inks = image.interpretation == "cmyk"
    bands = BANDS["cmyk" if inks else "rgb"]
    colour = image.extract_band(0, n=bands)
    colour = (
        icc.inks_to_srgb(colour, profile) if inks else icc.tables_to_working(colour, profile, ColorSpace.DISPLAY_P3)
    )
    if image.bands == bands:
        return colour
    alpha = image[bands]
    if image.format != colour.format:
        alpha = alpha / 257 if inks else alpha * 257
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
    if profile is not None and profile.shaper is not None and profile.space is None:
        curve = color.quantise(color.encode_transfer(profile.shaper.curves[0]), np.uint16)
        grey, alpha = curve[widened(grey)], None if alpha is None else widened(alpha)
    return Working(np.repeat(grey[..., None], 3, axis=2), alpha, ColorSpace.SRGB)


def widened(numbers: Pixels) -> NDArray[np.uint16]:
    """Return 8-bit numbers as 16-bit ones (255 becomes 65535); 16-bit ones pass uncopied."""
    if numbers.dtype == np.uint8:
        return np.multiply(numbers, 257, dtype=np.uint16)
    return np.asarray(numbers, dtype=np.uint16)


def strips(height: int) -> list[slice]:
    """Cut a picture's rows into strips small enough that their float32 stays in the processor's cache."""
    return [slice(top, top + _STRIP_ROWS) for top in range(0, height, _STRIP_ROWS)]
