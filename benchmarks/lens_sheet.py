"""One portrait through seven lenses: `python benchmarks/lens_sheet.py docs/images/lens.jpg`.

The sitter is scikit-image's astronaut (NASA, public domain); the other background is drawn here: lamps before a dusk.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import skimage.data
from atelier_client import sheet
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_lens.ask import LensAsk
from atelier_lens.background import Background
from atelier_lens.distortion import Distortion
from atelier_lens.plan import plan_lens
from atelier_lens.render import render
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.lens import models

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_TILE = 400


def _dusk() -> Picture:
    """Draw forty small lamps before a sky that darkens upwards."""
    chance = np.random.default_rng(4)
    height = np.linspace(0, 1, 512)[:, None, None]
    sky = np.broadcast_to(
        np.array([40, 50, 90]) * (1 - height) + np.array([120, 90, 80]) * height, (512, 512, 3)
    ).copy()
    for x, y in chance.integers(4, 508, (40, 2)):
        sky[y - 3 : y + 3, x - 3 : x + 3] = (255, 235, 200)
    return Picture.from_array(sky.astype(np.uint8))


_LENSES: Mapping[str, LensAsk] = {
    "85 mm, f/1.4": LensAsk(aperture=1.4),
    "135 mm, f/2, seven blades": LensAsk(focal_mm=135.0, aperture=2.0, blades=7, background_m=5.0, highlights=1.0),
    "24 mm from 85 mm": LensAsk(focal_mm=24.0, taken_with_mm=85.0),
    "135 mm from 50 mm": LensAsk(focal_mm=135.0, taken_with_mm=50.0),
    "dusk behind, f/1.4, six blades": LensAsk(
        aperture=1.4, blades=6, highlights=1.0, background=Background(picture=_dusk(), adapt=0.5)
    ),
    "a colour": LensAsk(background=Background(colour=(122, 140, 153))),
    "barrel and vignette": LensAsk(focal_mm=35.0, distortion=Distortion(-0.08), vignette=1.0),
}


def main(path: str) -> None:
    """Write the sheet."""
    page = sheet.contact_sheet(list(_tiles()), title="One portrait, seven lenses", columns=4, tile_pixels=_TILE)
    page.thumbnail((1600, 1600), Image.Resampling.LANCZOS)
    page.convert("RGB").save(path, quality=88)


def _tiles() -> Iterator[sheet.Tile]:
    portrait = Portrait(Picture.from_array(np.asarray(skimage.data.astronaut(), np.uint8)), models())
    yield sheet.Tile(Image.fromarray(portrait.picture.pixels), "source")
    for label, ask in _LENSES.items():
        drawn = render(portrait, plan_lens(ask, portrait, portrait.select())).picture.pixels
        yield sheet.Tile(Image.fromarray(drawn), label)


if __name__ == "__main__":
    main(sys.argv[1])
