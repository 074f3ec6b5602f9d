"""Controls of the realism critic: real portraits with one fault each, at three strengths.

Lengths are in distances between the pupils, so that a fault looks alike whatever the picture's size.
"""

from __future__ import annotations

import io
import math
from functools import cache
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.faceframe import to_bytes
from atelier_imaging.region import Region
from atelier_imaging.topology import LEFT_IRIS
from atelier_models.home import default_home
from atelier_service.cancellation import Cancellation
from atelier_service.models.in_process import InProcessModels
from atelier_service.models.per_call import CallModels
from atelier_upscale.drawing import Manner
from atelier_upscale.enlarge import Pass
from atelier_upscale.networks import own_networks
from atelier_upscale.share import Amount
from atelier_upscale.size import Size
from atelier_upscale.tiles import LARGEST, cut
from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

    Pixels = NDArray[np.uint8]

STRENGTHS: Final = (0, 1, 2)
_BLUR: Final = (0.012, 0.025, 0.05)
_UNSHARP: Final = (0.8, 1.5, 3.0)
_FLATTENED: Final = (0.5, 0.75, 1.0)
_QUALITY: Final = (40, 20, 10)
_SOFT: Final = (0.012, 0.025, 0.05)
# Widths that a portrait is reduced to before it is enlarged fourfold.
_REDUCED: Final = (200, 160, 120)
_ENLARGED: Final = 4
# Sides of the median's window, and of the bilateral filter's with its range in levels.
_MEDIAN: Final = (3, 5, 7)
_BILATERAL: Final = ((5, 25.0), (7, 40.0), (9, 70.0))
# Red and blue light times 1 + c and 1 - c: 5500 K taken for 4500, 3800 and 3200 K (40, 83 and 133 mired off), or the
# other way round; from the ratio of Planckian light at 600 and 450 nm.
_CAST: Final = (0.16, 0.32, 0.49)


def skin_blurred(portrait: Portrait, strength: int) -> Pixels:
    """Blur the skin and nothing else."""
    pixels, face = to_bytes(portrait.picture.pixels).astype(np.float32), portrait.faces[0]
    mask = portrait.mask(Region.SKIN, face)[..., None]
    blurred = cv2.GaussianBlur(pixels, (0, 0), _BLUR[strength] * face.interocular_pixels)
    return _bytes(pixels + mask * (blurred - pixels))


def half_mirrored(portrait: Portrait, strength: int) -> Pixels:
    """Lay the mirror image of the right half over the left one, to a third, two thirds, or all of it."""
    pixels, mesh = (
        to_bytes(portrait.picture.pixels).astype(np.float32),
        portrait.faces[0].mesh[:, :2].astype(np.float64),
    )
    top, chin = mesh[168], mesh[152]
    along = (chin - top) / np.linalg.norm(chin - top)
    turn = 2 * np.outer(along, along) - np.eye(2)
    matrix = np.hstack([turn, (top - turn @ top)[:, None]])
    mirrored = cv2.warpAffine(pixels, matrix, pixels.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    side = (columns - top[0]) * along[1] - (rows - top[1]) * along[0]
    share = (np.clip(side + 0.5, 0, 1) * (strength + 1) / 3)[..., None].astype(np.float32)
    return _bytes(pixels + share * (mirrored - pixels))


def catchlight_moved(portrait: Portrait, strength: int) -> Pixels:
    """Take the lamp out of one eye (weakest), and put it elsewhere in the iris (half a radius, more than that)."""
    pixels, mesh = to_bytes(portrait.picture.pixels), portrait.faces[0].mesh
    middle = mesh[LEFT_IRIS[0], :2]
    radius = float(np.linalg.norm(mesh[list(LEFT_IRIS[1:]), :2] - middle, axis=1).max())
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]]
    distance = np.hypot(rows + 0.5 - middle[1], columns + 0.5 - middle[0])
    iris = distance < 0.72 * radius
    luma = pixels.mean(axis=2)
    if not iris.any():
        return pixels
    lamp = iris & (luma > np.percentile(luma[iris], 75))
    grown = cv2.dilate(lamp.astype(np.uint8), np.ones((3, 3), np.uint8)) & (distance < 0.95 * radius)
    without = np.asarray(cv2.inpaint(pixels, grown.astype(np.uint8), 2, cv2.INPAINT_TELEA), np.float32)
    if strength == 0:
        return _bytes(without)
    # The lamp goes to the other side of the iris.
    at = np.array([columns[lamp].mean() + 0.5, rows[lamp].mean() + 0.5])
    apart = np.hypot(*(middle - at))
    by = (middle - at) / max(apart, 1e-3) * (apart + (0.3, 0.5)[strength - 1] * radius)
    matrix = np.array([[1, 0, by[0]], [0, 1, by[1]]])
    shown = cv2.warpAffine(pixels.astype(np.float32), matrix, pixels.shape[1::-1])
    share = cv2.GaussianBlur(lamp.astype(np.float32), (0, 0), 0.5)
    share = cv2.warpAffine(share, matrix, pixels.shape[1::-1])[..., None] * (distance < 0.9 * radius)[..., None]
    return _bytes(without + share * (np.maximum(shown, without) - without))


def unsharp(portrait: Portrait, strength: int) -> Pixels:
    """Sharpen by an unsharp mask of 80, 150 and 300 %."""
    pixels = to_bytes(portrait.picture.pixels).astype(np.float32)
    sigma = 0.02 * portrait.faces[0].interocular_pixels
    return _bytes(pixels + _UNSHARP[strength] * (pixels - cv2.GaussianBlur(pixels, (0, 0), sigma)))


