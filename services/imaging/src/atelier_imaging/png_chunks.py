"""Metadata in PNG: EXIF and XMP put in unchanged, compressed text left out."""

from __future__ import annotations

import struct
import zlib

_COMPRESSED_TEXT = b"zTXt"
_INTERNATIONAL_TEXT = b"iTXt"
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


def without_compressed_text(png: bytes) -> bytes:
    """Return a PNG without its compressed text, which a decoder would unpack: 4 MB of it can hold 4 GB.

    A file that has none, as nearly all, is returned uncopied.
    """
    kept, start, at = [], 0, 8
    while at + 12 <= len(png):
        end = at + 12 + int.from_bytes(png[at : at + 4], "big")
        if _is_compressed_text(png[at + 4 : min(end, at + 8 + 128)]):
            kept.append(png[start:at])
            start = end
        at = end
    return b"".join([*kept, png[start:]]) if kept else png


def _is_compressed_text(chunk: bytes) -> bool:
    """Tell from a chunk's name and first bytes whether it is text that is compressed (PNG, third edition, 11.3.3)."""
    if chunk[:4] != _INTERNATIONAL_TEXT:
        return chunk[:4] == _COMPRESSED_TEXT
    # A keyword of at most 79 bytes, a zero byte, then the compression flag.
    end = chunk.find(b"\0", 4)
    return end < 0 or chunk[end + 1 : end + 2] == b"\1"


def _chunk(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", zlib.crc32(name + content))
