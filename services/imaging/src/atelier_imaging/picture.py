"""A picture in memory: pixels in a known space, and what is known of the file they came from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging.color import ColorSpace
from atelier_imaging.formats import ImageFormat

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What is known of an encoded picture without looking at its content; the fields of `atelier.v1.ImageInfo`.

    `width` and `height` are in pixels after orientation, `bit_depth` in bits per channel, `sha256` of the whole file.
    """

    width: int
    height: int
    format: ImageFormat
    bit_depth: int
    color_profile: str
    has_alpha: bool
    size_bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class SourceInfo:
    r"""The file that a picture was decoded from.

    `width` and `height` are in pixels after orientation; `bit_depth` is the file's own. `icc`, `exif` (a TIFF block,
    without the `Exif\0\0` that JPEG puts before it) and `xmp` are the file's own bytes, None where it has none.
    `profile_description` is the profile's own, or says what was assumed. `notes` are sentences for people about what
    could not be honoured.
    """

    format: ImageFormat
    bit_depth: int
    width: int
    height: int
    icc: bytes | None = None
    profile_description: str = "sRGB"
    exif: bytes | None = None
    xmp: bytes | None = None
    was_grey: bool = False
    was_cmyk: bool = False
    size_bytes: int = 0
    sha256: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """A picture to work on.

    `pixels` is (height, width, 3), RGB, uint8 or uint16, display-encoded in `space`; `alpha` is (height, width) of the
    same type, straight (not premultiplied), full scale = opaque, or None. A greyscale file has three equal channels.
    Both arrays are read-only: an operation makes new pixels and passes them to `with_pixels`.
    """

    pixels: Pixels
    alpha: Pixels | None
    space: ColorSpace
    source: SourceInfo

    def __post_init__(self) -> None:
        if self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or 0 in self.pixels.shape:
            raise ValueError(f"pixels are (height, width, 3), not {self.pixels.shape}")
        if self.pixels.dtype not in (np.uint8, np.uint16):
            raise TypeError(f"pixels are uint8 or uint16, not {self.pixels.dtype}")
        self.pixels.flags.writeable = False
        if self.alpha is None:
            return
        if self.alpha.shape != self.pixels.shape[:2] or self.alpha.dtype != self.pixels.dtype:
            raise ValueError(f"alpha is {self.alpha.shape} {self.alpha.dtype} for {self.pixels.shape} pixels")
        self.alpha.flags.writeable = False

    @classmethod
    def from_array(cls, pixels: Pixels, space: ColorSpace = ColorSpace.SRGB, alpha: Pixels | None = None) -> Picture:
        """Make a picture from an array (height, width, 3) that came from no file; it is written as PNG unless asked."""
        height, width = pixels.shape[:2]
        description = "sRGB" if space is ColorSpace.SRGB else "Display P3"
        depth = pixels.dtype.itemsize * 8
        source = SourceInfo(ImageFormat.PNG, depth, width, height, profile_description=description)
        return cls(pixels, alpha, space, source)

    @property
    def width(self) -> int:
        """Return the width in pixels."""
        return int(self.pixels.shape[1])

    @property
    def height(self) -> int:
        """Return the height in pixels."""
        return int(self.pixels.shape[0])

    @property
    def source_info(self) -> ImageInfo:
        """Return the description of the file that the picture was decoded from."""
        source = self.source
        return ImageInfo(
            width=source.width,
            height=source.height,
            format=source.format,
            bit_depth=source.bit_depth,
            color_profile=source.profile_description,
            has_alpha=self.alpha is not None,
            size_bytes=source.size_bytes,
            sha256=source.sha256,
        )

    def with_pixels(self, pixels: Pixels, alpha: Pixels | None = None) -> Picture:
        """Return the picture with other pixels in the same space; `alpha` None keeps the picture's own.

        Raises ValueError where the kept alpha does not fit the new pixels' size or type.
        """
        return replace(self, pixels=pixels, alpha=self.alpha if alpha is None else alpha)


def digest(encoded: bytes) -> str:
    """Return the SHA-256 of a file, 64 lower-case hexadecimal digits."""
    return sha256(encoded).hexdigest()
