"""Upscale: the portrait at 4K, and its eye, hair and skin beside what interpolation makes of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from atelier_client import sheet
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_demo.studio import Studio

TARGET, DENOISE, GRAIN, SEED = "4K", 0.6, 0.5, 7
_RIGHT_IRIS = 468
# How wide a detail is, and how far above an eye hair begins, in distances between the pupils.
_DETAIL_INTEROCULAR, _TO_HAIR, _TO_SKIN = 1.1, 1.1, 0.95


def run(studio: Studio) -> None:
    """Enlarge the portrait as it is and with less noise, and lay details out beside bicubic and Lanczos."""
    before = Image.open(io.BytesIO(studio.portrait)).convert("RGB")
    plain = studio.client.upscale(studio.portrait, target=TARGET, include_mesh=True)
    finer = studio.client.upscale(studio.portrait, target=TARGET, denoise=DENOISE, grain=GRAIN, seed=SEED)
    size, face = plain.to_pil().size, plain.report.faces[0]
    ways = {
        "bicubic": before.resize(size, Image.Resampling.BICUBIC),
        "Lanczos": before.resize(size, Image.Resampling.LANCZOS),
        "Atelier, faithful": studio.keep("upscale-4k", plain),
        f"Atelier, denoise {DENOISE:g}, grain {GRAIN:g}": studio.keep("upscale-4k-denoised", finer),
    }
    tiles = [
        sheet.Tile(_cut(picture, detail, size[0] / before.width), f"{name}: {way}")
        for name, detail in _details(face.mesh, face.interocular_pixels).items()
        for way, picture in ways.items()
    ]
    page = sheet.contact_sheet(
        tiles,
        title="Upscale",
        subtitle=f"{before.width} × {before.height} to {size[0]} × {size[1]}; one detail a row",
        columns=len(ways),
        tile_pixels=400,
    )
    sheet.save(page, str(studio.folder / "upscale.jpg"))


def _details(mesh: Sequence[float], unit: float) -> dict[str, tuple[float, float, float]]:
    """Find eye, hair and skin by a mesh (x, y, z of each point): middle and half a width, in pixels of the portrait.

    `unit` is the distance between the pupils.
    """
    x, y = mesh[3 * _RIGHT_IRIS : 3 * _RIGHT_IRIS + 2]
    half = _DETAIL_INTEROCULAR * unit / 2
    return {
        "eye": (x, y, half),
        "hair": (x, y - _TO_HAIR * unit, half),
        "skin": (x, y + _TO_SKIN * unit, half),
    }


def _cut(picture: Image.Image, detail: tuple[float, float, float], ratio: float) -> Image.Image:
    x, y, half = (ratio * each for each in detail)
    return picture.crop((round(x - half), round(y - half), round(x + half), round(y + half)))
