"""How much of every pixel is person, hair by hair.

Closed-form matting says that in every small window the matte is a linear function of the picture's colour, and finds
the matte that breaks this rule least and agrees with what is known (Levin, Lischinski, Weiss: A closed-form solution to
natural image matting. TPAMI 2008). What it minimises is a quadratic form whose matrix, applied to a matte, gives the
matte less its guided filtering (He, Sun, Tang: Fast matting using large kernel matting Laplacian matrices. CVPR 2010);
so conjugate gradients over the guided filter solve it, without a matrix. It is solved small and evaluated at full size.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.faceframe import to_bytes
from atelier_imaging.guided import GuidedFilter, evaluate

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

# The longer edge of the reduced picture, its window, and the variance of colour below which it counts as flat.
_SMALL: Final = 256
_RADIUS: Final = 3
_EPSILON: Final = 3e-5
# How much more than a window's rule what is known counts, and how little the segmentation where nothing is known.
_KNOWN: Final = 30.0
_GUESS: Final = 0.01
_ROUNDS: Final = 8
# The band of what is unknown, into the person and around it, in reduced pixels.
_INWARDS, _OUTWARDS = 4, 7
_SURE: Final = 0.9
_CERTAIN: Final = (0.04, 0.96)
# A hole of the mask is below the first; above the second share of the picture it may be one between arm and body.
_HOLE, _LARGEST_HOLE = 0.9, 0.002


def matte(pixels: Pixels, person: NDArray[np.float32], check: Callable[[], None] = lambda: None) -> NDArray[np.float32]:
    """Refine a person's mask (H, W), 0..1, on display-encoded pixels (H, W, 3) to a matte: float32 (H, W), 0..1."""
    scale = min(1.0, _SMALL / max(pixels.shape[:2]))
    size = (max(8, round(pixels.shape[1] * scale)), max(8, round(pixels.shape[0] * scale)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    rough = _without_holes(np.asarray(cv2.resize(person, size, interpolation=cv2.INTER_AREA), np.float32))
    guide = to_bytes(np.asarray(small)).astype(np.float32) / np.float32(255)
    window = GuidedFilter(guide, _RADIUS, _EPSILON)
    solved = _solved(window, guide, rough, check)
    return evaluate(window.coefficients(solved), pixels, certain=_CERTAIN)


def _solved(
    window: GuidedFilter, guide: NDArray[np.float32], rough: NDArray[np.float32], check: Callable[[], None]
) -> NDArray[np.float32]:
    """Solve (1 - filter + trust) matte = trust * rough by preconditioned conjugate gradients."""
    trust, channels = _trust(rough), cv2.split(guide)
    inverse = 1 / (1 + trust)

    def applied(plane: NDArray[np.float32]) -> NDArray[np.float32]:
        *slopes, constant = window.coefficients(plane)
        for slope, channel in zip(slopes, channels, strict=True):
            cv2.accumulateProduct(slope, channel, constant)
        return np.asarray(plane - constant + trust * plane, np.float32)

    answer = rough.copy()
    missing = trust * rough - applied(answer)
    weighted = inverse * missing
    direction, energy = weighted, float(np.vdot(missing, weighted))
    for _ in range(_ROUNDS):
        check()
        image = applied(direction)
        bend = float(np.vdot(direction, image))
        # No direction bends less than the least trust; where one does, float32 has no more to tell (flat, dark parts).
        if not bend > _GUESS / 2 * float(np.vdot(direction, direction)):
            break
        length = np.float32(energy / bend)
        answer += length * direction
        missing = missing - length * image
        weighted = inverse * missing
        before, energy = energy, float(np.vdot(missing, weighted))
        direction = weighted + np.float32(energy / max(before, 1e-12)) * direction
    return np.clip(answer, 0, 1)


def _without_holes(rough: NDArray[np.float32]) -> NDArray[np.float32]:
    """Fill holes of a mask (h, w) that are smaller than any that arms or hair leave: pearls, buttons, reflections."""
    count, parts, figures, _ = cv2.connectedComponentsWithStats((rough < _HOLE).astype(np.uint8))
    small = figures[:, cv2.CC_STAT_AREA] < _LARGEST_HOLE * rough.size
    edges = np.unique(np.concatenate([parts[0], parts[-1], parts[:, 0], parts[:, -1]]))
    small[[0, *edges.tolist()]] = False
    if count == 1 or not small.any():
        return rough
    wide = cv2.dilate(small[parts].astype(np.uint8), _ellipse(1)) > 0
    return np.where(wide, np.float32(1), rough)


def _trust(rough: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how much the segmentation counts at every place: much away from the silhouette, hardly at it."""
    inside = cv2.erode((rough > _SURE).astype(np.uint8), _ellipse(_INWARDS), borderValue=1)
    outside = cv2.erode((rough < 1 - _SURE).astype(np.uint8), _ellipse(_OUTWARDS), borderValue=1)
    return np.where(np.maximum(inside, outside) > 0, np.float32(_KNOWN), np.float32(_GUESS))


def _ellipse(radius: int) -> NDArray[np.uint8]:
    shape = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, shape), np.uint8)
