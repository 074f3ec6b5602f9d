"""Continue what is known into what is not: smoothly, from coarse to fine."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

_NOTHING = np.float32(1e-6)


def filled(values: NDArray[np.float32], known: NDArray[np.float32]) -> NDArray[np.float32]:
    """Continue values (h, w) or (h, w, n) from where they are known, `known` (h, w) 0..1, to everywhere.

    Known values stay as they are. Elsewhere a pyramid of weighted means answers: near the edge of what is known like
    its neighbours, far away like all of it (Gortler et al., "The Lumigraph", SIGGRAPH 1996: pull and push).
    """
    flat = values.ndim == 2
    weight = np.ascontiguousarray(known, np.float32)
    product = (values[..., None] if flat else values) * weight[..., None]
    result = _pulled(np.ascontiguousarray(product, np.float32), weight)
    return np.ascontiguousarray(result[..., 0]) if flat else result


def _pulled(product: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    height, width = weight.shape
    if min(height, width) <= 2 or weight.min() >= 1:
        total = max(float(weight.sum()), float(_NOTHING))
        mean = product.sum(axis=(0, 1)) / np.float32(total)
        return np.asarray(product + (1 - np.minimum(weight, 1))[..., None] * mean, np.float32)
    coarse_product = _channels(cv2.pyrDown(product), product.shape[2])
    coarse_weight = np.asarray(cv2.pyrDown(weight), np.float32)
    # A coarse node that knows a little knows enough: saturated weights keep the answer local.
    sure = np.minimum(coarse_weight * 4, 1)
    coarse_product *= (sure / np.maximum(coarse_weight, _NOTHING))[..., None]
    below = _pulled(coarse_product, sure)
    pushed = _channels(cv2.pyrUp(below, dstsize=(width, height)), product.shape[2])
    return np.asarray(product + (1 - np.minimum(weight, 1))[..., None] * pushed, np.float32)


def _channels(array: ArrayLike, count: int) -> NDArray[np.float32]:
    """Give OpenCV's answer its last axis back, which it drops where there is one channel."""
    plain = np.asarray(array, np.float32)
    return plain.reshape(*plain.shape[:2], count)
