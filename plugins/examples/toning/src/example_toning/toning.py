"""Toning: hue by density, luminance untouched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from example_toning.toners import Toner

LUMINANCE: Final = np.array((0.2126, 0.7152, 0.0722), np.float32)
"""CIE Y of linear sRGB (IEC 61966-2-1)."""
ROWS: Final = 64


def tone(
    pixels: NDArray[np.uint8], toner: Toner, strength: float, highlights: float, check: Callable[[], None]
) -> NDArray[np.uint8]:
    """Return toned pixels, both (height, width, 3), sRGB-encoded.

    The picture becomes grey of its own luminance and takes the toner's hue, mixed with the source in linear light by
    `strength`. `check` is called before each strip of rows; what it raises ends the work.
    """
    result = np.empty_like(pixels)
    for top in range(0, len(pixels), ROWS):
        check()
        light = decoded(pixels[top : top + ROWS])
        toned = _toned(light @ LUMINANCE, toner, highlights)
        result[top : top + ROWS] = encoded(light + np.float32(strength) * (toned - light))
    return result


def largest_luminance_difference(before: NDArray[np.uint8], after: NDArray[np.uint8]) -> float:
    """Return the largest difference of linear luminance, 0..1, between two pictures (height, width, 3)."""
    strips = range(0, len(before), ROWS)
    parts = [(decoded(before[top : top + ROWS]), decoded(after[top : top + ROWS])) for top in strips]
    return max(float(np.abs((one - other) @ LUMINANCE).max()) for one, other in parts)


def decoded(pixels: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return linear light, 0..1, of sRGB-encoded pixels."""
    return _DECODED[pixels]


def encoded(light: NDArray[np.float32]) -> NDArray[np.uint8]:
    """Return sRGB-encoded pixels of linear light."""
    clipped = np.clip(light, 0, 1)
    curve = np.where(clipped <= 0.0031308, 12.92 * clipped, 1.055 * clipped ** np.float32(1 / 2.4) - 0.055)
    return np.asarray(np.rint(255 * curve), np.uint8)


def _toned(luminance: NDArray[np.float32], toner: Toner, highlights: float) -> NDArray[np.float32]:
    """Return light of that luminance, (…, 3), in the toner's hues: the deeper the shadow, the more of its colour."""
    density = 1 - luminance ** np.float32(1 / 2.4)
    share = density[..., None]
    bright = 1 + highlights * (_unit(toner.highlights) - 1)
    tint = share * _unit(toner.shadows) + (1 - share) * bright
    coloured = luminance[..., None] * tint
    return _within(coloured, luminance)


def _unit(colour: tuple[float, float, float]) -> NDArray[np.float32]:
    """Scale a colour to luminance 1."""
    light = np.array(colour, np.float32)
    return np.asarray(light / (light @ LUMINANCE), np.float32)


def _within(light: NDArray[np.float32], luminance: NDArray[np.float32]) -> NDArray[np.float32]:
    """Take so much colour out of what is too bright for a display that its luminance stays."""
    grey = luminance[..., None]
    excess = light.max(axis=-1, keepdims=True) - grey
    room = np.divide(1 - grey, excess, out=np.ones_like(excess), where=excess > 0)
    return np.asarray(grey + np.minimum(room, 1) * (light - grey), np.float32)


def _decoding() -> NDArray[np.float32]:
    levels = np.arange(256) / 255
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4).astype(np.float32)


_DECODED: Final = _decoding()
