"""Discs of confusion in linear light: one for the background, growing ones for what of the person is out of focus."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_lens.aperture import kernel

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

# Discs of a larger radius than this are drawn on a reduced picture; their rims are soft over two of its pixels.
_LARGEST: Final = 9.0
# Radii, in pixels, that the person is blurred by; between them is interpolated. Each is drawn with a small kernel.
_FIRST: Final = 1.0
_FINE: Final = 2.0
# Discs below this radius change nothing that could be seen: those pixels stay the source's own.
SHARP_RADIUS: Final = 0.5


def blurred(light: NDArray[np.float32], radius: float, blades: int = 0) -> NDArray[np.float32]:
    """Blur linear light (H, W) or (H, W, n) by an aperture of a radius in pixels; beyond the picture it is mirrored."""
    if radius < SHARP_RADIUS:
        return light
    scale = min(1.0, _LARGEST / radius)
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
    planes: Sequence[NDArray[np.float32]],
    radius: NDArray[np.float32],
    blades: int,
    check: Callable[[], None] = lambda: None,
) -> list[NDArray[np.float32]]:
    """Blur premultiplied planes (H, W) by discs whose radius, in pixels, changes from place to place (H, W).

    A pixel gathers from its surroundings with weights that leave sharp ones out: what is in focus does not spill over
    what is not.
    """
    result, low, high = list(planes), 0.0, _FIRST
    most = float(radius.max())
    while low < most:
        check()
        share = np.asarray(np.clip((radius - low) / np.float32(high - low), 0, 1), np.float32)
        rest = 1 - share
        # Step by step upwards: where the own disc is larger, the share is 1 and the next disc takes over.
        gathered = _gathered(planes, radius, high, blades)
        result = [
            np.asarray(cv2.blendLinear(above, below, share, rest), np.float32)
            for above, below in zip(gathered, result, strict=True)
        ]
        low, high = high, 2 * high
    return result


def _gathered(
    planes: Sequence[NDArray[np.float32]], radius: NDArray[np.float32], disc: float, blades: int
) -> Iterator[NDArray[np.float32]]:
    """Blur planes by one disc, out of the pixels whose own disc is at least about half as large.

    Larger discs than `_FINE` are drawn on reduced planes.
    """
    scale, (height, width) = min(1.0, _FINE / disc), radius.shape
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    opening = kernel(disc * scale, blades)

    def drawn(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        return np.asarray(cv2.filter2D(plane, cv2.CV_32F, opening, borderType=cv2.BORDER_REFLECT), np.float32)

    weight = np.clip(_resized(radius, size, cv2.INTER_AREA) * np.float32(2 / disc), 0.02, 1)
    total = np.maximum(drawn(weight), np.float32(1e-4))
    for plane in planes:
        weighted = np.asarray(cv2.multiply(_resized(plane, size, cv2.INTER_AREA), weight), np.float32)
        yield _resized(np.asarray(cv2.divide(drawn(weighted), total), np.float32), (width, height), cv2.INTER_LINEAR)


def _resized(plane: NDArray[np.float32], size: tuple[int, int], kind: int) -> NDArray[np.float32]:
    return plane if plane.shape[1::-1] == size else np.asarray(cv2.resize(plane, size, interpolation=kind), np.float32)
