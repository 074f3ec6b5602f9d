"""Files out: from a `Picture` to the bytes of a file.

Unless asked otherwise a picture goes out as it came in: format, depth, profile, EXIF and XMP. PNG and TIFF are written
by libvips, which has 16 bits; JPEG, WebP and AVIF by Pillow, which writes metadata byte for byte (libvips would take
EXIF apart and put it together anew).
"""

from __future__ import annotations

from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyvips
from atelier_sdk.errors import ImageTooLargeError
from PIL import Image

from atelier_imaging import exif, icc
from atelier_imaging.color import ColorSpace
from atelier_imaging.formats import ImageFormat
from atelier_imaging.outgoing import Outgoing, prepare
from atelier_imaging.picture import ImageInfo, Picture, digest
from atelier_imaging.png_chunks import with_metadata
from atelier_imaging.tiff_tags import with_exif
from atelier_imaging.vips import from_array

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.vips import Pixels

_SIXTEEN_BIT = frozenset({ImageFormat.PNG, ImageFormat.TIFF})
_WEBP_MAX_SIDE_PIXELS = 16383  # 14 bits in the bitstream (RFC 6386, 9.1)
_JPEG_SEGMENT_BYTES = 65533  # what a length of 16 bits leaves for its content (ITU-T T.81, B.1.1.4)
_EXIF_PREFIX = b"Exif\0\0"
_XMP_PREFIX_BYTES = len(b"http://ns.adobe.com/xap/1.0/\0")


@dataclass(frozen=True, slots=True)
class EncodeOptions:
    """How a picture is to be written; what is None is as its file was.

    `quality` is that of JPEG, WebP and AVIF, 1..100. `bit_depth` is 8 or 16, as far as the format holds it. `space`
    writes in a working space and embeds its profile. `strip_metadata` leaves out EXIF and XMP, never the profile.
    """

    format: ImageFormat | None = None
    quality: int = 92
    bit_depth: int | None = None
    space: ColorSpace | None = None
    strip_metadata: bool = False


@dataclass(frozen=True, slots=True)
class Encoded:
    """A file: its bytes, what is known of it, and sentences about what it could not hold."""

    data: bytes
    info: ImageInfo
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Metadata:
    """What is embedded beside the pixels, each None where absent; `exif` is without JPEG's prefix."""

    icc: bytes | None
    exif: bytes | None
    xmp: bytes | None


def encode(picture: Picture, options: EncodeOptions = EncodeOptions()) -> Encoded:
    """Encode a picture into a file.

    A picture that nothing was done to has the pixels of its file again, exactly in a lossless format, if that was
    sRGB, Display P3 or grey, and to the nearest number within Display P3 otherwise. A CMYK file comes out as sRGB, and
    grey stays grey as long as its three channels are equal.

    Raises ImageTooLargeError where the format cannot hold the picture's size.
    """
    image_format = options.format or _own_format(picture)
    _check_size(picture, image_format)
    depth, notes = _depth(picture, options, image_format)
    outgoing = prepare(picture, image_format, options.space, depth)
    metadata, dropped = _metadata(picture, options, outgoing.icc, image_format)
    data = _WRITERS[image_format](outgoing, metadata, options.quality)
    info = ImageInfo(
        width=picture.width,
        height=picture.height,
        format=image_format,
        bit_depth=depth,
        color_profile=_profile_name(outgoing.icc),
        has_alpha=outgoing.has_alpha,
        size_bytes=len(data),
        sha256=digest(data),
    )
    return Encoded(data, info, (*notes, *outgoing.notes, *dropped))


def _own_format(picture: Picture) -> ImageFormat:
    """Return the format of the picture's file, or PNG where it is not written (HEIF)."""
    return ImageFormat.PNG if picture.source.format is ImageFormat.HEIF else picture.source.format


def _check_size(picture: Picture, image_format: ImageFormat) -> None:
    side = max(picture.width, picture.height)
    if image_format is ImageFormat.WEBP and side > _WEBP_MAX_SIDE_PIXELS:
        raise ImageTooLargeError(
            f"A WebP file holds at most {_WEBP_MAX_SIDE_PIXELS} pixels on a side, not {side}.",
            metadata={"max_side_pixels": str(_WEBP_MAX_SIDE_PIXELS), "side": str(side)},
        )


def _depth(picture: Picture, options: EncodeOptions, image_format: ImageFormat) -> tuple[int, tuple[str, ...]]:
    wanted = options.bit_depth or (16 if picture.source.bit_depth > 8 else 8)
    if wanted == 16 and image_format not in _SIXTEEN_BIT:
        return 8, (f"{image_format} files are written with 8 bits per channel; 16 were rounded.",)
    return wanted, ()


