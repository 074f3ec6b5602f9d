"""Contact sheets: labelled pictures side by side on one dark, neutral page, with the same detail of each below."""

from __future__ import annotations

import io
import math
import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from PIL import Image, ImageCms, ImageDraw, ImageFont, ImageOps

if TYPE_CHECKING:
    from collections.abc import Sequence

    from PIL.Image import Image as PilImage

_PAGE = (24, 24, 25)  # neutral, so that it tints no judgement of colour
_INK = (236, 236, 234)
_FAINT = (158, 158, 156)
_FRAME = (58, 58, 60)
_MARGIN = 48
_GUTTER = 28
_TITLE_SIZE, _SUBTITLE_SIZE, _LABEL_SIZE, _CAPTION_SIZE = 34, 19, 22, 17
_LINE = 1.32  # line height over font size
# Pillow's own font, the one font that is everywhere, has Latin letters without accents and few signs besides.
_DRAWABLE = frozenset("©«°±´·»‘’“”…‹›™") | {chr(code) for code in range(32, 127)}
_IN_WORDS = {
    "—": "-",
    "–": "-",
    "−": "-",
    "×": "x",
    "→": ">",
    "Δ": "d",
    "≤": "<=",
    "≥": ">=",
    "ß": "ss",
    "ø": "o",
    "æ": "ae",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a sheet, its label, and a smaller line below it."""

    picture: PilImage
    label: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Detail:
    """The part of every picture that is shown again, larger: its edges as fractions of width and height, 0..1."""

    left: float
    top: float
    right: float
    bottom: float

    @classmethod
    def around(cls, x: float, y: float, side: float, aspect: float = 1.0) -> Detail:
        """Make a detail `side` of the width wide around a point, moved to stay inside.

        All are fractions; `aspect` is the picture's width over its height and makes the detail square in pixels.
        """
        width, height = min(side, 1.0), min(side * aspect, 1.0)
        left, top = min(max(x - width / 2, 0.0), 1 - width), min(max(y - height / 2, 0.0), 1 - height)
        return cls(left, top, left + width, top + height)

    def of(self, picture: PilImage) -> PilImage:
        """Cut the detail out of a picture."""
        width, height = picture.size
        edges = (self.left * width, self.top * height, self.right * width, self.bottom * height)
        left, top, right, bottom = (round(edge) for edge in edges)
        return picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))


@dataclass(frozen=True, slots=True)
class _Cell:
    """A tile as it will be drawn: pictures scaled, text broken into lines."""

    picture: PilImage
    detail: PilImage | None
    label: list[str]
    caption: list[str]


def contact_sheet(
    tiles: Sequence[Tile],
    *,
    title: str = "",
    subtitle: str = "",
    columns: int | None = None,
    tile_pixels: int = 520,
    detail: Detail | None = None,
) -> PilImage:
    """Lay labelled pictures out on one page and return it, RGB, 8 bits, sRGB.

    Each picture is converted from its own profile to sRGB, its transparency laid over the page, and scaled to
    `tile_pixels` of width, or of height where it is taller than 5:4 of that. With `detail`, the same part of every
    picture stands below it, scaled to the same width. Without `columns` the page comes out about as wide as a screen.

    Errors: ValueError without tiles.
    """
    if not tiles:
        raise ValueError("a contact sheet needs a picture")
    across = columns or _columns(len(tiles))
    cells = [_cell(tile, tile_pixels, detail) for tile in tiles]
    rows = [cells[start : start + across] for start in range(0, len(cells), across)]
    width = 2 * _MARGIN + min(across, len(cells)) * (tile_pixels + _GUTTER) - _GUTTER
    heading = _heading_height(title, subtitle)
    height = 2 * _MARGIN + heading + sum(_row_height(row) + _GUTTER for row in rows) - _GUTTER
    page = Image.new("RGB", (width, height), _PAGE)
    _draw_heading(page, title, subtitle)
    top = _MARGIN + heading
    for row in rows:
        for column, cell in enumerate(row):
            _draw_cell(page, cell, _MARGIN + column * (tile_pixels + _GUTTER), top, tile_pixels, row)
        top += _row_height(row) + _GUTTER
    return page


def before_and_after(
    before: PilImage, after: PilImage, *, what: str, caption: str = "", detail: Detail | None = None
) -> PilImage:
    """Lay a picture out beside what was made of it; `what` labels the second."""
    tiles = [Tile(before, "Before", f"{before.width} × {before.height}"), Tile(after, what, caption)]
    return contact_sheet(tiles, columns=2, tile_pixels=640, detail=detail)


def save(sheet: PilImage, path: str) -> None:
    """Write a sheet: JPEG at a quality that keeps grain and text, or any format that the suffix names."""
    sheet.save(path, quality=93, subsampling=0)


def _columns(count: int) -> int:
    return count if count <= 4 else math.ceil(count / math.ceil(count / 4))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _cell(tile: Tile, width: int, detail: Detail | None) -> _Cell:
    shown = _for_display(tile.picture)
    fitted = ImageOps.contain(shown, (width, round(width * 1.25)), Image.Resampling.LANCZOS)
    enlarged = _enlarge(detail.of(shown), width) if detail else None
    return _Cell(fitted, enlarged, _wrap(tile.label, _LABEL_SIZE, width), _wrap(tile.caption, _CAPTION_SIZE, width))


def _for_display(picture: PilImage) -> PilImage:
    """Convert to sRGB by the embedded profile, upright, transparency laid over the page."""
    upright = ImageOps.exif_transpose(picture)
    if "A" in upright.getbands() or "transparency" in upright.info:
        layer = upright.convert("RGBA")
        ground = Image.new("RGBA", layer.size, (*_FRAME, 255))
        flat: PilImage = Image.alpha_composite(ground, layer).convert("RGB")
        return _to_srgb(flat, upright.info.get("icc_profile"))
    return _to_srgb(upright, upright.info.get("icc_profile"))


def _to_srgb(picture: PilImage, profile: bytes | None) -> PilImage:
    if not profile or picture.mode not in {"RGB", "L", "CMYK"}:
        return picture.convert("RGB")
    source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    intent: Literal[ImageCms.Intent.RELATIVE_COLORIMETRIC] = ImageCms.Intent.RELATIVE_COLORIMETRIC
    converted = ImageCms.profileToProfile(
        picture, source, ImageCms.createProfile("sRGB"), renderingIntent=intent, outputMode="RGB"
    )
    return converted if converted is not None else picture.convert("RGB")


def _enlarge(detail: PilImage, width: int) -> PilImage:
    """Scale to a width; cubically, which keeps grain visible without the steps of its pixels."""
    return detail.resize((width, max(1, round(width * detail.height / detail.width))), Image.Resampling.BICUBIC)


def _drawable(text: str) -> str:
    """Write a text with the signs that the font has: accents dropped, typographic signs by their plain kin."""
    plain = "".join(_IN_WORDS.get(sign, sign) for sign in text)
    parts = (sign if sign in _DRAWABLE else unicodedata.normalize("NFKD", sign) for sign in plain)
    return "".join(sign for sign in "".join(parts) if sign in _DRAWABLE)


def _wrap(text: str, size: int, width: int) -> list[str]:
    font, lines = _font(size), [""]
    for word in _drawable(text).split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [line for line in lines if line]


def _text_height(lines: list[str], size: int) -> int:
    return math.ceil(len(lines) * size * _LINE)


def _heading_height(title: str, subtitle: str) -> int:
    height = _TITLE_SIZE * _LINE * bool(title) + _SUBTITLE_SIZE * _LINE * bool(subtitle)
    return math.ceil(height) + (_GUTTER if height else 0)


def _row_height(row: list[_Cell]) -> int:
    pictures = max(cell.picture.height for cell in row)
    details = max((cell.detail.height + _GUTTER // 2 for cell in row if cell.detail), default=0)
    text = max(_text_height(cell.label, _LABEL_SIZE) + _text_height(cell.caption, _CAPTION_SIZE) for cell in row)
    return pictures + details + _GUTTER // 2 + text


def _draw_heading(page: PilImage, title: str, subtitle: str) -> None:
    top = _draw_text(page, [title] if title else [], _TITLE_SIZE, _INK, _MARGIN, _MARGIN - 6)
    _draw_text(page, [subtitle] if subtitle else [], _SUBTITLE_SIZE, _FAINT, _MARGIN, top)


def _draw_cell(page: PilImage, cell: _Cell, left: int, top: int, width: int, row: list[_Cell]) -> None:
    height = max(other.picture.height for other in row)
    page.paste(cell.picture, (left + (width - cell.picture.width) // 2, top + height - cell.picture.height))
    top += height
    if cell.detail:
        top += _GUTTER // 2
        page.paste(cell.detail, (left, top))
        top += max(other.detail.height for other in row if other.detail)
    top += _GUTTER // 2
    top = _draw_text(page, cell.label, _LABEL_SIZE, _INK, left, top)
    _draw_text(page, cell.caption, _CAPTION_SIZE, _FAINT, left, top)


def _draw_text(page: PilImage, lines: list[str], size: int, ink: tuple[int, int, int], left: int, top: int) -> int:
    draw, font = ImageDraw.Draw(page), _font(size)
    for number, line in enumerate(lines):
        draw.text((left, top + number * size * _LINE), _drawable(line), font=font, fill=ink)
    return top + _text_height(lines, size)
