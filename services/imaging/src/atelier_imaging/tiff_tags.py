"""What a TIFF says of its taking: tags that stand among those of the file itself.

In other formats these tags are an EXIF block of their own. A TIFF's are taken out into such a block on the way in, and
put back on the way out, so that a picture may change its format and keep them.
"""

from __future__ import annotations

import struct
from io import BytesIO

from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import ImageFileDirectory_v2

_PREFIX = b"Exif\0\0"
_EXIF_IFD, _GPS_IFD = 0x8769, 0x8825
# Tags of a TIFF's first directory that say how its pixels are stored: they are true of that file alone.
_STRUCTURAL = frozenset(
    {254, 255, 256, 257, 258, 259, 262, 263, 266, 273, 274, 277, 278, 279, 280, 281, 284, 290, 291, 292, 293, 297, 301}
    | {
        317,
        318,
        319,
        320,
        321,
        322,
        323,
        324,
        325,
        330,
        332,
        338,
        339,
        340,
        341,
        347,
        512,
        513,
        514,
        529,
        530,
        531,
        532,
    }
    | {700, 33723, 34377, 34675}
)


def exif_of_tiff(encoded: bytes) -> bytes | None:
    """Return what a TIFF says of its taking as an EXIF block, or None where it says nothing."""
    try:
        with Image.open(BytesIO(encoded), formats=("TIFF",)) as image:
            tags = image.getexif()
            for directory in (_EXIF_IFD, _GPS_IFD):
                tags.get_ifd(directory)
    except (UnidentifiedImageError, OSError, ValueError, struct.error, SyntaxError, Image.DecompressionBombError):
        return None
    for tag in _STRUCTURAL & set(tags):
        del tags[tag]
    return tags.tobytes().removeprefix(_PREFIX) if len(tags) else None


def with_exif(tiff: bytes, block: bytes) -> bytes:
    """Return a little-endian TIFF with the tags of an EXIF block added to its own.

    Everything stays where it is; behind it come the added tags with their values, then a directory of all tags, to
    which the header points. A block that cannot be read leaves the file as it is.
    """
    start = len(tiff) + len(tiff) % 2  # a directory begins on a word boundary (TIFF 6.0, section 2)
    try:
        added = _directory_of(block).tobytes(start)
    except (ValueError, TypeError, KeyError, SyntaxError, OSError, struct.error):
        return tiff
    added += bytes(len(added) % 2)
    entries = _entries(tiff, struct.unpack_from("<I", tiff, 4)[0]) | _entries(added, 0)
    directory = struct.pack("<H", len(entries)) + b"".join(entries[tag] for tag in sorted(entries)) + bytes(4)
    header = tiff[:4] + struct.pack("<I", start + len(added))
    return header + tiff[8:].ljust(start - 8, b"\0") + added + directory


def _directory_of(block: bytes) -> ImageFileDirectory_v2:
    """Return the tags of an EXIF block that are not about how pixels are stored, as a little-endian directory."""
    tags = Image.Exif()
    tags.load(_PREFIX + block)
    directory = ImageFileDirectory_v2(b"II*\0\0\0\0\0")
    for tag in set(tags) - _STRUCTURAL - {_EXIF_IFD, _GPS_IFD}:
        directory[tag] = tags[tag]
    for inner in (_EXIF_IFD, _GPS_IFD):
        if values := tags.get_ifd(inner):
            directory[inner] = values
    return directory


def _entries(tiff: bytes, at: int) -> dict[int, bytes]:
    """Return the 12 bytes of each entry of the directory at an offset, by tag."""
    count = struct.unpack_from("<H", tiff, at)[0]
    entries = (tiff[at + 2 + 12 * index : at + 14 + 12 * index] for index in range(count))
    return {struct.unpack_from("<H", entry)[0]: entry for entry in entries}
