"""The critique drawn over the picture: boxes where something is odd, a column of what was found beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.faceframe import to_bytes
from atelier_imaging.measures import Verdict
from PIL import Image, ImageDraw, ImageFont

if TYPE_CHECKING:
    from atelier_imaging.picture import Picture
    from numpy.typing import NDArray

    from atelier_inspect.critique import Critique, Finding

    _Edges = tuple[float, float, float, float]

# Pictures are shown this high; the column beside them is this wide.
_HEIGHT, _COLUMN = 1000, 560
_MARGIN, _LETTER, _SMALL = 24, 20, 15
_PAGE, _INK, _FAINT, _PLATE = (24, 24, 25), (236, 236, 234), (158, 158, 156), (15, 15, 18)
_COLOURS: Final = {
    Verdict.PASS: (96, 190, 110),
    Verdict.WARN: (242, 184, 60),
    Verdict.FAIL: (240, 84, 74),
    Verdict.NOT_MEASURABLE: (130, 130, 132),
    Verdict.UNSPECIFIED: (130, 130, 132),
}

_LEGEND: Final = "percentile: of 100 real portraits so many measure lower."


def annotated(picture: Picture, critique: Critique) -> NDArray[np.uint8]:
    """Draw a critique, uint8 (h, w, 3): the picture 1000 pixels high, findings of the score beside it.

    A picture is shown in its own numbers, as sRGB.
    """
    scale = _HEIGHT / picture.height
    size = (max(1, round(picture.width * scale)), _HEIGHT)
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    page = Image.new("RGB", (size[0] + _COLUMN, _HEIGHT), _PAGE)
    page.paste(Image.fromarray(np.asarray(cv2.resize(to_bytes(picture.pixels), size, interpolation=method))), (0, 0))
    draw = ImageDraw.Draw(page)
    shown = _shown(critique)
    _boxes(draw, [finding for finding in shown if finding.verdict in (Verdict.WARN, Verdict.FAIL)], scale, size[0])
    _column(draw, critique, shown, size[0] + _MARGIN)
    return np.asarray(page).copy()


def _shown(critique: Critique) -> list[Finding]:
    """Return all findings of the score, then others that are odd."""
    own = [finding for finding in critique.findings if finding.weight > 0]
    others = [finding for finding in critique.findings if not finding.weight and finding.verdict is Verdict.WARN]
    return [*own, *others][:13]


def _boxes(draw: ImageDraw.ImageDraw, findings: list[Finding], scale: float, width: int) -> None:
    """Outline where something is odd; boxes of one place are drawn inside each other, labels beside each other.

    Labels stay in the picture, which is `width` pixels wide.
    """
    seen: dict[tuple[int, ...], int] = {}
    labels: list[_Edges] = []
    drawn: list[tuple[Finding, _Edges]] = []
    for finding in findings:
        if finding.box is None:
            continue
        left, top = finding.box.left * scale, finding.box.top * scale
        right, bottom = left + finding.box.width * scale, top + finding.box.height * scale
        place = (round(left / 9), round(top / 9))
        inset = seen[place] = seen.get(place, -1) + 1
        edges = (left + 7 * inset, top + 7 * inset, right - 7 * inset, bottom - 7 * inset)
        if edges[2] - edges[0] < 12 or edges[3] - edges[1] < 12:
            continue
        draw.rectangle(edges, outline=_PLATE, width=6)
        draw.rectangle(
            (edges[0] + 1, edges[1] + 1, edges[2] - 1, edges[3] - 1), outline=_COLOURS[finding.verdict], width=4
        )
        drawn.append((finding, edges))
    for finding, edges in drawn:
        left = max(0.0, min(edges[0], width - _width(finding)))
        labels.append(_label(draw, finding, (left, max(0.0, edges[1] - _LETTER - 10)), labels))


def _label(draw: ImageDraw.ImageDraw, finding: Finding, at: tuple[float, float], others: list[_Edges]) -> _Edges:
    """Write a measure's name on a dark plate, below other plates where they would overlap, and return its edges."""
    width, height = _width(finding), _LETTER + 10
    left, top = at
    for other in sorted(others, key=lambda edges: edges[1]):
        beside = left + width < other[0] or left > other[2] or top + height < other[1] or top > other[3]
        if not beside:
            top = other[3] + 1
    draw.rectangle((left, top, left + width, top + height), fill=_PLATE)
    draw.text((left + 6, top + 3), _words(finding), _COLOURS[finding.verdict], _font(_LETTER))
    return (left, top, left + width, top + height)


def _words(finding: Finding) -> str:
    return finding.name.replace("_", " ")


def _width(finding: Finding) -> float:
    """Return the width of a measure's label in pixels."""
    return _font(_LETTER).getlength(_words(finding)) + 12


def _column(draw: ImageDraw.ImageDraw, critique: Critique, findings: list[Finding], left: int) -> None:
    score = "-" if critique.realism is None else f"{100 * critique.realism:.0f} of 100"
    draw.text((left, _MARGIN), f"realism {score}", _COLOURS[critique.verdict], _font(34))
    y = _text(draw, critique.explanation, (left, _MARGIN + 50), _INK, _LETTER) + 18
    for finding in findings:
        draw.ellipse((left, y + 5, left + 12, y + 17), fill=_COLOURS[finding.verdict])
        value = "" if finding.percentile is None else f"   percentile {finding.percentile:.0f}"
        draw.text((left + 22, y), _words(finding) + value, _INK, _font(_LETTER))
        y = _text(draw, finding.explanation, (left + 22, y + 26), _FAINT, _SMALL) + 12
    _text(draw, _LEGEND, (left, y + 6), _FAINT, _SMALL)


def _text(draw: ImageDraw.ImageDraw, words: str, place: tuple[int, int], ink: tuple[int, int, int], size: int) -> int:
    """Write a paragraph and return where the next begins."""
    font, lines = _font(size), [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > _COLUMN - 2 * _MARGIN - 22:
            lines.append(word)
        else:
            lines[-1] = longer
    for number, line in enumerate(lines):
        draw.text((place[0], place[1] + round(1.3 * size * number)), line, ink, font)
    return place[1] + round(1.3 * size * len(lines))


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)
