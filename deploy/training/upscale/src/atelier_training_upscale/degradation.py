"""What happens to a photograph before somebody wants it larger.

A light form of the random chains of Real-ESRGAN (Wang et al. 2021) and BSRGAN (Zhang et al. 2021): blur that is not
round, one of five resizers, sharpening that went too far, noise of the sensor, JPEG. Mild on purpose: a network that
is trained on ruins invents faces.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from PIL import Image

if TYPE_CHECKING:
    from numpy.typing import NDArray

RESIZERS = (
    Image.Resampling.BOX,
    Image.Resampling.BILINEAR,
    Image.Resampling.HAMMING,
    Image.Resampling.BICUBIC,
    Image.Resampling.LANCZOS,
)
CHROMA = (cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444)


def degraded(picture: NDArray[np.uint8], scale: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Return `picture`, (H, W, 3) uint8 sRGB, at 1/`scale` of its size, as a careless life leaves it."""
    if generator.random() < 0.1:
        return _resized(picture, scale, Image.Resampling.BICUBIC)
    worn = _blurred(picture, scale, generator) if generator.random() < 0.75 else picture
    small = _resized(worn, scale, RESIZERS[generator.integers(len(RESIZERS))]).astype(np.float32)
    if generator.random() < 0.3:
        small = _sharpened(small, generator)
    if generator.random() < 0.7:
        small = _noisy(small, generator)
    rounded = np.clip(np.rint(small), 0, 255).astype(np.uint8)
    return _jpeg(rounded, generator) if generator.random() < 0.75 else rounded


def _resized(picture: NDArray[np.uint8], scale: int, resizer: Image.Resampling) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    return np.asarray(Image.fromarray(picture).resize((width // scale, height // scale), resizer))


def _blurred(picture: NDArray[np.uint8], scale: int, generator: np.random.Generator) -> NDArray[np.uint8]:
    """Blur with an anisotropic Gaussian of up to 0.45 pixels of the small picture."""
    long, short = np.sort(generator.uniform(0.05, 0.45, 2))[::-1] * scale
    angle = generator.uniform(0, np.pi)
    reach = int(np.ceil(3 * long))
    x, y = np.meshgrid(*(np.arange(-reach, reach + 1, dtype=np.float64),) * 2)
    along, across = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kernel = np.exp(-0.5 * ((along / long) ** 2 + (across / short) ** 2))
    return np.asarray(cv2.filter2D(picture, -1, kernel / kernel.sum()), np.uint8)


def _sharpened(small: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    soft = cv2.GaussianBlur(small, (0, 0), generator.uniform(0.6, 1.2))
    return np.asarray(small + generator.uniform(0.1, 0.6) * (small - soft), np.float32)


def _noisy(small: NDArray[np.float32], generator: np.random.Generator) -> NDArray[np.float32]:
    """Add noise whose variance grows with the light (Foi et al. 2008), in colour or in luma alone."""
    shape = small.shape if generator.random() < 0.5 else (*small.shape[:2], 1)
    deviation = generator.uniform(0, 6) * np.sqrt(0.3 + 0.7 * small / 255)
    return np.asarray(small + deviation * generator.standard_normal(shape), np.float32)


def _jpeg(small: NDArray[np.uint8], generator: np.random.Generator) -> NDArray[np.uint8]:
    quality, chroma = int(generator.integers(40, 96)), int(CHROMA[generator.integers(2)])
    options = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, chroma]
    coded = cv2.imencode(".jpg", small[..., ::-1], options)[1]
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)[..., ::-1]
