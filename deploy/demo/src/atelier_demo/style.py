"""Style: grades, film stocks, skin tone, and a whole look in one pass."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from atelier_client import Grade, Grain, SkinTone, sheet
from PIL import Image

if TYPE_CHECKING:
    from atelier_client import PictureResult

    from atelier_demo.studio import Studio

SEED = 7

LOOKS: dict[str, tuple[str, str]] = {
    "portrait": ("portrait_natural", "portra_160"),
    "golden_hour": ("golden_warm", "portra_400"),
    "cinema": ("teal_orange", "cinestill_800t"),
    "editorial": ("cool_editorial", "portra_400"),
    "faded_print": ("matte_fade", "portra_800"),
    "newsroom": ("monochrome_silver", "tri_x_400"),
    "night": ("moody_cinematic", "cinestill_800t"),
}
"""What the demo calls a look: a grade and the stock that it is shot on."""


def run(studio: Studio) -> None:
    """Make every look, a matched grade and a skin tone; write them and a sheet of before and after."""
    before = Image.open(io.BytesIO(studio.portrait)).convert("RGB")
    tiles = [sheet.Tile(before, "Before", f"{before.width} × {before.height}, as it came in")]
    for name, (grade, stock) in LOOKS.items():
        result = studio.client.style.apply(
            studio.portrait, grade=Grade(preset=grade, export_lut=True), grain=Grain(stock=stock), seed=SEED
        )
        result.save_lut(studio.folder / f"style-{name}.cube")
        tiles.append(sheet.Tile(studio.keep(f"style-{name}", result), name.replace("_", " "), f"{grade} on {stock}"))
    for label, caption, result in _references(studio, tiles[2].picture):
        tiles.append(sheet.Tile(studio.keep(f"style-{label.replace(' ', '_')}", result), label, caption))
    page = sheet.contact_sheet(
        tiles,
        title="Style",
        subtitle="One portrait, one call a look: skin tone, grade and grain in a single pass",
        columns=5,
        detail=sheet.Detail.around(0.45, 0.24, 0.22),
    )
    sheet.save(page, str(studio.folder / "style.jpg"))


def _references(studio: Studio, golden: Image.Image) -> list[tuple[str, str, PictureResult]]:
    """Use a result as the reference of the next: its colours matched, its skin tone taken over."""
    client = studio.client.style
    return [
        (
            "matched",
            "the colours of 'golden hour', matched by distribution",
            client.grade(studio.portrait, Grade(match=golden, protect_skin=0.3)),
        ),
        ("warmer skin", "warmth +0.6, nothing but skin moves", client.skin_tone(studio.portrait, SkinTone(warmth=0.6))),
    ]
