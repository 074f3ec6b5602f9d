"""Colour spaces that a file states as code points, without an ICC profile (ITU-T H.273).

AVIF and HEIF carry them in a `colr` box of type `nclx`, PNG in a `cICP` chunk.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from atelier_imaging.color import ColorSpace
from atelier_imaging.formats import ImageFormat

if TYPE_CHECKING:
    from typing import Final

_P3_D65: Final = 12
_WIDE: Final = {9: "BT.2020"}
_HIGH_DYNAMIC_RANGE: Final = {16: "PQ", 18: "HLG"}


@dataclass(frozen=True, slots=True)
class CodePoints:
    """The primaries and the transfer curve of a file, as numbers of ITU-T H.273."""

    primaries: int
    transfer: int

    @property
    def space(self) -> ColorSpace:
        """Return the working space that is meant, or the nearest: sRGB where neither is."""
        return ColorSpace.DISPLAY_P3 if self.primaries == _P3_D65 else ColorSpace.SRGB

    @property
    def note(self) -> str | None:
        """Return a sentence for people where the file's colours cannot be honoured, else None."""
        unknown = _HIGH_DYNAMIC_RANGE.get(self.transfer) or _WIDE.get(self.primaries)
        return (
            f"The file states {unknown} colours, which are not supported; it was read as {self.space}."
            if unknown
            else None
        )


def read_code_points(encoded: bytes, image_format: ImageFormat) -> CodePoints | None:
    """Return the code points that a file states, or None."""
    if image_format is ImageFormat.PNG:
        at = encoded.find(b"\0\0\0\4cICP", 8, max(encoded.find(b"IDAT", 8), 8))
        return CodePoints(encoded[at + 8], encoded[at + 9]) if at > 0 else None
    if image_format in {ImageFormat.AVIF, ImageFormat.HEIF}:
        at = encoded.find(b"colrnclx", 0, 1 << 16)
        place = encoded[at + 8 : at + 12]
        return CodePoints(int.from_bytes(place[:2], "big"), int.from_bytes(place[2:], "big")) if at > 0 else None
    return None
