"""ICC profiles: what they describe, and pixels from one to another.

Profiles made of curves and a matrix are worked out exactly (`atelier_imaging.shaper`). The few made of tables, those of
presses and scanners, go through Little CMS by way of libvips, which hands over CIE XYZ under D65. Rendering intent:
relative colorimetric, with black point compensation where inks are involved.
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
from atelier_imaging.shaper import Shaper, read_shaper
from atelier_imaging.vips import configure_vips, from_array, to_array

if TYPE_CHECKING:
    from numpy.typing import NDArray

NAMES = {ColorSpace.SRGB: "sRGB", ColorSpace.DISPLAY_P3: "Display P3"}
# A profile of a press is about 1 MB. Larger ones are refused: they only cost memory.
MAX_PROFILE_BYTES = 4 << 20
# A profile within this CIEDE2000 distance of a space, everywhere on a grid of colours, is that space: below what is
# seen, and above what separates the variants of sRGB and of Display P3 that are about.
_SAME_SPACE_DELTA_E = 0.8
_MODELS = {b"RGB ": "rgb", b"GRAY": "grey", b"CMYK": "cmyk"}


@dataclass(frozen=True, slots=True)
class Profile:
    """An ICC profile that can be used.

    `model` is `rgb`, `grey` or `cmyk`. `space` is the working space that the profile equals for the eye, or None; for a
    grey one SRGB means that its curve is that of sRGB. `shaper` is None where the profile is made of tables.
    """

    icc: bytes
    description: str
    model: str
    space: ColorSpace | None
    shaper: Shaper | None


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
    model = _MODELS.get(icc[16:20])
    if model is None or len(icc) > MAX_PROFILE_BYTES or icc[36:40] != b"acsp":
        return None
    shaper = read_shaper(icc)
    if model == "grey" and shaper is None:
        return None
    try:
        return Profile(icc, _description(icc), model, _space_of(icc, model, shaper), shaper)
    except (OSError, ImageCms.PyCMSError, pyvips.Error):
        return None


def inks_to_srgb(image: pyvips.Image, icc: bytes) -> pyvips.Image:
    """Bring a libvips image of four inks, without alpha, to sRGB of 8 bits; colours outside are clipped."""
    tagged = _tagged(image, icc)
    return tagged.icc_transform("srgb", embedded=True, intent="relative", black_point_compensation=True, depth=8)


def tables_to_working(image: pyvips.Image, icc: bytes, space: ColorSpace) -> pyvips.Image:
    """Bring a libvips image without alpha from an RGB profile of tables to RGB of a working space, 16 bits."""
    linear = _to_xyz(image, icc).recomb((color.matrix_from_xyz(space) / 100).tolist())  # libvips counts XYZ to 100
    high = (linear > 0.0031308).ifthenelse(linear, 0.0031308) ** (1 / 2.4) * 1.055 - 0.055
    encoded = (linear <= 0.0031308).ifthenelse(linear * 12.92, high)
    return (encoded * 65535).rint().cast("ushort").copy(interpretation="rgb16")


def tables_from_working(image: pyvips.Image, icc: bytes, space: ColorSpace, bit_depth: int) -> pyvips.Image:
    """Bring a libvips image of display-encoded RGB in a working space to the colours of an RGB profile of tables."""
    encoded = image * (1 / (65535 if image.format == "ushort" else 255))
    power = ((encoded + 0.055) * (1 / 1.055)) ** 2.4
    linear = (encoded <= 0.04045).ifthenelse(encoded * (1 / 12.92), power)
    xyz = linear.recomb((color.matrix_to_xyz(space) * 100).tolist()).copy(interpretation="xyz")
    xyz.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    return xyz.icc_export(pcs="xyz", intent="relative", depth=bit_depth)


def _to_xyz(image: pyvips.Image, icc: bytes) -> pyvips.Image:
    """Return CIE XYZ under D65, 0..100, of a libvips image in a profile's colours."""
    return _tagged(image, icc).icc_import(embedded=True, pcs="xyz", intent="relative")


def _tagged(image: pyvips.Image, icc: bytes) -> pyvips.Image:
    configure_vips()
    tagged = image.copy()
    tagged.set_type(pyvips.GValue.blob_type, "icc-profile-data", icc)
    return tagged


def _description(icc: bytes) -> str:
    for space, name in NAMES.items():
        if icc == builtin_icc(space):
            return name
    profile = ImageCms.ImageCmsProfile(BytesIO(icc)).profile
    return (profile.profile_description or "").strip("\0 \n") or "unnamed profile"


def _space_of(icc: bytes, model: str, shaper: Shaper | None) -> ColorSpace | None:
    """Return the working space whose colours a profile has, by trying a grid of them."""
    if model == "cmyk":
        # Only tried out: no ink gives a working space.
        to_array(inks_to_srgb(from_array(np.zeros((1, 1, 4), np.uint8), "cmyk"), icc))
        return None
    steps = np.linspace(0, 65535, 9).round().astype(np.uint16)
    if model == "grey":
        grid = np.repeat(np.linspace(0, 65535, 256).round().astype(np.uint16)[:, None], 3, axis=1)
    else:
        grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3)
    for space in ColorSpace if model == "rgb" else (ColorSpace.SRGB,):
        shown = color.linear_to_lab(_linear_of(icc, shaper, grid, space), space)
        if color.delta_e_2000(shown, color.rgb_to_lab(grid, space)).max() <= _SAME_SPACE_DELTA_E:
            return space
    return None


def _linear_of(icc: bytes, shaper: Shaper | None, grid: NDArray[np.uint16], space: ColorSpace) -> NDArray[np.float32]:
    """Return the linear light (N, 3) in a working space of numbers (N, 3) of a profile."""
    if shaper is None:
        xyz = _to_xyz(from_array(grid[None], "rgb16"), icc).numpy()[0] / np.float32(100)
        return color.xyz_to_linear(xyz, space)
    linear = shaper.linear(grid[:, : len(shaper.curves)])
    return np.asarray(
        linear @ shaper.matrix_to(space).T if shaper.to_xyz is not None else linear.repeat(3, 1), np.float32
    )
