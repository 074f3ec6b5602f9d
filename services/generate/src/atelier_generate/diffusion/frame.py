"""The frame that is asked for, and the size that a network draws at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging.color import ColorSpace, convert, decode_transfer, encode_transfer, quantise

if TYPE_CHECKING:
    from atelier_imaging.picture import Picture
    from numpy.typing import NDArray

    from atelier_generate.brief import Frame


def drawn_size(frame: Frame, side: int, multiple: int) -> tuple[int, int]:
    """Return (width, height) for a frame: its shape, `side` squared pixels at most, both divisible by `multiple`."""
    by = min(1.0, side / (frame.width * frame.height) ** 0.5)
    across, down = (max(round(edge * by / multiple), 1) * multiple for edge in (frame.width, frame.height))
    return across, down


def framed(pixels: NDArray[np.float32], frame: Frame) -> NDArray[np.float32]:
    """Cut (height, width, 3) in 0..1 about its middle to a frame's shape, and bring it to its size."""
    height, width = pixels.shape[:2]
    by = min(width / frame.width, height / frame.height)
    across, down = round(frame.width * by), round(frame.height * by)
    left, top = (width - across) // 2, (height - down) // 2
    cut = np.ascontiguousarray(pixels[top : top + down, left : left + across])
    if (across, down) == (frame.width, frame.height):
        return cut
    kind = cv2.INTER_AREA if by > 1 else cv2.INTER_CUBIC
    return np.asarray(np.clip(cv2.resize(cut, (frame.width, frame.height), interpolation=kind), 0, 1), np.float32)


def in_srgb(picture: Picture) -> NDArray[np.uint8]:
    """Return a picture's pixels as networks are shown them: uint8 (height, width, 3) in sRGB, without alpha."""
    light = convert(decode_transfer(picture.pixels[..., :3]), picture.space, ColorSpace.SRGB)
    return quantise(encode_transfer(np.clip(light, 0, 1)), np.uint8)
