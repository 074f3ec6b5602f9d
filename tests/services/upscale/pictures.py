"""Pictures to enlarge, and what runs an enlargement to its end."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import skimage.data
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Generator

    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

Step = TypeVar("Step")
Result = TypeVar("Result")


def astronaut(width: int = 512, height: int = 512) -> NDArray[np.uint8]:
    """Return a real portrait, made smaller as the networks' training does it."""
    whole = Image.fromarray(np.asarray(skimage.data.astronaut(), np.uint8))
    return np.asarray(whole.resize((width, height), Image.Resampling.BICUBIC), np.uint8)


def bicubic(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Resample by Pillow: another hand's bicubic."""
    return np.asarray(Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC), np.uint8)


def ended(work: Generator[Step, None, Result]) -> tuple[list[Step], Result]:
    """Run a generator to its end; return what it yielded and what it returned."""
    steps = []
    while True:
        try:
            steps.append(next(work))
        except StopIteration as end:
            return steps, end.value


def levels_apart(one: Pixels, other: Pixels) -> int:
    """Return the largest difference between two pictures in levels."""
    return int(np.abs(one.astype(np.int64) - other.astype(np.int64)).max())
