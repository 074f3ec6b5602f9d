"""Colour spaces: sRGB, Display P3, linear light, CIE XYZ, CIELAB, and the difference between two colours.

Everything is float32, vectorised, with the colour axis last. The white of every space here is D65, that of sRGB and
Display P3 itself, so no chromatic adaptation takes place; ICC profiles, whose connection space is D50, are the business
of `atelier_imaging.icc`.
"""

from __future__ import annotations

from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging.delta_e import delta_e_2000
from atelier_imaging.transfer import decode_transfer, encode_transfer, full_scale, quantise, to_float

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "WHITE_XYZ",
    "ColorSpace",
    "convert",
    "decode_transfer",
    "delta_e_2000",
    "encode_transfer",
    "full_scale",
    "lab_to_linear",
    "lab_to_xyz",
    "linear_to_lab",
    "linear_to_xyz",
    "luminance",
    "luminance_weights",
    "matrix_from_xyz",
    "matrix_to_xyz",
    "quantise",
    "rgb_to_lab",
    "to_float",
    "transformed",
    "xyz_to_lab",
    "xyz_to_linear",
]


class ColorSpace(StrEnum):
    """A space that pixels are worked on in; both have D65 white and the sRGB transfer curve."""

    SRGB = "srgb"
    """Primaries of ITU-R BT.709."""
    DISPLAY_P3 = "display_p3"
    """Primaries of SMPTE EG 432-1."""


# CIE 15: D65 has chromaticity (0.3127, 0.3290); X = x/y, Z = (1 - x - y)/y.
WHITE_XYZ = (0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290)

_PRIMARIES = {
    ColorSpace.SRGB: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    ColorSpace.DISPLAY_P3: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}

# CIE 15:2004, 8.2.1: the cube root goes over into a straight line at (6/29)³.
_LAB_KNEE = (6 / 29) ** 3
_LAB_SLOPE = (29 / 6) ** 2 / 3


def linear_to_xyz(linear: NDArray[np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Turn linear light (…, 3) of a space into CIE XYZ (…, 3), Y of white = 1."""
    return transformed(linear, matrix_to_xyz(space))


def xyz_to_linear(xyz: NDArray[np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Turn CIE XYZ (…, 3), Y of white = 1, into linear light (…, 3) of a space, not clipped."""
    return transformed(xyz, matrix_from_xyz(space))


def xyz_to_lab(xyz: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn CIE XYZ (…, 3) into CIELAB (…, 3) under D65: L* 0..100, a* and b* about -128..127 (CIE 15:2004)."""
    return _lab_of_relative(np.asarray(xyz / np.asarray(WHITE_XYZ, dtype=np.float32)))


def lab_to_xyz(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    """Turn CIELAB (…, 3) under D65 into CIE XYZ (…, 3), Y of white = 1 (CIE 15:2004)."""
    return _relative_of_lab(lab) * np.asarray(WHITE_XYZ, dtype=np.float32)


def linear_to_lab(linear: NDArray[np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Turn linear light (…, 3) of a space into CIELAB (…, 3) under D65."""
    return _lab_of_relative(transformed(linear, matrix_to_xyz(space) / np.asarray(WHITE_XYZ)[:, None]))


def lab_to_linear(lab: NDArray[np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Turn CIELAB (…, 3) under D65 into linear light (…, 3) of a space, not clipped to its gamut."""
    return transformed(_relative_of_lab(lab), matrix_from_xyz(space) * np.asarray(WHITE_XYZ))


def rgb_to_lab(pixels: NDArray[np.uint8 | np.uint16 | np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Turn display-encoded pixels (…, 3), uint8, uint16 or float32 in 0..1, into CIELAB (…, 3) under D65."""
    return linear_to_lab(decode_transfer(pixels), space)


def convert(linear: NDArray[np.float32], source: ColorSpace, target: ColorSpace) -> NDArray[np.float32]:
    """Turn linear light (…, 3) of one space into that of another, not clipped to its gamut."""
    if source is target:
        return linear
    return transformed(linear, matrix_from_xyz(target) @ matrix_to_xyz(source))


def luminance_weights(space: ColorSpace) -> NDArray[np.float32]:
    """Return the share (3,) of a space's red, green and blue in luminance; they sum to 1."""
    return np.asarray(matrix_to_xyz(space)[1], dtype=np.float32)


def luminance(linear: NDArray[np.float32], space: ColorSpace) -> NDArray[np.float32]:
    """Return the relative luminance (…) of linear light (…, 3): CIE Y, white = 1."""
    return transformed(linear, matrix_to_xyz(space)[1:2])[..., 0]


def transformed(colours: NDArray[np.float32], matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    """Apply a matrix (M, 3) to the last axis of colours (…, 3)."""
    if colours.size == 0:
        return np.empty((*colours.shape[:-1], matrix.shape[0]), dtype=np.float32)
    # OpenCV is twice as fast at it as a matrix product.
    flat = np.ascontiguousarray(colours, dtype=np.float32).reshape(-1, 1, 3)
    product = np.asarray(cv2.transform(flat, matrix), dtype=np.float32)
    return np.reshape(product, (*colours.shape[:-1], matrix.shape[0]))


@cache
def matrix_to_xyz(space: ColorSpace) -> NDArray[np.float64]:
    """Return the matrix (3, 3) from linear light to CIE XYZ that takes (1, 1, 1) to the white of D65 (SMPTE RP 177)."""
    xy = np.asarray(_PRIMARIES[space])
    columns = np.stack([xy[:, 0] / xy[:, 1], np.ones(3), (1 - xy.sum(axis=1)) / xy[:, 1]])
    return np.asarray(columns * np.linalg.solve(columns, np.asarray(WHITE_XYZ)), dtype=np.float64)


@cache
def matrix_from_xyz(space: ColorSpace) -> NDArray[np.float64]:
    """Return the matrix (3, 3) from CIE XYZ, Y of white = 1, to linear light."""
    return np.asarray(np.linalg.inv(matrix_to_xyz(space)), dtype=np.float64)


def _lab_of_relative(relative: NDArray[np.float32]) -> NDArray[np.float32]:
    f = np.cbrt(relative)
    low = relative * np.float32(_LAB_SLOPE) + np.float32(4 / 29)
    np.copyto(f, low, where=relative <= np.float32(_LAB_KNEE))
    lab = np.empty_like(f)
    lab[..., 0] = f[..., 1] * np.float32(116) - np.float32(16)
    lab[..., 1] = (f[..., 0] - f[..., 1]) * np.float32(500)
    lab[..., 2] = (f[..., 1] - f[..., 2]) * np.float32(200)
    return lab


def _relative_of_lab(lab: NDArray[np.float32]) -> NDArray[np.float32]:
    f = np.empty(lab.shape, dtype=np.float32)
    f[..., 1] = (lab[..., 0] + np.float32(16)) * np.float32(1 / 116)
    f[..., 0] = f[..., 1] + lab[..., 1] * np.float32(1 / 500)
    f[..., 2] = f[..., 1] - lab[..., 2] * np.float32(1 / 200)
    low = (f - np.float32(4 / 29)) * np.float32(1 / _LAB_SLOPE)
    return np.where(f <= np.float32(6 / 29), low, f * f * f)
