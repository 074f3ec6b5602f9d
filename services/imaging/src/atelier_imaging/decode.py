"""Files in: from the bytes of a picture to a `Picture`.

The bytes are told apart by what they are, the size is checked from the header, and only then are pixels decoded, by
libvips (HEIF by libheif). What comes out has one shape: RGB, upright, straight alpha, in sRGB or Display P3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
import pyvips
from atelier_sdk.capability import Limits
from atelier_sdk.errors import (
    ImageTooLargeError,
    ImageTruncatedError,
    ImageUndecodableError,
    InvalidArgumentError,
    UnsupportedFormatError,
)

from atelier_imaging import icc
from atelier_imaging.cicp import read_code_points
from atelier_imaging.color import ColorSpace
from atelier_imaging.exif import without_prefix
from atelier_imaging.formats import ImageFormat, sniff
from atelier_imaging.heif import heif_pixels
from atelier_imaging.picture import Picture, SourceInfo, digest
from atelier_imaging.png_chunks import without_compressed_text
from atelier_imaging.tiff_tags import exif_of_tiff
from atelier_imaging.truncation import is_truncated
from atelier_imaging.vips import configure_vips, from_array
from atelier_imaging.working import BANDS, bring_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.vips import Pixels

_LOADERS = {
    ImageFormat.JPEG: "jpegload_buffer",
    ImageFormat.PNG: "pngload_buffer",
    ImageFormat.WEBP: "webpload_buffer",
    ImageFormat.TIFF: "tiffload_buffer",
    ImageFormat.AVIF: "heifload_buffer",
    ImageFormat.HEIF: "heifload_buffer",
}
# libjpeg only warns of bad data and fills in grey, so a JPEG's warnings count. In a PNG or TIFF they are about tags
# and known flaws of old profiles, and the pixels are right.
_STRICTNESS = {ImageFormat.JPEG: "warning"}
_MODELS = {"b-w": "grey", "grey16": "grey", "srgb": "rgb", "rgb": "rgb", "rgb16": "rgb", "cmyk": "cmyk"}
# How the file's rows and columns lie, undone (EXIF 2.32, 4.6.4). HEIF and AVIF have a box of their own for it, which
# their decoders apply.
_TURNS: dict[int, Callable[[Pixels], object]] = {
    1: lambda pixels: pixels,
    2: lambda pixels: cv2.flip(pixels, 1),
    3: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_180),
    4: lambda pixels: cv2.flip(pixels, 0),
    5: cv2.transpose,
    6: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_CLOCKWISE),
    7: lambda pixels: cv2.rotate(cv2.transpose(pixels), cv2.ROTATE_180),
    8: lambda pixels: cv2.rotate(pixels, cv2.ROTATE_90_COUNTERCLOCKWISE),
}


@dataclass(frozen=True, slots=True)
class DecodeLimits:
    """The largest picture that is decoded; known from the header, before memory is spent on it."""

    max_pixels: int = Limits().max_pixels  # what the catalogue announces
    max_side_pixels: int = 16384


def decode(encoded: bytes, limits: DecodeLimits = DecodeLimits()) -> Picture:
    """Decode a file of any accepted format into a picture.

    Pixels keep the file's 8 or 16 bits; they are 16 where the file's profile is neither sRGB nor Display P3, so that
    nothing visible is lost on the way there and back. The first frame of an animation counts.

    Raises UnsupportedFormatError, ImageTooLargeError (before decoding), ImageTruncatedError or ImageUndecodableError.
    """
    if not encoded:
        raise ImageUndecodableError("The file is empty.", metadata={"size_bytes": "0"})
    image_format = sniff(encoded)
    image = _open(encoded, image_format)
    _check_size(image, limits)
    if is_truncated(encoded, image_format):
        raise _refusal(encoded, image_format)
    try:
        return _decoded(encoded, image_format, image)
    except pyvips.Error as error:
        raise _refusal(encoded, image_format) from error


def _open(encoded: bytes, image_format: ImageFormat) -> pyvips.Image:
    """Read the header; pixels are decoded when they are asked for, row by row."""
    configure_vips()
    loader = getattr(pyvips.Image, _LOADERS[image_format])
    readable = without_compressed_text(encoded) if image_format is ImageFormat.PNG else encoded
    try:
        image = loader(readable, access="sequential", fail_on=_STRICTNESS.get(image_format, "error"))
    except pyvips.Error as error:
        raise _refusal(encoded, image_format) from error
    return image


def _refusal(encoded: bytes, image_format: ImageFormat) -> InvalidArgumentError:
    about = {"format": str(image_format), "size_bytes": str(len(encoded))}
    if is_truncated(encoded, image_format):
        message = f"This {image_format} file ends before the picture does, after {len(encoded)} bytes."
        return ImageTruncatedError(message, metadata=about)
    return ImageUndecodableError(f"This {image_format} file is corrupt and cannot be decoded.", metadata=about)


def _check_size(image: pyvips.Image, limits: DecodeLimits) -> None:
    width, height = image.width, image.height
    if width * height <= limits.max_pixels and max(width, height) <= limits.max_side_pixels:
        return
    raise ImageTooLargeError(
        f"The picture has {width} x {height} pixels; at most {limits.max_pixels} pixels and {limits.max_side_pixels} "
        "on a side are accepted.",
        metadata={
            "width": str(width),
            "height": str(height),
            "max_pixels": str(limits.max_pixels),
            "max_side_pixels": str(limits.max_side_pixels),
        },
    )


def _decoded(encoded: bytes, image_format: ImageFormat, header: pyvips.Image) -> Picture:
    image = _with_full_range(_with_pixels(encoded, image_format, header), header)
    model = _model_of(image, image_format)
    profile, notes = _profile_of(header, model)
    points = None if profile else read_code_points(encoded, image_format)
    working = bring_in(image, model, profile, points.space if points else ColorSpace.SRGB)
    orientation = _number(header, "orientation", 1)
    pixels = _upright(working.pixels, orientation)
    source = SourceInfo(
        format=image_format,
        bit_depth=_number(header, "bits-per-sample", 16 if header.format == "ushort" else 8),
        width=pixels.shape[1],
        height=pixels.shape[0],
        icc=profile.icc if profile else None,
        profile_description=profile.description if profile else _assumed(model, working.space),
        exif=_exif_of(encoded, image_format, header),
        xmp=_blob(header, "xmp-data"),
        was_grey=model == "grey",
        was_cmyk=model == "cmyk",
        size_bytes=len(encoded),
        sha256=digest(encoded),
        notes=(*notes, points.note) if points and points.note else notes,
    )
    alpha = None if working.alpha is None else _upright(working.alpha, orientation)
    return Picture(pixels, alpha, working.space, source)


def _with_pixels(encoded: bytes, image_format: ImageFormat, header: pyvips.Image) -> pyvips.Image:
    if image_format is not ImageFormat.HEIF:
        return header
    pixels = heif_pixels(encoded)
    return from_array(pixels, "srgb" if pixels.dtype == np.uint8 else "rgb16")


def _with_full_range(image: pyvips.Image, header: pyvips.Image) -> pyvips.Image:
    """Spread 10- and 12-bit numbers, which decoders only shift to the left, over all of 16 bits: white is 65535."""
    bits = _number(header, "bits-per-sample", 16)
    return image | (image >> bits) if image.format == "ushort" and 8 < bits < 16 else image


def _upright(pixels: Pixels, orientation: int) -> Pixels:
    return np.asarray(_TURNS[orientation](pixels), dtype=pixels.dtype)


def _model_of(image: pyvips.Image, image_format: ImageFormat) -> str:
    """Return the colour model: `grey`, `rgb` or `cmyk`."""
    model = _MODELS.get(image.interpretation)
    if model is not None and image.format in {"uchar", "ushort"} and BANDS[model] <= image.bands:
        return model
    kind = f"{image.interpretation} {image.format}"
    raise UnsupportedFormatError(
        f"A {image_format} file with pixels of kind {kind} is not accepted; grey, RGB and CMYK of 8 or 16 bits are.",
        metadata={"format": str(image_format), "pixels": kind},
    )


def _profile_of(header: pyvips.Image, model: str) -> tuple[icc.Profile | None, tuple[str, ...]]:
    """Return the file's profile if it fits its pixels, and a sentence where it has one that does not."""
    embedded = _blob(header, "icc-profile-data")
    if embedded is None:
        return None, ()
    profile = icc.read_profile(embedded)
    if profile is None:
        return None, ("The embedded colour profile is broken and was ignored.",)
    if profile.model != model:
        return None, (f"The embedded {profile.model} colour profile does not fit the {model} pixels and was ignored.",)
    return profile, ()


def _assumed(model: str, space: ColorSpace) -> str:
    return {"grey": "grey, sRGB curve", "cmyk": "CMYK without a profile"}.get(model, icc.NAMES[space])


def _exif_of(encoded: bytes, image_format: ImageFormat, header: pyvips.Image) -> bytes | None:
    if image_format is ImageFormat.TIFF:
        return exif_of_tiff(encoded)
    block = _blob(header, "exif-data")
    return None if block is None else without_prefix(block)


def _blob(header: pyvips.Image, name: str) -> bytes | None:
    return bytes(header.get(name)) or None if header.get_typeof(name) else None


def _number(header: pyvips.Image, name: str, default: int) -> int:
    return int(header.get(name)) if header.get_typeof(name) else default