def shading_flattened(portrait: Portrait, strength: int) -> Pixels:
    """Divide the slow part of the skin's light out."""
    pixels, face = to_bytes(portrait.picture.pixels).astype(np.float32), portrait.faces[0]
    skin = portrait.mask(Region.SKIN, face)
    light = (np.maximum(pixels, 1) / 255) ** 2.2
    luma = light @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    sigma = 0.15 * face.interocular_pixels
    slow = cv2.GaussianBlur(luma * skin, (0, 0), sigma) / np.maximum(cv2.GaussianBlur(skin, (0, 0), sigma), 1e-2)
    usual = float(np.median(luma[skin > 0.8])) if (skin > 0.8).any() else 0.4
    gain = (usual / np.maximum(slow, 0.02)) ** (_FLATTENED[strength] * skin)
    return _bytes(255 * np.clip(light * gain[..., None], 0, 1) ** (1 / 2.2))


def compressed(portrait: Portrait, strength: int) -> Pixels:
    """Compress as JPEG of quality 40, 20 and 10."""
    buffer = io.BytesIO()
    Image.fromarray(to_bytes(portrait.picture.pixels)).save(buffer, "JPEG", quality=_QUALITY[strength])
    return np.asarray(Image.open(buffer).convert("RGB"))


def wrong_white(portrait: Portrait, strength: int) -> Pixels:
    """Multiply red and blue light the opposite way; warmer or colder by the portrait's own size in bytes."""
    pixels = to_bytes(portrait.picture.pixels).astype(np.float32)
    sign = 1 if portrait.picture.source.size_bytes % 2 else -1
    gains = np.array([1 + sign * _CAST[strength], 1.0, 1 - sign * _CAST[strength]], np.float32)
    return _bytes(255 * np.clip((pixels / 255) ** 2.2 * gains, 0, 1) ** (1 / 2.2))


def out_of_focus(portrait: Portrait, strength: int) -> Pixels:
    """Blur everything."""
    pixels = to_bytes(portrait.picture.pixels).astype(np.float32)
    sigma = _SOFT[strength] * portrait.faces[0].interocular_pixels
    return _bytes(np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.float32))


def enlarged(portrait: Portrait, strength: int) -> Pixels:
    """Reduce to 200, 160 and 120 pixels of width, and enlarge four times by cubic interpolation."""
    small = _reduced(portrait, _REDUCED[strength])
    size = (_ENLARGED * small.shape[1], _ENLARGED * small.shape[0])
    return _bytes(np.asarray(cv2.resize(small.astype(np.float32), size, interpolation=cv2.INTER_CUBIC), np.float32))


def restored(portrait: Portrait, strength: int) -> Pixels:
    """Reduce to 200, 160 and 120 pixels of width, and enlarge four times by the network that restores."""
    small = _reduced(portrait, _REDUCED[strength])
    size = Size(_ENLARGED * small.shape[1], _ENLARGED * small.shape[0])
    manner = Manner(own_networks(_ENLARGED), Amount(0.0), 0.0)
    grid = cut(small.shape[0], small.shape[1], size.height, size.width, manner.margin, LARGEST)
    drawing = Pass(small, size, manner, grid).run(installed())
    while True:
        try:
            next(drawing)
        except StopIteration as end:
            return np.asarray(end.value, np.uint8)


def painted(portrait: Portrait, strength: int) -> Pixels:
    """Paint over what is small, as in oil: a median filter."""
    return np.asarray(cv2.medianBlur(to_bytes(portrait.picture.pixels), _MEDIAN[strength]), np.uint8)


def smoothed(portrait: Portrait, strength: int) -> Pixels:
    """Smooth everything but edges: a bilateral filter."""
    side, levels = _BILATERAL[strength]
    pixels = to_bytes(portrait.picture.pixels)
    return np.asarray(cv2.bilateralFilter(pixels, side, levels, side / 2), np.uint8)


@cache
def installed() -> CallModels:
    """Return the installed models."""
    backend = InProcessModels(default_home() / "models")
    return CallModels(backend, cancellation=Cancellation(), deadline=math.inf)


def _reduced(portrait: Portrait, width: int) -> Pixels:
    pixels = to_bytes(portrait.picture.pixels)
    size = (width, round(width * pixels.shape[0] / pixels.shape[1]))
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


# By name: how it is made, and the measure that is to tell it.
CONTROLS: Final[dict[str, tuple[Callable[[Portrait, int], Pixels], str]]] = {
    "skin blurred": (skin_blurred, "skin_texture"),
    "out of focus": (out_of_focus, "fine_detail"),
    "reduced, enlarged ×4 (cubic)": (enlarged, "fine_detail"),
    "reduced, enlarged ×4 (restoring network)": (restored, "fine_detail"),
    "painted (median)": (painted, "fine_detail"),
    "smoothed (bilateral)": (smoothed, "fine_detail"),
    "half face mirrored": (half_mirrored, "asymmetry"),
    "unsharp mask": (unsharp, "edge_overshoot"),
    "catchlight removed, moved": (catchlight_moved, "catchlight_agreement"),
    "shading flattened": (shading_flattened, "shading_contrast"),
    "wrong white balance": (wrong_white, "natural_colour"),
    "JPEG": (compressed, "compression_artifacts"),
}


def _bytes(values: NDArray[np.floating]) -> Pixels:
    return np.asarray(np.rint(np.clip(values, 0, 255)), np.uint8)
