"""ICC profiles: what they describe, and pixels from one to another.

The colour engine is Little CMS, through libvips, which hands over CIE XYZ under D65 in floating point; from there to
sRGB or Display P3 it is the exact matrix and curve of `atelier_imaging.color`. Rendering intent: relative colorimetric,
with black point compensation where inks are involved.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, lru_cache
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import pyvips
from PIL import ImageCms

from atelier_imaging import color
from atelier_imaging.color import ColorSpace
from atelier_imaging.vips import configure_vips, from_array, to_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = {ColorSpace.SRGB: "sRGB", ColorSpace.DISPLAY_P3: "Display P3"}
# A profile of a press is about 1 MB. Larger ones are refused: they only cost memory.
MAX_PROFILE_BYTES = 4 << 20
# A profile within this CIEDE2000 distance of a space, everywhere on a grid of colours, is that space: below what is
# seen, and above what separates the variants of sRGB and of Display P3 that are about (measured: at most 0.5).
_SAME_SPACE_DELTA_E = 0.8
_SIGNATURES = {b"RGB ": "rgb", b"GRAY": "grey", b"CMYK": "cmyk"}
_INTERPRETATIONS = {"rgb": "rgb16", "grey": "grey16", "cmyk": "cmyk"}


@dataclass(frozen=True, slots=True)
class Profile:
    """An ICC profile that can be used.

    `model` is `rgb`, `grey` or `cmyk`. `space` is the working space that the profile equals for the eye, or None: for a
    grey one SRGB means that its curve is that of sRGB.
    """

    icc: bytes
    description: str
    model: str
    space: ColorSpace | None


@cache
def builtin_icc(space: ColorSpace) -> bytes:
    """Return the ICC profile of a working space, as it is embedded in files (480 bytes, ICC version 4)."""
    configure_vips()
    return bytes(pyvips.Operation.call("profile_load", "srgb" if space is ColorSpace.SRGB else "p3"))


@cache
def press_icc() -> bytes:
    """Return the CMYK profile that is assumed where a CMYK file carries none."""
    configure_vips()
    return bytes(pyvips.Operation.call("profile_load", "cmyk"))


@lru_cache(maxsize=32)
def read_profile(icc: bytes) -> Profile | None:
    """Return what an ICC profile is, or None where it is broken or of a kind that pictures do not have."""
    model = _SIGNATURES.get(icc[16:20])
    if model is None or len(icc) > MAX_PROFILE_BYTES or icc[36:40] != b"acsp":
        return None
    try:
        description = _description(icc)
        space = _space_of(icc, model)
    except (OSError, ImageCms.PyCMSError, pyvips.Error):
        return None
    return Profile(icc, description, model, space)


def to_working(image: pyvips.Image, icc: bytes, space: ColorSpace, bit_depth: int) -> pyvips.Image:
    """Bring a libvips image without alpha from a profile's colours to display-encoded RGB of a working space.

    `bit_depth` is that of the result, 8 or 16. Colours outside the space are clipped.
    """
    xyz = _to_xyz(image, icc)
    matrix = color.matrix_from_xyz(space) / 100  # libvips counts XYZ to 100
    return _encoded(xyz.recomb(matrix.tolist()), bit_depth).copy(interpretation="rgb16" if bit_depth == 16 else "srgb")


def from_working(image: pyvips.Image, icc: bytes, space: ColorSpace, bit_depth: int) -> pyvips.Image:
    """Bring a libvips image of display-encoded RGB in a working space to the colours of an RGB profile."""
    full = 65535 if image.format == "ushort" else 255
    encoded = image * (1 / full)
    low = encoded * (1 / 12.92)
    linear = (encoded <= 0.04045).ifthenelse(low, ((encoded + 0.055) * (1 / 1.055)) ** 2.4)
    xyz = linear.recomb((color.matrix_to_xyz(space) * 100).tolist()).copy(interpretation="xyz")
    xyz.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    return xyz.icc_export(pcs="xyz", intent="relative", depth=bit_depth)


@lru_cache(maxsize=16)
def grey_curve(icc: bytes) -> NDArray[np.uint16]:
    """Return what each 16-bit number (65536,) of a grey profile is on the sRGB curve, 16-bit."""
    ramp = np.arange(65536, dtype=np.uint16).reshape(256, 256, 1)
    xyz = _to_xyz(from_array(ramp, "grey16"), icc).numpy()
    curve = color.quantise(color.encode_transfer(xyz[..., 1] / np.float32(100)), np.uint16).reshape(-1)
    curve.flags.writeable = False
    return curve


@lru_cache(maxsize=16)
def inverse_grey_curve(icc: bytes) -> NDArray[np.uint16]:
    """Return which number of a grey profile stands for each 16-bit number (65536,) on the sRGB curve, 16-bit."""
    numbers = np.arange(65536)
    inverse = np.rint(np.interp(numbers, grey_curve(icc), numbers)).astype(np.uint16)
    inverse.flags.writeable = False
    return inverse


def _to_xyz(image: pyvips.Image, icc: bytes) -> pyvips.Image:
    """Return CIE XYZ under D65, 0..100, of a libvips image in a profile's colours."""
    configure_vips()
    tagged = image.copy()
    tagged.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    inks = image.interpretation == "cmyk"
    return tagged.icc_import(embedded=True, pcs="xyz", intent="relative", black_point_compensation=inks)


def _encoded(linear: pyvips.Image, bit_depth: int) -> pyvips.Image:
    """Return linear light display-encoded (IEC 61966-2-1), rounded and clipped to `bit_depth`."""
    full = 65535 if bit_depth == 16 else 255
    high = (linear > 0.0031308).ifthenelse(linear, 0.0031308) ** (1 / 2.4) * 1.055 - 0.055
    encoded = (linear <= 0.0031308).ifthenelse(linear * 12.92, high)
    return (encoded * full).rint().cast("ushort" if bit_depth == 16 else "uchar")


def _description(icc: bytes) -> str:
    for space, name in NAMES.items():
        if icc == builtin_icc(space):
            return name
    profile = ImageCms.ImageCmsProfile(BytesIO(icc)).profile
    return (profile.profile_description or "").strip("\0 \n") or "unnamed profile"


def _space_of(icc: bytes, model: str) -> ColorSpace | None:
    """Return the working space whose colours a profile has, by trying a grid of 9 x 9 x 9 of them."""
    if model == "cmyk":
        to_array(to_working(from_array(np.zeros((1, 1, 4), np.uint8), "cmyk"), icc, ColorSpace.SRGB, 8))
        return None
    steps = np.linspace(0, 65535, 9).round().astype(np.uint16)
    if model == "grey":
        ramp = color.rgb_to_lab(np.repeat(grey_curve(icc)[steps, None], 3, axis=1), ColorSpace.SRGB)
        wanted = color.rgb_to_lab(np.repeat(steps[:, None], 3, axis=1), ColorSpace.SRGB)
        return ColorSpace.SRGB if color.delta_e_2000(ramp, wanted).max() <= _SAME_SPACE_DELTA_E else None
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(1, -1, 3)
    measured = color.xyz_to_lab(_to_xyz(from_array(grid, "rgb16"), icc).numpy() / np.float32(100))
    for space in ColorSpace:
        if color.delta_e_2000(measured, color.rgb_to_lab(grid, space)).max() <= _SAME_SPACE_DELTA_E:
            return space
    return None
