"""Pictures made smaller and larger by arithmetic: how clean test pictures are made, and what the networks must beat.

Pillow's BICUBIC widens its kernel where it reduces, as MATLAB's imresize does, which the literature measures with.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray


def trimmed(picture: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Cut what does not divide by `scale` off the right and the bottom."""
    height, width = (length - length % scale for length in picture.shape[:2])
    return picture[:height, :width]


def reduced(picture: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Return the picture at 1/`scale` of its size by antialiased bicubic."""
    return _resized(picture, 1 / scale, Image.Resampling.BICUBIC)


def averaged(picture: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Return the picture at 1/`scale` of its size, every pixel the mean of what it covers, as a sensor sees it."""
    return _resized(picture, 1 / scale, Image.Resampling.BOX)


def bicubic(picture: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Return the picture `scale` times as large by bicubic interpolation."""
    return _resized(picture, scale, Image.Resampling.BICUBIC)


def lanczos(picture: NDArray[np.uint8], scale: int) -> NDArray[np.uint8]:
    """Return the picture `scale` times as large by Lanczos' kernel of three lobes."""
    return _resized(picture, scale, Image.Resampling.LANCZOS)


def _resized(picture: NDArray[np.uint8], factor: float, kernel: Image.Resampling) -> NDArray[np.uint8]:
    height, width = (round(length * factor) for length in picture.shape[:2])
    return np.asarray(Image.fromarray(picture).resize((width, height), kernel))
