"""Expression: the head turned and the smile widened, five by five, and what else a face can do."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from atelier_client import Adjustment, sheet
from PIL import Image

if TYPE_CHECKING:
    from atelier_demo.studio import Studio

YAWS = (-15.0, -8.0, 0.0, 8.0, 15.0)
SMILES = (-0.3, 0.0, 0.4, 0.8, 1.2)
# Head and collar of the portrait, as fractions of it: left, top, right, bottom.
_HEAD = (0.22, 0.01, 0.68, 0.53)
OTHERS = {
    "introspective": Adjustment(expression="introspective"),
    "surprised": Adjustment(expression="surprised"),
    "looking_aside": Adjustment(gaze_x_degrees=14.0),
    "tilted": Adjustment(roll_degrees=10.0, smile=0.3),
    "chin_up": Adjustment(pitch_degrees=10.0),
}
"""What the demo keeps and measures: named expressions, gaze and pose."""


def run(studio: Studio) -> None:
    """Make the grid of yaw and smile and the others; write both as sheets."""
    tiles = [_tile(studio, smile, yaw) for smile in SMILES for yaw in YAWS]
    page = sheet.contact_sheet(
        tiles,
        title="Expression",
        subtitle="The head turns from left to right, the smile widens from top to bottom; one call a picture",
        columns=len(YAWS),
        tile_pixels=300,
    )
    sheet.save(page, str(studio.folder / "expression.jpg"))
    before = Image.open(io.BytesIO(studio.portrait)).convert("RGB")
    shown = [sheet.Tile(_head(before), "Before", "")]
    for name, adjustment in OTHERS.items():
        result = studio.client.expression.adjust(studio.portrait, adjustment)
        shown.append(sheet.Tile(_head(studio.keep(f"expression-{name}", result)), name.replace("_", " ")))
    page = sheet.contact_sheet(shown, columns=3, tile_pixels=420)
    sheet.save(page, str(studio.folder / "expression-others.jpg"))


def _tile(studio: Studio, smile: float, yaw: float) -> sheet.Tile:
    result = studio.client.expression.adjust(studio.portrait, Adjustment(smile=smile, yaw_degrees=yaw))
    return sheet.Tile(_head(result.to_pil()), f"yaw {yaw:+g}°, smile {smile:+g}")


def _head(picture: Image.Image) -> Image.Image:
    """Cut the head out, at twice its size."""
    width, height = picture.size
    edges = [round(edge * side) for edge, side in zip(_HEAD, (width, height, width, height), strict=True)]
    head = picture.crop((edges[0], edges[1], edges[2], edges[3]))
    return head.resize((2 * head.width, 2 * head.height), Image.Resampling.LANCZOS)
