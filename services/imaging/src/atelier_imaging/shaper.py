"""Matrix-and-curve ICC profiles, worked out exactly.

Nearly every RGB profile of a photograph (sRGB, Display P3, Adobe RGB, ProPhoto) is three curves and a matrix, and every
grey one is a curve. A colour engine is not used for them: as libvips drives it, Little CMS samples such a profile
in 33 steps, and Adobe RGB's darkest eight levels come out up to twelve times too light (measured).
Tags and formulas: ICC.1:2022, 8.3.3, 8.4.3, 10.6 and 10.18.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging import color

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.color import ColorSpace
    from atelier_imaging.vips import Pixels

_NUMBERS = 65536
_COLUMNS = (b"rXYZ", b"gXYZ", b"bXYZ")
_CURVES = {b"RGB ": (b"rTRC", b"gTRC", b"bTRC"), b"GRAY": (b"kTRC",)}
# From the D50 of the profile connection space to D65, by the Bradford transform (ICC.1:2022, annex E).
_D50_TO_D65 = (
    (0.9555766, -0.0230393, 0.0631636),
    (-0.0282895, 1.0099416, 0.0210077),
    (0.0122982, -0.0204830, 1.3299098),
)
# Little CMS and the ICC's own tools count the parameters of each function type so.
_PARAMETERS = (1, 3, 4, 5, 7)


@dataclass(frozen=True, slots=True)
class Shaper:
    """A profile as curves and a matrix.

    `curves` is float32 (channels, 65536): linear light 0..1 of each 16-bit number, of the one channel of grey or of
    red, green and blue. `to_xyz` is float64 (3, 3), from linear light to CIE XYZ under D65; None for grey.
    """

    curves: NDArray[np.float32]
    to_xyz: NDArray[np.float64] | None

    def linear(self, pixels: Pixels) -> NDArray[np.float32]:
        """Return the linear light (…, channels) of pixels of the profile, in the profile's own primaries."""
        numbers = pixels if pixels.dtype == np.uint16 else np.multiply(pixels, 257, dtype=np.uint16)
        channels = [np.take(curve, numbers[..., index]) for index, curve in enumerate(self.curves)]
        return np.stack(channels, axis=-1)

    def matrix_to(self, space: ColorSpace) -> NDArray[np.float64]:
        """Return the matrix (3, 3) from the profile's linear light to that of a working space."""
        if self.to_xyz is None:
            return np.eye(3)
        return np.asarray(color.matrix_from_xyz(space) @ self.to_xyz, dtype=np.float64)


@lru_cache(maxsize=32)
def read_shaper(icc: bytes) -> Shaper | None:
    """Return an ICC profile as curves and a matrix, or None where it is made of tables instead."""
    try:
        tags = _tags(icc)
        names = _CURVES.get(icc[16:20])
        if names is None or b"A2B0" in tags or b"A2B1" in tags or icc[20:24] != b"XYZ ":
            return None
        curves = np.stack([_curve(tags[name]) for name in names]).astype(np.float32)
        to_xyz = _matrix(tags) if len(names) == 3 else None
    except (KeyError, IndexError, ValueError, struct.error):
        return None
    curves.flags.writeable = False
    return Shaper(curves, to_xyz)


@lru_cache(maxsize=16)
def inverse_curves(icc: bytes) -> NDArray[np.float32]:
    """Return which number (channels, 65536), 0..1, of a profile stands for each 16-bit number on the sRGB curve.

    Raises ValueError for a profile that `read_shaper` has None for.
    """
    shaper = read_shaper(icc)
    if shaper is None:
        raise ValueError("the profile is not made of curves")
    steps = np.linspace(0, 1, _NUMBERS)
    wanted = color.decode_transfer(np.arange(_NUMBERS, dtype=np.uint16))
    # A curve may be flat where it is clipped; the running maximum keeps it fit for interpolation.
    rows = [np.interp(wanted, np.maximum.accumulate(curve), steps) for curve in shaper.curves]
    inverse = np.asarray(rows, dtype=np.float32)
    inverse.flags.writeable = False
    return inverse


def _tags(icc: bytes) -> dict[bytes, bytes]:
    """Return the content of each tag of a profile by its signature (ICC.1:2022, 7.3)."""
    count = min(struct.unpack_from(">I", icc, 128)[0], 100)
    entries = (struct.unpack_from(">4sII", icc, 132 + 12 * index) for index in range(count))
    return {signature: icc[offset : offset + size] for signature, offset, size in entries}


def _matrix(tags: dict[bytes, bytes]) -> NDArray[np.float64]:
    columns = [struct.unpack_from(">3i", tags[name], 8) for name in _COLUMNS]
    matrix = np.asarray(_D50_TO_D65) @ (np.asarray(columns, dtype=np.float64).T / 65536)
    if abs(np.linalg.det(matrix)) < 1e-6:
        raise ValueError("the primaries of the profile lie on a line")
    return np.asarray(matrix, dtype=np.float64)


def _curve(tag: bytes) -> NDArray[np.float64]:
    """Return a tone curve (65536,): linear light 0..1 of each 16-bit number."""
    numbers = np.linspace(0, 1, _NUMBERS)
    if tag[:4] == b"para":
        kind = struct.unpack_from(">H", tag, 8)[0]
        return _parametric(kind, [value / 65536 for value in struct.unpack_from(f">{_PARAMETERS[kind]}i", tag, 12)])
    if tag[:4] != b"curv":
        raise ValueError("not a tone curve")
    count = struct.unpack_from(">I", tag, 8)[0]
    if count == 0:
        return numbers
    if count == 1:
        return np.asarray(numbers ** (struct.unpack_from(">H", tag, 12)[0] / 256))
    table = np.frombuffer(tag, dtype=">u2", count=count, offset=12) / 65535
    return np.interp(numbers, np.linspace(0, 1, count), table)


def _parametric(kind: int, parameters: list[float]) -> NDArray[np.float64]:
    """Work out a parametric curve (65536,): (a x + b) ^ g + e above d, c x + f below (ICC.1:2022, table 68)."""
    numbers = np.linspace(0, 1, _NUMBERS)
    g, a, b, c, d, e, f = (*parameters, *(1.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)[len(parameters) :])
    if kind in {1, 2}:  # the straight part is level and begins where the power is 0
        c, d, e, f = 0.0, -b / a, (parameters[3] if kind == 2 else 0.0), (parameters[3] if kind == 2 else 0.0)
    power = np.maximum(a * numbers + b, 0) ** g + e
    return np.clip(np.where(numbers >= d, power, c * numbers + f), 0, 1)
