"""Carry a picture through several stages in one pass, strip by strip.

A strip is decoded from its integers once, changed in place by every stage as float32, and rounded once. So a pass costs
little memory however many stages it has, and both rounding and the number of threads leave no trace in the result.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol, TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PixelArray: TypeAlias = NDArray[np.uint8 | np.uint16]
STRIP_ROWS = 256
_DEPTHS = {"uint8": cv2.CV_8U, "uint16": cv2.CV_16U}


class Stage(Protocol):
    """One step of a pass."""

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Change display-encoded `rows`, float32 (h, w, 3), in place; `top` is the first row's place in the picture.

        What comes out of a stage depends on the strip's own rows and on `top` only, never on how a picture was cut.
        """


def render(pixels: PixelArray, stages: Sequence[Stage], check: Callable[[], None] = lambda: None) -> PixelArray:
    """Run the stages over a display-encoded picture, uint8 or uint16 (h, w, 3), and answer a new one of the same kind.

    Without stages the picture itself is answered. `check` is called before each strip and may raise to stop the pass.
    """
    if not stages:
        return pixels
    out = np.empty_like(pixels)
    steps = _integers_to_float(pixels)

    def work(top: int) -> None:
        check()
        rows = np.asarray(cv2.LUT(pixels[top : top + STRIP_ROWS], steps), np.float32)
        for stage in stages:
            stage(rows, top)
        _round_into(out[top : top + STRIP_ROWS], rows)

    with ThreadPoolExecutor(max_workers=min(4, os.cpu_count() or 1)) as pool:
        for done in [pool.submit(work, top) for top in range(0, len(pixels), STRIP_ROWS)]:
            done.result()
    return out


def to_float(pixels: PixelArray) -> NDArray[np.float32]:
    """Give display-encoded integers as float32 0..1."""
    return np.asarray(cv2.LUT(np.ascontiguousarray(pixels), _integers_to_float(pixels)), np.float32)


def _integers_to_float(pixels: PixelArray) -> NDArray[np.float32]:
    """Tabulate the float32 value 0..1 of every integer of the picture's kind."""
    top = np.iinfo(pixels.dtype).max
    return (np.arange(top + 1, dtype=np.float64) / top).astype(np.float32)


def _round_into(out: PixelArray, rows: NDArray[np.float32]) -> None:
    """Round float32 0..1 to the nearest integer of `out`'s kind; what lies outside is clipped."""
    # OpenCV's conversion rounds and saturates in one sweep.
    cv2.addWeighted(rows, float(np.iinfo(out.dtype).max), rows, 0.0, 0.0, dst=out, dtype=_DEPTHS[out.dtype.name])
