"""The portrait that the contract is tried on, and what it is encoded as.

It is the official portrait of Eileen Collins, a work of NASA in the public domain, as scikit-image carries it
(`data.astronaut`): the upper part, 288 × 288 pixels, sRGB.
"""

from __future__ import annotations

import math
import struct
import zlib
from functools import cache
from importlib import resources
from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from PIL import Image

from atelier_sdk.testing.edit import Box

if TYPE_CHECKING:
    from numpy.typing import NDArray

FACE: Final = Box(left=118, top=78, width=54, height=60)
"""The inner face, from the brows to the mouth, in pixels of the portrait."""

BACKGROUND: Final = Box(left=240, top=24, width=32, height=32)
"""A part of the wall behind, far from the person, in pixels of the portrait."""


def portrait(mode: str = "RGB", edge: int = 288) -> Image.Image:
    """Return the portrait in a mode of Pillow (`RGB`, `L`, `RGBA`), `edge` × `edge` pixels.

    With alpha, it fades out to the right.
    """
    picture = _portrait()
    if edge != picture.width:
        picture = picture.resize((edge, edge), Image.Resampling.BICUBIC)
    picture = picture.convert(mode)
    if mode == "RGBA":
        fade = np.tile(np.linspace(255, 64, edge).astype(np.uint8), (edge, 1))
        picture.putalpha(Image.fromarray(fade))
    return picture


def png(picture: Image.Image) -> bytes:
    """Encode as PNG."""
    return _encoded(picture, format="PNG", compress_level=1)


def jpeg(picture: Image.Image) -> bytes:
    """Encode as JPEG."""
    return _encoded(picture, format="JPEG", quality=90)


def pixels(content: bytes) -> NDArray[np.uint8]:
    """Decode to (height, width, 4), RGB and alpha, 8 bits, whatever the mode was."""
    return np.asarray(Image.open(BytesIO(content)).convert("RGBA"), np.uint8)


def header_beyond(max_pixels: int) -> bytes:
    """Return the beginning of a PNG file, some dozen bytes, of the smallest square of more than `max_pixels`."""
    edge = math.isqrt(max_pixels) + 1
    header = struct.pack(">IIBBBBB", edge, edge, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        for kind, body in ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(64))), (b"IEND", b""))
    )


def _encoded(picture: Image.Image, **options: Any) -> bytes:
    stream = BytesIO()
    picture.save(stream, **options)
    return stream.getvalue()


@cache
def _portrait() -> Image.Image:
    file = resources.files("atelier_sdk.testing").joinpath("portrait.jpg")
    return Image.open(BytesIO(file.read_bytes())).convert("RGB")
