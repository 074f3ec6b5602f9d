"""Numbers of pixels: quantised or float, display-encoded or linear in light.

sRGB and Display P3 share one transfer curve, that of IEC 61966-2-1: linear below 0.04045, a power of 2.4 above.
Everything is float32, in which a 16-bit picture survives the way to linear light and back without a changed value.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, TypeVar

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

T = TypeVar("T", np.uint8, np.uint16)
FULL_SCALE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}


def full_scale(dtype: DTypeLike) -> int:
    """Return the number that stands for 1.0 in pixels of an integer type, uint8 or uint16.

    Raises TypeError for any other type.
    """
    limit = FULL_SCALE.get(np.dtype(dtype))
    if limit is None:
        raise TypeError(f"pixels are uint8 or uint16, not {np.dtype(dtype)}")
    return limit


def to_float(pixels: NDArray[np.uint8 | np.uint16 | np.float32]) -> NDArray[np.float32]:
    """Scale pixels of any shape to float32 in 0..1, still display-encoded; float32 passes unchanged."""
    if pixels.dtype == np.float32:
        return pixels.astype(np.float32, copy=False)
    return np.multiply(pixels, np.float32(1.0 / full_scale(pixels.dtype)), dtype=np.float32)


def quantise(values: NDArray[np.float32], dtype: type[T]) -> NDArray[T]:
    """Round display-encoded float32 in 0..1 to the nearest number of `dtype`.

    What lies outside is clipped; NaN becomes 0.
    """
    scaled = np.multiply(values, np.float32(full_scale(dtype)), dtype=np.float32)
    np.fmax(scaled, 0, out=scaled)  # fmax, unlike maximum, drops NaN
    np.minimum(scaled, full_scale(dtype), out=scaled)
    return np.rint(scaled, out=scaled).astype(dtype)


def quantised(values: NDArray[np.float32], bit_depth: int) -> NDArray[np.uint8 | np.uint16]:
    """Round display-encoded float32 in 0..1 to 8 or 16 bits, as `quantise` does."""
    return quantise(values, np.uint16) if bit_depth == 16 else quantise(values, np.uint8)


def decode_transfer(encoded: NDArray[np.uint8 | np.uint16 | np.float32]) -> NDArray[np.float32]:
    """Turn display-encoded numbers into linear light, float32, 1.0 = white.

    Takes uint8, uint16, or float32 where 0..1 is the display's range. Float values outside it are extended: below 0 by
    the curve's linear part, above 1 by its power. Curve: IEC 61966-2-1 (sRGB and Display P3).
    """
    if np.issubdtype(encoded.dtype, np.integer):
        return _look_up(_decoding_table(full_scale(encoded.dtype) + 1), encoded)
    return _decode(encoded.astype(np.float32, copy=False))


def encode_transfer(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn linear light, float32 with 1.0 = white, into display-encoded float32, not clipped (IEC 61966-2-1)."""
    low = linear * np.float32(12.92)
    high = np.maximum(linear, np.float32(0.0031308))
    np.power(high, np.float32(1 / 2.4), out=high)
    high *= np.float32(1.055)
    high -= np.float32(0.055)
    np.copyto(high, low, where=linear <= np.float32(0.0031308))
    return high


def _look_up(table: NDArray[np.float32], indices: NDArray[np.generic]) -> NDArray[np.float32]:
    """Return the table's values at the indices; OpenCV is five times as fast at it for uint8, and takes only that."""
    if indices.dtype == np.uint8 and indices.size > 0:
        flat = np.ascontiguousarray(indices, dtype=np.uint8).reshape(-1)
        return np.asarray(cv2.LUT(flat, table), dtype=np.float32).reshape(indices.shape)
    return np.take(table, np.asarray(indices, dtype=np.uint16))


def _decode(encoded: NDArray[np.float32]) -> NDArray[np.float32]:
    low = encoded * np.float32(1 / 12.92)
    high = np.maximum(encoded, np.float32(0.04045))
    high += np.float32(0.055)
    high *= np.float32(1 / 1.055)
    np.power(high, np.float32(2.4), out=high)
    np.copyto(high, low, where=encoded <= np.float32(0.04045))
    return high


@cache
def _decoding_table(size: int) -> NDArray[np.float32]:
    """Return linear light for each of `size` evenly spaced display-encoded numbers, worked out in double precision."""
    encoded = np.linspace(0.0, 1.0, size)
    table = np.where(encoded <= 0.04045, encoded / 12.92, ((encoded + 0.055) / 1.055) ** 2.4)
    return np.asarray(table, dtype=np.float32)
