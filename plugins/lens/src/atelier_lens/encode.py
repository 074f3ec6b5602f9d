"""Linear light back to a picture's numbers."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.transfer import encode_transfer, quantise

if TYPE_CHECKING:
    from collections.abc import Iterable

    from atelier_imaging.vips import Pixels
    from numpy.typing import DTypeLike, NDArray

# A step of this table is at most a twentieth of one of the 255 steps of a display, and a look into it four times as
# fast as the power.
_STEPS: Final = 65536


def encoded(planes: Iterable[NDArray[np.float32]], dtype: DTypeLike) -> Pixels:
    """Encode planes (H, W) of linear light for a display, as uint8 or uint16 (H, W, 3).

    What lies beyond 0..1 is clipped.
    """
    numbers = _shorts if np.dtype(dtype) == np.uint16 else _bytes
    return np.asarray(cv2.merge([numbers(plane) for plane in planes]), np.dtype(dtype))


def _shorts(plane: NDArray[np.float32]) -> NDArray[np.uint16]:
    return quantise(encode_transfer(plane), np.uint16)


def _bytes(plane: NDArray[np.float32]) -> NDArray[np.uint8]:
    steps = cv2.addWeighted(plane, float(_STEPS - 1), plane, 0.0, 0.0, dtype=cv2.CV_16U)
    return np.asarray(cv2.LUT(steps, _table()), np.uint8)


@cache
def _table() -> NDArray[np.uint8]:
    return quantise(encode_transfer(np.linspace(0, 1, _STEPS, dtype=np.float32)), np.uint8)
