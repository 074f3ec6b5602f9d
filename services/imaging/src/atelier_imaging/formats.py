"""File formats of pictures, told apart by their first bytes."""

from __future__ import annotations

from enum import StrEnum

from atelier_sdk.errors import UnsupportedFormatError

_HEIF_BRANDS = frozenset({b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis", b"mif1", b"msf1"})
_AVIF_BRANDS = frozenset({b"avif", b"avis"})
# Named in the refusal, so that a caller learns what it sent.
_FOREIGN = (
    (b"GIF8", "gif"),
    (b"BM", "bmp"),
    (b"8BPS", "psd"),
    (b"%PDF", "pdf"),
    (b"\xff\x0a", "jpeg-xl"),
    (b"\x00\x00\x00\x0cJXL ", "jpeg-xl"),
    (b"\x00\x00\x00\x0cjP  ", "jpeg-2000"),
    (b"<svg", "svg"),
    (b"<?xml", "xml"),
    (b"#?RADIANCE", "radiance-hdr"),
    (b"\x76\x2f\x31\x01", "openexr"),
)


class ImageFormat(StrEnum):
    """A file format that pictures are read from and, HEIF apart, written in."""

    JPEG = "jpeg"
    PNG = "png"
    WEBP = "webp"
    TIFF = "tiff"
    AVIF = "avif"
    HEIF = "heif"


def sniff(encoded: bytes) -> ImageFormat:
    """Tell the format of a file from its first bytes, whatever its name or media type says.

    Raises UnsupportedFormatError, with `format` and `accepted` in its metadata, for anything else.
    """
    if encoded.startswith(b"\xff\xd8\xff"):
        return ImageFormat.JPEG
    if encoded.startswith(b"\x89PNG\r\n\x1a\n"):
        return ImageFormat.PNG
    if encoded[:4] == b"RIFF" and encoded[8:12] == b"WEBP":
        return ImageFormat.WEBP
    # Classic and BigTIFF, little and big endian.
    if encoded[:4] in {b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"}:
        return ImageFormat.TIFF
    if encoded[4:8] == b"ftyp":
        return _iso_media(encoded)
    raise _unsupported(next((name for magic, name in _FOREIGN if encoded.startswith(magic)), "unknown"))


def _iso_media(encoded: bytes) -> ImageFormat:
    """Tell AVIF from HEIF by the brands of the `ftyp` box (ISO/IEC 14496-12, 23008-12; AV1 image file format)."""
    size = int.from_bytes(encoded[:4], "big")
    brands = {encoded[8:12], *(encoded[at : at + 4] for at in range(16, min(size, 256), 4))}
    if brands & _AVIF_BRANDS:
        return ImageFormat.AVIF
    if brands & _HEIF_BRANDS:
        return ImageFormat.HEIF
    raise _unsupported("iso-media")


def _unsupported(name: str) -> UnsupportedFormatError:
    accepted = ", ".join(ImageFormat)
    what = "These bytes are no picture" if name == "unknown" else f"A file of format {name} is not accepted"
    return UnsupportedFormatError(f"{what}; accepted are {accepted}.", metadata={"format": name, "accepted": accepted})
