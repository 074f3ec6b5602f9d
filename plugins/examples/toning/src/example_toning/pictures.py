"""Files in and out, by Pillow."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from hashlib import sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from atelier.v1.image_pb2 import ImageInfo
from atelier_sdk.errors import (
    ImageTooLargeError,
    ImageTruncatedError,
    ImageUndecodableError,
    UnsupportedFormatError,
)
from PIL import Image, ImageOps

if TYPE_CHECKING:
    from numpy.typing import NDArray

_MAGIC: Final = {
    "JPEG": (b"\xff\xd8\xff",),
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "TIFF": (b"II*\0", b"MM\0*"),
    "WEBP": (b"RIFF",),
}
_WRITING: Final[dict[str, dict[str, Any]]] = {
    "JPEG": {"quality": 92, "subsampling": 0},
    "PNG": {"compress_level": 6},
    "TIFF": {"compression": "tiff_deflate"},
    "WEBP": {"quality": 92},
}
# The limit is the capability's, and it is held before anything is decoded.
Image.MAX_IMAGE_PIXELS = None


@dataclass(frozen=True, slots=True)
class Picture:
    """A decoded file: pixels (height, width, 3) 8 bits sRGB, alpha (height, width) where there is one."""

    pixels: NDArray[np.uint8]
    alpha: NDArray[np.uint8] | None
    format: str
    info: ImageInfo
    profile: bytes = b""
    notes: tuple[str, ...] = ()
    exif: bytes = field(default=b"", repr=False)


def decode(content: bytes, max_pixels: int) -> Picture:
    """Decode a file, upright.

    Raises UnsupportedFormatError, ImageTooLargeError (before decoding), ImageTruncatedError, ImageUndecodableError.
    """
    kind = next((name for name, magic in _MAGIC.items() if content.startswith(magic)), None)
    if kind is None:
        raise UnsupportedFormatError("The bytes are no JPEG, PNG, WebP or TIFF file.")
    image = _opened(content, kind, max_pixels)
    upright = ImageOps.exif_transpose(image)
    has_alpha = "A" in upright.getbands() or "transparency" in upright.info
    bands = np.asarray(upright.convert("RGBA" if has_alpha else "RGB"))
    profile = image.info.get("icc_profile", b"")
    info = _info(content, kind, upright.size, has_alpha=has_alpha, profile=profile)
    notes = ("The picture has a colour profile; it was worked on as if it were sRGB.",) if profile else ()
    alpha = bands[..., 3] if has_alpha else None
    return Picture(bands[..., :3], alpha, kind, info, profile, notes, _exif(upright))


def encode(picture: Picture, pixels: NDArray[np.uint8]) -> tuple[bytes, ImageInfo]:
    """Encode new pixels as the picture's file was: format, alpha, profile and EXIF."""
    alpha = picture.alpha if picture.format != "JPEG" else None
    bands = pixels if alpha is None else np.dstack((pixels, alpha))
    image, stream = Image.fromarray(bands), BytesIO()
    kept = {"icc_profile": picture.profile} if picture.profile else {}
    if picture.exif and picture.format != "TIFF":
        kept["exif"] = picture.exif
    image.save(stream, picture.format, **_WRITING[picture.format], **kept)
    content = stream.getvalue()
    return content, _info(content, picture.format, image.size, has_alpha=alpha is not None, profile=picture.profile)


def _opened(content: bytes, kind: str, max_pixels: int) -> Image.Image:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of odd metadata, which is nobody's concern here
            image = Image.open(BytesIO(content), formats=[kind])
            _check_size(image, max_pixels)
            image.load()
    except (OSError, SyntaxError, ValueError) as error:
        if "truncated" in str(error):
            raise ImageTruncatedError("The file ends before the picture does.") from error
        raise ImageUndecodableError(f"The {kind} file cannot be decoded.") from error
    return image


def _check_size(image: Image.Image, max_pixels: int) -> None:
    pixels = image.width * image.height
    if pixels > max_pixels:
        message = f"The picture has {pixels} pixels; at most {max_pixels} are accepted."
        raise ImageTooLargeError(message, metadata={"pixels": str(pixels), "max_pixels": str(max_pixels)})


def _exif(image: Image.Image) -> bytes:
    """Return EXIF without the orientation, which has been applied."""
    exif = image.getexif()
    return exif.tobytes() if len(exif) else b""


def _info(content: bytes, kind: str, size: tuple[int, int], *, has_alpha: bool, profile: bytes) -> ImageInfo:
    return ImageInfo(
        width=size[0],
        height=size[1],
        format=kind.lower(),
        bit_depth=8,
        color_profile="embedded" if profile else "sRGB",
        has_alpha=has_alpha,
        size_bytes=len(content),
        sha256=sha256(content).hexdigest(),
    )
