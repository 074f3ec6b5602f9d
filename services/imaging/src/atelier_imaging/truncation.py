"""Whether a file ends before its picture does, told from its structure alone.

A decoder's own message is not relied on: libvips collects messages in one buffer for all threads, and some decoders
call a cut file corrupt. Each check walks the lengths that the format itself states, and decodes nothing.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from atelier_imaging.formats import ImageFormat

if TYPE_CHECKING:
    from collections.abc import Callable

# JPEG markers without a length: TEM and RST0 to RST7.
_BARE_MARKERS = frozenset({0x01, *range(0xD0, 0xD8)})
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def is_truncated(encoded: bytes, image_format: ImageFormat) -> bool:
    """Tell whether a file of a format promises more bytes than it has."""
    return _CHECKS[image_format](encoded)


def _jpeg(encoded: bytes) -> bool:
    """Walk the segments to the first scan; after it an end-of-image marker must come (ITU-T T.81, B.1)."""
    at = 2
    while at + 4 <= len(encoded):
        if encoded[at] != 0xFF:
            return False  # not a marker where one belongs: corrupt, and for the decoder to say so
        marker = encoded[at + 1]
        if marker == _START_OF_SCAN:
            return encoded.find(b"\xff\xd9", at) < 0
        if marker == _END_OF_IMAGE:
            return False
        if marker == 0xFF:
            at += 1
        elif marker in _BARE_MARKERS:
            at += 2
        else:
            at += 2 + int.from_bytes(encoded[at + 2 : at + 4], "big")
    return True


def _png(encoded: bytes) -> bool:
    """Walk the chunks to IEND (PNG, third edition, 5.3)."""
    at = 8
    while at + 12 <= len(encoded):
        if encoded[at + 4 : at + 8] == b"IEND":
            return False
        at += 12 + int.from_bytes(encoded[at : at + 4], "big")
    return True


def _webp(encoded: bytes) -> bool:
    """Compare the size that the RIFF header states (RFC 9649, 2.4)."""
    return len(encoded) < 12 or len(encoded) < 8 + int.from_bytes(encoded[4:8], "little")


def _iso_media(encoded: bytes) -> bool:
    """Walk the outermost boxes (ISO/IEC 14496-12, 4.2); a size of 0 means to the end of the file."""
    at = 0
    while at + 8 <= len(encoded):
        size = int.from_bytes(encoded[at : at + 4], "big")
        if size == 1:
            size = int.from_bytes(encoded[at + 8 : at + 16], "big")
        if size < 8:
            return False
        at += size
    return at != len(encoded)


def _tiff(encoded: bytes) -> bool:
    """Check that the first directory and every strip or tile it names lie inside the file (TIFF 6.0, section 2)."""
    order = "<" if encoded[:2] == b"II" else ">"
    big = encoded[2:4] in {b"+\0", b"\0+"}
    try:
        directory = struct.unpack_from(order + ("Q" if big else "I"), encoded, 8 if big else 4)[0]
        entries = _tiff_entries(encoded, directory, order, big=big)
        offsets = entries.get(273, entries.get(324, ()))
        lengths = entries.get(279, entries.get(325, ()))
    except struct.error:
        return True
    return any(offset + length > len(encoded) for offset, length in zip(offsets, lengths, strict=False))


def _tiff_entries(encoded: bytes, directory: int, order: str, *, big: bool) -> dict[int, tuple[int, ...]]:
    """Return the offsets and lengths of strips and tiles by their tag numbers."""
    count_code, value_code, entry_size, inline = ("Q", "Q", 20, 8) if big else ("H", "I", 12, 4)
    count = struct.unpack_from(order + count_code, encoded, directory)[0]
    first = directory + struct.calcsize(order + count_code)
    found: dict[int, tuple[int, ...]] = {}
    for at in range(first, first + min(count, 4096) * entry_size, entry_size):
        tag, kind, values = struct.unpack_from(order + "HH" + value_code, encoded, at)
        code = {3: "H", 4: "I", 16: "Q"}.get(kind)
        if tag not in {273, 279, 324, 325} or code is None:
            continue
        form = f"{order}{min(values, len(encoded))}{code}"
        where = at + entry_size - inline
        if struct.calcsize(form) > inline:
            where = struct.unpack_from(order + value_code, encoded, where)[0]
        found[tag] = struct.unpack_from(form, encoded, where)
    return found


_CHECKS: dict[ImageFormat, Callable[[bytes], bool]] = {
    ImageFormat.JPEG: _jpeg,
    ImageFormat.PNG: _png,
    ImageFormat.WEBP: _webp,
    ImageFormat.TIFF: _tiff,
    ImageFormat.AVIF: _iso_media,
    ImageFormat.HEIF: _iso_media,
}
