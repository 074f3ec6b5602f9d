"""Random pairs of small and large patches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import cv2
import numpy as np
import torch
from torch import Tensor

from atelier_training_upscale.degradation import degraded
from atelier_training_upscale.drawings import drawing
from atelier_training_upscale.resampling import averaged, reduced

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_training_upscale.photographs import Photographs

Purpose = Literal["faithful", "restore"]

MARGIN = 2  # pixels of the small picture that are cut off, so that no resizer ever saw a patch's edge
DRAWN_CHANCE = 0.08
GREY_CHANCE = 0.08


def batch(
    photographs: Photographs, purpose: Purpose, scale: int, size: int, count: int, generator: np.random.Generator
) -> tuple[Tensor, Tensor]:
    """Return `count` pairs: (count, 3, size, size) and (count, 3, scale·size, scale·size), RGB, 0 to 1."""
    pairs = [_pair(photographs, purpose, scale, size, generator) for _ in range(count)]
    small, large = (np.stack(side).transpose(0, 3, 1, 2) for side in zip(*pairs, strict=True))
    return _tensor(small), _tensor(large)


def _tensor(levels: NDArray[np.uint8]) -> Tensor:
    return (
        torch.from_numpy(np.ascontiguousarray(levels)).float().div_(255).contiguous(memory_format=torch.channels_last)
    )


def _pair(
    photographs: Photographs, purpose: Purpose, scale: int, size: int, generator: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    side = scale * (size + 2 * MARGIN)
    drawn = generator.random() < DRAWN_CHANCE
    large = drawing(side, generator) if drawn else _varied(_crop(photographs, side, generator), generator)
    if purpose == "restore":
        small = degraded(large, scale, generator)
    elif drawn and generator.random() < 0.5:
        # What a camera averaged has no halos, what was reduced has some: neither may be taken for the other.
        small = averaged(large, scale)
    else:
        small = reduced(large, scale)
    inner, outer = slice(MARGIN, -MARGIN), slice(MARGIN * scale, -MARGIN * scale)
    return small[inner, inner], large[outer, outer]


def _crop(photographs: Photographs, side: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Cut a square out of a random picture, every other time out of a reduced one.

    Reduced, a picture has lost the JPEG grain of its file.
    """
    picture = photographs.pictures[generator.choice(len(photographs.pictures), p=photographs.chances)]
    smallest = side / min(picture.shape[:2])
    factor = generator.uniform(max(smallest, 0.5), 1) if generator.random() < 0.5 and smallest < 1 else 1.0
    taken = round(side / factor)
    y, x = (generator.integers(0, length - taken + 1) for length in picture.shape[:2])
    patch = picture[y : y + taken, x : x + taken]
    return np.asarray(cv2.resize(patch, (side, side), interpolation=cv2.INTER_AREA), np.uint8)


def _varied(patch: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    """Turn, mirror and expose a patch differently; now and then in black and white."""
    turned = np.rot90(patch, int(generator.integers(4)))
    turned = turned[:, ::-1] if generator.random() < 0.5 else turned
    if generator.random() < GREY_CHANCE:
        turned = np.repeat(cv2.cvtColor(np.ascontiguousarray(turned), cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    if generator.random() < 0.3:
        curve = 255 * generator.uniform(0.7, 1.0) * (np.arange(256) / 255) ** generator.uniform(0.8, 1.4)
        turned = np.rint(curve).astype(np.uint8)[turned]
    return np.ascontiguousarray(turned)