def _profile_name(profile: bytes | None) -> str:
    known = icc.read_profile(profile) if profile else None
    return known.description if known else icc.NAMES[ColorSpace.SRGB]


def _metadata(
    picture: Picture, options: EncodeOptions, profile: bytes | None, image_format: ImageFormat
) -> tuple[_Metadata, tuple[str, ...]]:
    """Gather what is embedded, and say what does not fit the format."""
    if options.strip_metadata:
        return _Metadata(profile, None, None), ()
    block, packet, notes = picture.source.exif, picture.source.xmp, []
    if block is not None:
        block = exif.mended(block, picture.width, picture.height)
    if image_format is ImageFormat.JPEG and block and len(block) + len(_EXIF_PREFIX) > _JPEG_SEGMENT_BYTES:
        block = None
        notes.append("The EXIF block is too large for a JPEG and was left out.")
    if image_format is ImageFormat.JPEG and packet and len(packet) + _XMP_PREFIX_BYTES > _JPEG_SEGMENT_BYTES:
        packet = None
        notes.append("The XMP packet is too large for a JPEG and was left out.")
    return _Metadata(profile, block, packet), tuple(notes)


def _as_vips(outgoing: Outgoing, metadata: _Metadata) -> pyvips.Image:
    sixteen = outgoing.pixels.dtype == np.uint16
    grey = outgoing.pixels.shape[2] <= 2
    kind = ("grey16" if sixteen else "b-w") if grey else ("rgb16" if sixteen else "srgb")
    image = from_array(outgoing.pixels, kind)
    if metadata.icc:
        image.set_type(pyvips.GValue.blob_type, "icc-profile-data", metadata.icc)
    if metadata.xmp:
        image.set_type(pyvips.GValue.blob_type, "xmp-data", metadata.xmp)
    return image


def _png(outgoing: Outgoing, metadata: _Metadata, quality: int) -> bytes:  # noqa: ARG001 - lossless
    # Level 3 with one filter: on a portrait 5 % larger than level 6 with all filters, in half the time.
    png = _as_vips(outgoing, metadata).pngsave_buffer(compression=3, filter="up", keep="icc")
    return with_metadata(png, metadata.exif, metadata.xmp)


def _tiff(outgoing: Outgoing, metadata: _Metadata, quality: int) -> bytes:  # noqa: ARG001 - lossless
    image = _as_vips(outgoing, metadata)
    tiff: bytes = image.tiffsave_buffer(compression="lzw", predictor="horizontal", keep="icc|xmp")
    return with_exif(tiff, metadata.exif) if metadata.exif else tiff


def _jpeg(outgoing: Outgoing, metadata: _Metadata, quality: int) -> bytes:
    # Half the resolution of colour is what smears lips and lids: kept whole from 90 on.
    sampling = "4:4:4" if quality >= 90 else "4:2:0"
    return _by_pillow("JPEG", outgoing.pixels, metadata, {"quality": quality, "subsampling": sampling})


def _webp(outgoing: Outgoing, metadata: _Metadata, quality: int) -> bytes:
    # Method 2 of 0..6: half the time of the usual 4, and no larger on portraits.
    return _by_pillow("WEBP", outgoing.pixels, metadata, {"quality": quality, "method": 2})


def _avif(outgoing: Outgoing, metadata: _Metadata, quality: int) -> bytes:
    # Speed 8 of 0..10: a third of the time of the usual 6, 3 % larger.
    settings = {"quality": quality, "speed": 8, "subsampling": "4:4:4" if quality >= 90 else "4:2:0"}
    return _by_pillow("AVIF", outgoing.pixels, metadata, settings)


def _by_pillow(kind: str, pixels: Pixels, metadata: _Metadata, settings: dict[str, int | str]) -> bytes:
    embedded = {
        "icc_profile": metadata.icc,
        "exif": _EXIF_PREFIX + metadata.exif if metadata.exif else None,
        "xmp": metadata.xmp,
    }
    stream = BytesIO()
    image = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
    image.save(stream, kind, **settings, **{name: value for name, value in embedded.items() if value})
    return stream.getvalue()


_WRITERS: dict[ImageFormat, Callable[[Outgoing, _Metadata, int], bytes]] = {
    ImageFormat.PNG: _png,
    ImageFormat.TIFF: _tiff,
    ImageFormat.JPEG: _jpeg,
    ImageFormat.WEBP: _webp,
    ImageFormat.AVIF: _avif,
}
