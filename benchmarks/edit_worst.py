"""The honest worst of edit: `python benchmarks/edit_worst.py docs/images/edit-worst.jpg`.

The sitter is scikit-image's astronaut (NASA, public domain), with what portraits bring with them drawn on her.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import cv2
import numpy as np
import skimage.data
from atelier_client import sheet
from atelier_edit.enhance.operation import enhance
from atelier_edit.enhance.plan import EnhanceAsk, plan_enhance
from atelier_edit.relight import relight
from atelier_edit.relight_ask import RelightAsk
from atelier_edit.relight_plan import plan_relight
from atelier_imaging.picture import Picture
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.services.edit.truth.sitters import analysed, models
from tests.stack.sitters import SITTERS

if TYPE_CHECKING:
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

ASTRONAUT = np.asarray(skimage.data.astronaut(), np.uint8)
# Sitter, what is wrong with the picture, the pattern of light, and what is wrong with the result.
LIGHTS = (
    ("hard shadow", "one half in shadow already", "butterfly", "the old edge stays"),
    ("very light skin", "overexposed: much is clipped", "split", "clipped skin gets its mean colour, the wall none"),
    ("cut by the frame", "no forehead, one cheek", "rim", "the silhouette ends at the frame, so does the rim"),
    ("hair over the face", "a strand before one eye", "rembrandt", "it is lit as if it were skin"),
)
_HEAD = (104, 20, 344, 260)
_TILE = 480


def main(path: str) -> None:
    """Write the sheet."""
    tiles: list[sheet.Tile] = []
    for name, fault, pattern, result in LIGHTS:
        source = SITTERS[name](ASTRONAUT)
        tiles += [_tile(source, name, fault), _tile(_lit(source, pattern), "after", f"{pattern}: {result}")]
    for source, name, fault, ask, result in (
        (_blocked(), "blocks, resized", "JPEG of quality 12, enlarged", EnhanceAsk(skin_detail=100, hair=100),
         "skin and hair 100: blocks come out too"),
        (np.asarray(cv2.GaussianBlur(ASTRONAUT, (0, 0), 2.5), np.uint8), "out of focus", "blurred",
         EnhanceAsk(skin_detail=100, eyes=100), "skin and eyes 100: nothing is drawn in"),
    ):  # fmt: skip
        tiles += [_tile(source, name, fault), _tile(_enhanced(source, ask), "after", result)]
    page = sheet.contact_sheet(
        tiles,
        title="The honest worst",
        subtitle="The astronaut, with what portraits bring with them drawn on her",
        columns=4,
        tile_pixels=380,
    )
    page.thumbnail((1500, 3000), Image.Resampling.LANCZOS)
    page.convert("RGB").save(path, quality=86)


def _portrait(pixels: NDArray[np.uint8]) -> Portrait:
    return analysed(Picture.from_array(np.ascontiguousarray(pixels)), models())


def _lit(pixels: NDArray[np.uint8], pattern: str) -> NDArray[np.uint8]:
    portrait = _portrait(pixels)
    plan = plan_relight(RelightAsk(pattern=pattern), portrait, portrait.select())
    return np.asarray(relight(portrait, plan).pixels, np.uint8)


def _enhanced(pixels: NDArray[np.uint8], ask: EnhanceAsk) -> NDArray[np.uint8]:
    portrait = _portrait(pixels)
    return np.asarray(enhance(portrait.picture, plan_enhance(ask, portrait, None)).pixels, np.uint8)


def _blocked() -> NDArray[np.uint8]:
    """Compress and enlarge, so that blocks lie where nobody looks for them."""
    buffer = io.BytesIO()
    Image.fromarray(ASTRONAUT).resize((400, 400)).save(buffer, "JPEG", quality=12)
    return np.asarray(Image.open(buffer).resize((512, 512), Image.Resampling.BICUBIC), np.uint8)


def _tile(pixels: NDArray[np.uint8], label: str, caption: str) -> sheet.Tile:
    picture = Image.fromarray(np.ascontiguousarray(pixels)).convert("RGB")
    head = picture.crop(_HEAD) if picture.width > _HEAD[2] else picture
    return sheet.Tile(head.resize((_TILE, _TILE), Image.Resampling.LANCZOS), label, caption)


if __name__ == "__main__":
    main(sys.argv[1])
