"""From a working space to a file's colours, depth and channels: the colour half of encoding."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging import color, icc
from atelier_imaging.color import ColorSpace
from atelier_imaging.formats import ImageFormat
from atelier_imaging.shaper import inverse_curves
from atelier_imaging.transfer import quantised
from atelier_imaging.vips import from_array, to_array
from atelier_imaging.working import strips, widened

if TYPE_CHECKING:
    from atelier_imaging.picture import Picture
    from atelier_imaging.vips import Pixels

_WITH_ALPHA = frozenset({ImageFormat.PNG, ImageFormat.TIFF, ImageFormat.WEBP, ImageFormat.AVIF})
_WITH_GREY = frozenset({ImageFormat.PNG, ImageFormat.TIFF, ImageFormat.JPEG})


@dataclass(frozen=True, slots=True)
class Outgoing:
    """Pixels as they stand in a file: (height, width, 1 to 4), grey or RGB, then alpha, with the profile to embed."""

    pixels: Pixels
    icc: bytes | None
    notes: tuple[str, ...] = ()

    @property
    def has_alpha(self) -> bool:
        """Tell whether the last band is alpha."""
        return self.pixels.shape[2] in {2, 4}


def prepare(picture: Picture, image_format: ImageFormat, space: ColorSpace | None, bit_depth: int) -> Outgoing:
    """Bring a picture to what a file of a format holds: in `space`, or in the profile of its own file where None."""
    picture, notes = _flattened(picture, image_format)
    if _stays_grey(picture, image_format):
        pixels, profile = _grey(picture, space, bit_depth)
    else:
        profile = _profile(picture, space)
        pixels = _in_profile(picture, profile, bit_depth)
    if picture.alpha is not None:
        pixels = np.concatenate([pixels, at_depth(picture.alpha, bit_depth)[..., None]], axis=2)
    return Outgoing(pixels, profile, notes)


def at_depth(pixels: Pixels, bit_depth: int) -> Pixels:
    """Return pixels of any shape with 8 or 16 bits, rounded to the nearest; those that have them pass uncopied."""
    if pixels.dtype.itemsize * 8 == bit_depth:
        return pixels
    if bit_depth == 16:
        return widened(pixels)
    # 257 is odd, so no number lies halfway between two: adding 128 before the division rounds to the nearest.
    return ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)


def _flattened(picture: Picture, image_format: ImageFormat) -> tuple[Picture, tuple[str, ...]]:
    """Set a picture on white, in linear light, where the format has no alpha."""
    if picture.alpha is None or image_format in _WITH_ALPHA:
        return picture, ()
    opaque = color.full_scale(picture.alpha.dtype)
    pixels = picture.pixels.copy()
    for rows in strips(picture.height):
        alpha = picture.alpha[rows]
        if alpha.min() == opaque:
            continue
        share = color.to_float(alpha)[..., None]
        mixed = color.decode_transfer(pixels[rows]) * share + (1 - share)
        np.copyto(
            pixels[rows],
            quantised(color.encode_transfer(mixed), pixels.dtype.itemsize * 8),
            where=alpha[..., None] != opaque,
        )
    picture = type(picture)(pixels, None, picture.space, picture.source)
    return picture, (f"{image_format} has no transparency; the picture was set on white.",)


def _stays_grey(picture: Picture, image_format: ImageFormat) -> bool:
    if not picture.source.was_grey or image_format not in _WITH_GREY:
        return False
    red, green, blue = np.moveaxis(picture.pixels, 2, 0)
    return bool(np.array_equal(red, green) and np.array_equal(green, blue))


def _grey(picture: Picture, space: ColorSpace | None, bit_depth: int) -> tuple[Pixels, bytes | None]:
    """Return one channel, on the curve of the file's grey profile, or on that of sRGB without a profile."""
    grey = picture.pixels[..., :1]
    profile = _known(picture) if space is None else None
    if profile is None or profile.model != "grey":
        return np.ascontiguousarray(at_depth(grey, bit_depth)), None
    if profile.space is None:
        numbers = inverse_curves(profile.icc)[0][widened(grey)]
        return quantised(numbers, bit_depth), profile.icc
    return np.ascontiguousarray(at_depth(grey, bit_depth)), profile.icc


def _profile(picture: Picture, space: ColorSpace | None) -> bytes | None:
    """Return the profile that an RGB file gets; None where it is sRGB and its own file had no profile either."""
    if space is not None:
        return icc.builtin_icc(space)
    own = _known(picture)
    if own is not None and own.model == "rgb":
        return own.icc
    if own is None and picture.space is ColorSpace.SRGB and not picture.source.was_cmyk:
        return None
    return icc.builtin_icc(picture.space)


def _known(picture: Picture) -> icc.Profile | None:
    return icc.read_profile(picture.source.icc) if picture.source.icc else None


def _in_profile(picture: Picture, profile: bytes | None, bit_depth: int) -> Pixels:
    """Return RGB in the colours of a profile (None: sRGB)."""
    known = icc.read_profile(profile) if profile else None
    if known is not None and known.space is None:
        return _out_of_working(picture, known, bit_depth)
    target = known.space if known and known.space else ColorSpace.SRGB
    if target is picture.space:
        return at_depth(picture.pixels, bit_depth)
    matrix = color.matrix_from_xyz(target) @ color.matrix_to_xyz(picture.space)
    converted = _empty(picture, bit_depth)
    for rows in strips(picture.height):
        linear = color.transformed(color.decode_transfer(picture.pixels[rows]), matrix)
        converted[rows] = quantised(color.encode_transfer(linear), bit_depth)
    return converted


def _out_of_working(picture: Picture, profile: icc.Profile, bit_depth: int) -> Pixels:
    """Bring pixels to a profile that is no working space."""
    if profile.shaper is None:
        image = from_array(picture.pixels, "rgb16" if picture.pixels.dtype == np.uint16 else "srgb")
        return to_array(icc.tables_from_working(image, profile.icc, picture.space, bit_depth))
    matrix = np.asarray(np.linalg.inv(profile.shaper.matrix_to(picture.space)), dtype=np.float64)
    inverse = inverse_curves(profile.icc)
    converted = _empty(picture, bit_depth)
    for rows in strips(picture.height):
        linear = color.transformed(color.decode_transfer(picture.pixels[rows]), matrix)
        numbers = color.quantise(color.encode_transfer(linear), np.uint16)
        own = [np.take(curve, numbers[..., index]) for index, curve in enumerate(inverse)]
        converted[rows] = quantised(np.stack(own, axis=-1), bit_depth)
    return converted


def _empty(picture: Picture, bit_depth: int) -> Pixels:
    return np.empty(picture.pixels.shape, np.uint16 if bit_depth == 16 else np.uint8)
