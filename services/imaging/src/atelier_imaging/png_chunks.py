"""Metadata in PNG: the chunks for EXIF and XMP, put in unchanged."""

from __future__ import annotations

import struct
import zlib

# Signature of 8 bytes, then IHDR: length, name, 13 bytes, checksum.
_AFTER_HEADER = 8 + 12 + 13


def with_metadata(png: bytes, exif: bytes | None, xmp: bytes | None) -> bytes:
    """Return a PNG with an EXIF block (`eXIf`) and an XMP packet (`iTXt`) added, byte for byte.

    PNG, third edition, 11.3.3.2 and 11.3.4.4; the keyword is that of the XMP specification, part 3, 1.1.5.
    """
    chunks = b""
    if exif:
        chunks += _chunk(b"eXIf", exif)
    if xmp:
        # After the keyword: not compressed (two bytes), no language, no translated keyword.
        chunks += _chunk(b"iTXt", b"XML:com.adobe.xmp\0" + b"\0\0" + b"\0" + b"\0" + xmp)
    return png[:_AFTER_HEADER] + chunks + png[_AFTER_HEADER:] if chunks else png


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
