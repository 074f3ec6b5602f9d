"""Edit: one portrait under the classic patterns of light, and with its detail brought out."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from atelier_client import Enhancement, Relighting, sheet
from PIL import Image

if TYPE_CHECKING:
    from atelier_demo.studio import Studio

LIGHTS: dict[str, str] = {
    "rembrandt": "a lit triangle on the shadow cheek",
    "butterfly": "straight ahead and high: glamour",
    "window": "large and soft, falling off across the room",
    "golden-hour": "a low, warm sun under an open sky",
    "rim": "edged with light from behind",
}
"""The patterns that the demo shows, with what a photographer sees in them."""

# Head and shoulders of the portrait, as fractions of it: left, top, right, bottom.
_SHOWN = (0.15, 0.0, 0.75, 0.6)

DETAIL = Enhancement(skin_detail=80, eyes=60, lips=40, hair=60, smart_grain=2)


def run(studio: Studio) -> None:
    """Light the portrait five ways and enhance it; write the pictures and a sheet of before and after."""
    client = studio.client.edit
    before = Image.open(io.BytesIO(studio.portrait)).convert("RGB")
    tiles = [_tile(before, "Before", f"{before.width} × {before.height}, as it came in")]
    for name, caption in LIGHTS.items():
        lit = client.relight(studio.portrait, Relighting(pattern=name))
        tiles.append(_tile(studio.keep(f"edit-{name}", lit), name.replace("-", " "), caption))
    warm = client.relight(studio.portrait, Relighting(mood="warm-portrait"))
    tiles.append(_tile(studio.keep("edit-warm-portrait", warm), "warm portrait", "a mood: pattern, ratio and kelvin"))
    crisp = client.enhance(studio.portrait, DETAIL)
    tiles.append(_tile(studio.keep("edit-detail", crisp), "enhanced detail", "skin 80, eyes 60, lips 40, hair 60"))
    page = sheet.contact_sheet(
        tiles,
        title="Edit",
        subtitle="One portrait, one call a picture: new light on the person, the texture the source's own",
        columns=4,
        tile_pixels=480,
    )
    sheet.save(page, str(studio.folder / "edit.jpg"))


def _tile(picture: Image.Image, label: str, caption: str) -> sheet.Tile:
    """Show head and shoulders, at twice their size."""
    width, height = picture.size
    edges = [round(edge * side) for edge, side in zip(_SHOWN, (width, height, width, height), strict=True)]
    part = picture.crop((edges[0], edges[1], edges[2], edges[3]))
    return sheet.Tile(part.resize((2 * part.width, 2 * part.height), Image.Resampling.LANCZOS), label, caption)
