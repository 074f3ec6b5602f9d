"""Pictures with transparency: colours that nobody sees must not show once the picture is larger."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging.strips import to_float
from atelier_imaging.transfer import quantised

from atelier_upscale.resample import resized

if TYPE_CHECKING:
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray


def covered(pixels: Pixels, alpha: Pixels) -> Pixels:
    """Give fully transparent pixels the colours of their visible neighbours.

    `pixels` is (height, width, 3), `alpha` (height, width), of one type. What lies under full transparency is often
    black; a kernel that reaches across the edge would draw it into what is seen, as a fringe. Colours are carried
    outwards over a pyramid of ever coarser means (push and pull).
    """
    hidden = alpha == 0
    if not hidden.any() or hidden.all():
        return pixels
    colours = _spread(to_float(pixels), to_float(alpha))
    filled = pixels.copy()
    np.copyto(filled, quantised(colours, pixels.dtype.itemsize * 8), where=hidden[..., None])
    return filled


def enlarged_alpha(alpha: Pixels, height: int, width: int) -> Pixels:
    """Resample alpha (h, w) to a size: bicubic, no network, so that a clean edge stays a clean edge."""
    larger = resized(to_float(alpha)[..., None], height, width)[..., 0]
    return quantised(larger, alpha.dtype.itemsize * 8)


def _spread(colours: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return colours where there is weight, and elsewhere the weighed mean of what is near."""
    height, width = weight.shape
    if min(height, width) < 2:
        total = max(float(weight.sum()), 1e-6)
        mean = (colours * weight[..., None]).sum(axis=(0, 1)) / total
        return np.where(weight[..., None] > 0, colours, mean.astype(np.float32))
    size = ((width + 1) // 2, (height + 1) // 2)
    below = np.asarray(cv2.resize(weight, size, interpolation=cv2.INTER_AREA), np.float32)
    sums = np.asarray(cv2.resize(colours * weight[..., None], size, interpolation=cv2.INTER_AREA), np.float32)
    means = np.asarray(sums / np.maximum(below, 1e-6)[..., None], np.float32)
    coarse = cv2.resize(_spread(means, below), (width, height), interpolation=cv2.INTER_LINEAR)
    return np.where(weight[..., None] > 0, colours, np.asarray(coarse, np.float32))
