"""Discs of confusion in linear light: one for the background, growing ones for what of the person is out of focus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_lens.aperture import kernel

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

# Discs of a larger radius than this are drawn on a reduced picture; their rims are soft over two of its pixels.
_LARGEST: Final = 9.0
# Radii, in pixels, that the person is blurred by; between them is interpolated. Each is drawn with a small kernel.
_FIRST: Final = 1.0
_FINE: Final = 3.0
# Discs below this radius change nothing that could be seen: those pixels stay the source's own.
SHARP_RADIUS: Final = 0.5


def blurred(
    light: NDArray[np.float32], radius: float, blades: int = 0, largest: float = _LARGEST
) -> NDArray[np.float32]:
    """Blur linear light (H, W) or (H, W, n) by an aperture of a radius in pixels; beyond the picture it is mirrored."""
    if radius < SHARP_RADIUS:
        return light
    scale = min(1.0, largest / radius)
    size = light.shape[1::-1]
    if scale < 1:
        reduced = (max(2, round(size[0] * scale)), max(2, round(size[1] * scale)))
        small = cv2.resize(light, reduced, interpolation=cv2.INTER_AREA)
    else:
        small = light
    drawn = cv2.filter2D(small, cv2.CV_32F, kernel(radius * scale, blades), borderType=cv2.BORDER_REFLECT)
    if scale < 1:
        drawn = cv2.resize(drawn, size, interpolation=cv2.INTER_CUBIC)
    return np.asarray(np.maximum(drawn, 0), np.float32)


def blurred_by(
    layer: NDArray[np.float32], radius: NDArray[np.float32], blades: int, check: Callable[[], None] = lambda: None
) -> NDArray[np.float32]:
    """Blur a premultiplied layer (H, W, 4) by discs whose radius, in pixels, changes from place to place (H, W).

    A pixel gathers from its surroundings with weights that leave sharp ones out: what is in focus does not spill over
    what is not.
    """
    result, low, high = layer, 0.0, _FIRST
    most = float(radius.max())
    while low < most:
        check()
        above = _gathered(layer, radius, high, blades)
        share = np.asarray(np.clip((radius - low) / np.float32(high - low), 0, 1), np.float32)
        # Step by step upwards: where the own disc is larger, the share is 1 and the next disc takes over.
        result = np.asarray(cv2.blendLinear(above, result, share, 1 - share), np.float32)
        low, high = high, 2 * high
    return result


def _gathered(layer: NDArray[np.float32], radius: NDArray[np.float32], disc: float, blades: int) -> NDArray[np.float32]:
    """Blur a layer by one disc, out of the pixels whose own disc is at least about half as large."""
    weight = np.clip(radius * np.float32(2 / disc), 0.02, 1)
    four = cv2.merge([weight] * 4)
    weighted = np.asarray(cv2.multiply(layer, four), np.float32)
    total = np.maximum(blurred(np.asarray(weight, np.float32), disc, blades, _FINE), np.float32(1e-4))
    return np.asarray(cv2.divide(blurred(weighted, disc, blades, _FINE), cv2.merge([total] * 4)), np.float32)
