"""How much of a picture's finest variation is no detail: noise, and the blocks of compression."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_BLOCK: Final = 16
# The quietest blocks hold noise and nothing else; a few may hold less than it, where the picture is blurred or clipped.
_QUIET: Final = 0.03
_TONES: Final = (0.04, 0.96)
# JPEG's blocks are of 8 pixels. A step between them counts from one tenth above what other neighbours differ by.
_JPEG: Final = 8
_TELLING: Final = 1.10
# Differences above this are edges, which say nothing of blocks.
_STEP_LIMIT: Final = 0.03
_LEAST_PIXELS: Final = 64


def noise_floors(smooth: Sequence[NDArray[np.float32]]) -> tuple[float, ...]:
    """Return the deviation of what is noise in each octave of a Gaussian pyramid of lightness.

    `smooth` is float32 (h / 2^l, w / 2^l); the answer has one value fewer, in lightness 0..1. Noise never grows from an
    octave to the next coarser one, so what does is form.
    """
    floors: list[float] = []
    for fine, coarse in pairwise(smooth):
        band = np.asarray(fine - cv2.pyrUp(coarse, dstsize=fine.shape[::-1]), np.float32)
        floors.append(float(np.sqrt(quiet_power(band, fine))))
    return tuple(np.minimum.accumulate(floors).tolist())


def quiet_power(band: NDArray[np.float32], lightness: NDArray[np.float32]) -> float:
    """Return the power of a band (h, w) in the quietest places of its picture that are neither black nor white."""
    power, tone = _block_means(np.asarray(band * band, np.float32)), _block_means(lightness)
    usable = power[(tone > _TONES[0]) & (tone < _TONES[1])]
    return float(np.quantile(usable, _QUIET)) if usable.size else 0.0


def blockiness(lightness: NDArray[np.float32], top: int = 0, left: int = 0) -> float:
    """Return the mean step of lightness between the 8 x 8 blocks of JPEG, 0 where none can be told.

    `lightness` is float32 (h, w), 0..1, at the picture's own size; `top` and `left` are its place in the picture, where
    blocks begin at multiples of 8.
    """
    if min(lightness.shape) < _LEAST_PIXELS:
        return 0.0
    return max(_step(lightness, left, axis=1), _step(lightness, top, axis=0))


def _step(lightness: NDArray[np.float32], start: int, axis: int) -> float:
    across = np.minimum(np.abs(np.diff(lightness, axis=axis)), _STEP_LIMIT).mean(axis=1 - axis)
    is_border = (np.arange(len(across)) + start) % _JPEG == _JPEG - 1
    between, within = float(across[is_border].mean()), float(across[~is_border].mean())
    return between - within if between > _TELLING * within else 0.0


def _block_means(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    size = (max(1, plane.shape[1] // _BLOCK), max(1, plane.shape[0] // _BLOCK))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.float32)
