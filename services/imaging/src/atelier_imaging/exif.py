"""EXIF blocks: kept byte for byte, but for what an edit makes untrue.

An EXIF block is a small TIFF file (CIPA DC-008, 4.5). Three things in it are about the pixels, and are mended in place
when a picture is written: the orientation becomes 1, since it has been applied; the pixel size becomes the picture's;
and the thumbnail goes, since it would show the picture from before the edit.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_PREFIX = b"Exif\0\0"
_ORIENTATION, _EXIF_IFD, _PIXEL_WIDTH, _PIXEL_HEIGHT = 0x0112, 0x8769, 0xA002, 0xA003
_THUMBNAIL_OFFSET, _THUMBNAIL_LENGTH = 0x0201, 0x0202
_SHORT, _LONG = 3, 4


@dataclass(frozen=True, slots=True)
class _Entry:
    """One entry of a directory: its tag, its type and where its value stands in the block."""

    tag: int
    kind: int
    at: int


def without_prefix(block: bytes) -> bytes:
    """Return an EXIF block without the `Exif` and two zero bytes that JPEG puts before it."""
    return block.removeprefix(_PREFIX)


def mended(block: bytes, width: int, height: int) -> bytes:
    """Return an EXIF block that is true of an upright picture of `width` x `height` pixels, without a thumbnail.

    A block that cannot be read is returned as it is.
    """
    patched = bytearray(block)
    order = "<" if block[:2] == b"II" else ">"
    try:
        first = struct.unpack_from(order + "I", block, 4)[0]
        entries, thumbnail = _directory(patched, first, order)
        _set(patched, entries, order, {_ORIENTATION: 1})
        for entry in entries:
            if entry.tag == _EXIF_IFD:
                inner, _ = _directory(patched, struct.unpack_from(order + "I", patched, entry.at)[0], order)
                _set(patched, inner, order, {_PIXEL_WIDTH: width, _PIXEL_HEIGHT: height})
        if thumbnail:
            _drop_thumbnail(patched, first, thumbnail, order)
    except struct.error:
        return block
    return bytes(patched)


def _directory(block: bytes | bytearray, at: int, order: str) -> tuple[list[_Entry], int]:
    """Return the entries of the directory at an offset, and the offset of the next one (0: none)."""
    count = struct.unpack_from(order + "H", block, at)[0]
    entries = []
    for index in range(count):
        where = at + 2 + 12 * index
        tag, kind = struct.unpack_from(order + "HH", block, where)
        entries.append(_Entry(tag, kind, where + 8))
    return entries, struct.unpack_from(order + "I", block, at + 2 + 12 * count)[0]


def _set(block: bytearray, entries: list[_Entry], order: str, values: dict[int, int]) -> None:
    """Write numbers over those of the entries with given tags."""
    for entry in entries:
        if entry.tag in values and entry.kind in {_SHORT, _LONG}:
            struct.pack_into(order + ("H" if entry.kind == _SHORT else "I"), block, entry.at, values[entry.tag])


def _drop_thumbnail(block: bytearray, first: int, thumbnail: int, order: str) -> None:
    """Unlink the thumbnail's directory and blacken its bytes."""
    entries, _ = _directory(block, thumbnail, order)
    place = {entry.tag: struct.unpack_from(order + "I", block, entry.at)[0] for entry in entries}
    start, length = place.get(_THUMBNAIL_OFFSET, 0), place.get(_THUMBNAIL_LENGTH, 0)
    if 0 < start <= start + length <= len(block):
        block[start : start + length] = bytes(length)
    count = struct.unpack_from(order + "H", block, first)[0]
    struct.pack_into(order + "I", block, first + 2 + 12 * count, 0)
