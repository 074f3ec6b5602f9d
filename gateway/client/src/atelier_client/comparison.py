"""The before/after sheet of a run: pairs of pictures, small enough to hold in memory, and the detail that tells."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_client import sheet
from atelier_client.errors import PictureError
from atelier_client.pictures import to_pil

if TYPE_CHECKING:
    from pathlib import Path

    from PIL.Image import Image as PilImage

    from atelier_client.report import Report
    from atelier_client.result import PictureResult

_MOST_PAIRS = 12
_KEPT_PIXELS = 1000  # long edge that the pictures of several pairs are kept at; one pair is kept whole
_UNITS = {"ratio": "", "degrees": "°", "delta_e_2000": " ΔE"}
_FACE_MARGIN = 1.35  # the detail is that much wider than the face


class Comparison:
    """Collects the first twelve pairs of a run and lays them out."""

    def __init__(self, label: str, *, is_single: bool) -> None:
        self._label = label
        self._is_single = is_single
        self._pairs: dict[str, tuple[PilImage, PilImage, Report]] = {}
        self._left_out = 0

    def add(self, source: Path, result: PictureResult) -> None:
        """Take note of a finished picture; those beyond the twelfth, or of a format unknown to Pillow, are left out."""
        try:
            before = to_pil(source.read_bytes()) if len(self._pairs) < _MOST_PAIRS else None
        except PictureError:
            before = None
        if before is None:
            self._left_out += 1
            return
        after = result.to_pil()
        if not self._is_single:
            for picture in (before, after):
                picture.thumbnail((_KEPT_PIXELS, _KEPT_PIXELS))
        self._pairs[source.name] = (before, after, result.report)

    def save(self, path: Path) -> None:
        """Write the sheet; nothing where no picture was finished."""
        if self._pairs:
            sheet.save(self._sheet(), str(path))

    def _sheet(self) -> PilImage:
        if len(self._pairs) == 1:
            ((name, (before, after, report)),) = self._pairs.items()
            tiles = [sheet.Tile(before, "Before", name), sheet.Tile(after, self._label, _measured(report))]
            return sheet.contact_sheet(tiles, columns=2, tile_pixels=640, detail=face_detail(report))
        tiles = []
        for name, (before, after, _) in sorted(self._pairs.items()):
            tiles += [sheet.Tile(before, name, "before"), sheet.Tile(after, name, self._label)]
        more = f"{self._left_out} more pictures are not shown" if self._left_out else ""
        return sheet.contact_sheet(tiles, title=self._label, subtitle=more, columns=4, tile_pixels=400)


def face_detail(report: Report) -> sheet.Detail:
    """Choose the detail to show: the face that the operation was about, else the largest, else the picture's middle."""
    width, height = report.input.width, report.input.height  # faces lie in the input
    faces = sorted(report.faces, key=lambda face: (not face.selected, face.index))
    if not faces or not width or not height:
        return sheet.Detail.around(0.5, 0.5, 0.35, (width / height) if height else 1.0)
    box = faces[0].box
    x, y = (box.left + box.width / 2) / width, (box.top + box.height / 2) / height
    side = max(box.width, box.height) * _FACE_MARGIN / width
    return sheet.Detail.around(x, y, min(side, 1.0, height / width), width / height)


def _measured(report: Report) -> str:
    parts = [
        f"{one.name.replace('_', ' ')} {one.value:.2g}{_UNITS.get(one.unit, f' {one.unit}')}"
        for one in report.measures
        if one.value is not None
    ]
    return " · ".join(parts[:4])
