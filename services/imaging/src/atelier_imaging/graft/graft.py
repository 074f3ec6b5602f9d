"""An edit of a network, at whatever size it came, carried over to the source's own pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_imaging import color
from atelier_imaging.composite import multiband
from atelier_imaging.graft.registration import Registration, register
from atelier_imaging.measures.reduced import reduced_light
from atelier_imaging.strips import render

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.color import ColorSpace
    from atelier_imaging.vips import Pixels

# Added to light before its logarithm is taken: black skin of a black frame is not lit by factors.
_FLOOR: Final = 0.01
# A network's own fine detail is smeared by its autoencoder up to waves of some of its pixels; below this width, as a
# standard deviation in its pixels, detail is the source's own.
_SPLIT: Final = 2.5
# More than this, as a factor of light, no edit of a portrait makes.
_LARGEST_FACTOR: Final = 12.0
_SMALLEST_SIDE: Final = 64
_WORKING_SIDE: Final = 1536


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an edit was asked to change. The rest is undone where the network changed it all the same.

    `light`: how bright skin is; `color`: its hue; `geometry`: where things are. `detail` is how much of the finest
    detail is the source's own, 0..1, the rest being the network's.
    """

    light: bool = False
    color: bool = False
    geometry: bool = False
    detail: float = 1.0


@dataclass(frozen=True, slots=True, eq=False)
class Graft:
    """The source with an edit carried over.

    `pixels` are of the source's size and type. `registration` is that of the size at which they were compared, `step`
    is how many of the source's pixels are one of it. `cast` (3,) are the factors on linear red, green and blue that
    were undone.
    """

    pixels: Pixels
    registration: Registration
    step: float
    cast: tuple[float, float, float]


def graft(
    source: Pixels,
    edited: Pixels,
    mask: NDArray[np.float32],
    skin: NDArray[np.float32],
    space: ColorSpace,
    purpose: Purpose,
) -> Graft:
    """Carry an edit over to its source.

    `source` is (H, W, 3), `edited` (h, w, 3) of any size with the same content; both display-encoded in `space`, uint8
    or uint16. `mask` (H, W), 0..1, is where the edit may show: outside it the result is the source, byte for byte.
    `skin` (H, W), 0..1, is where colour is compared.

    The edit is registered, its unasked cast is undone (where colour was not asked for, every change of hue is), and
    what remains is a *ratio*: by how much the light of each pixel changed, at the network's resolution and without its
    finest waves. The source's own pixels are multiplied by it, so that pores, lashes and grain are those of the source
    however small or smeared the edit was; and the result is blended in octave by octave. With `purpose.geometry` the
    source's pixels are first moved to where the edit has them.

    Raises ValueError where sizes do not fit or are below 64 pixels.
    """
    _require(source, edited, mask, skin)
    size = _working_size(source, edited)
    step = source.shape[1] / size[0]
    own, new = _log_light(source, size), _log_light(edited, size)
    weights = color.luminance_weights(space)
    found = register(own @ weights, new @ weights, _small(mask, size))
    if purpose.geometry:
        found, own, moved = _followed(found, own, new, weights, source, _small(mask, size))
        new = _laid(new, found.affine)
    else:
        moved = source
        new = _sampled(new, found.places)
    cast = _cast(own, new, _small(skin, size), weights, purpose)
    ratio = np.clip(new - cast - own, -np.log(_LARGEST_FACTOR), np.log(_LARGEST_FACTOR)).astype(np.float32)
    if not purpose.color:
        ratio[:] = (ratio @ weights)[..., None]  # one factor for all three: no hue can change anywhere
    coarse = cv2.GaussianBlur(ratio, (0, 0), _SPLIT)
    ratio += np.float32(purpose.detail) * (coarse - ratio)
    lit = render(moved, [_Ratio(ratio, source.shape)])
    levels = int(np.clip(np.log2(max(source.shape[:2]) / 64), 1, 6))
    blended = multiband(source, lit, mask.astype(np.float32, copy=False), levels)
    red, green, blue = (float(value) for value in np.exp(cast))
    return Graft(blended, found, step, (red, green, blue))


class _Ratio:
    """Multiply light by a ratio, given as its logarithm at a smaller size."""

    def __init__(self, ratio: NDArray[np.float32], shape: tuple[int, ...]) -> None:
        self._ratio = ratio
        self._scale = np.array([ratio.shape[1] / shape[1], ratio.shape[0] / shape[0]])

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Light a strip anew."""
        x, y = self._scale
        place = np.array([[x, 0, 0.5 * x - 0.5], [0, y, (top + 0.5) * y - 0.5]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        size = rows.shape[1::-1]
        factor = cv2.warpAffine(self._ratio, place, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
        light = (color.decode_transfer(rows) + np.float32(_FLOOR)) * np.exp(factor) - np.float32(_FLOOR)
        rows[:] = color.encode_transfer(np.clip(light, 0, 1))


def _require(source: Pixels, edited: Pixels, mask: NDArray[np.float32], skin: NDArray[np.float32]) -> None:
    if mask.shape != source.shape[:2] or skin.shape != source.shape[:2]:
        raise ValueError(f"sizes differ: source {source.shape}, mask {mask.shape}, skin {skin.shape}")
    if min(*source.shape[:2], *edited.shape[:2]) < _SMALLEST_SIDE:
        raise ValueError(f"pictures are smaller than {_SMALLEST_SIDE} pixels: {source.shape}, {edited.shape}")


def _working_size(source: Pixels, edited: Pixels) -> tuple[int, int]:
    """Return (width, height) with the source's proportions, at the resolution of the coarser of the two."""
    height, width = source.shape[:2]
    by = min(1.0, edited.shape[0] / height, edited.shape[1] / width, _WORKING_SIDE / max(height, width))
    return max(round(width * by), _SMALLEST_SIDE), max(round(height * by), _SMALLEST_SIDE)


def _log_light(pixels: Pixels, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return the logarithm of linear light (h, w, 3), averaged to that size."""
    linear = reduced_light(pixels, max(1, pixels.shape[1] // size[0]))
    if linear.shape[1::-1] != size:
        kind = cv2.INTER_AREA if size[0] <= linear.shape[1] else cv2.INTER_CUBIC
        linear = np.asarray(cv2.resize(linear, size, interpolation=kind), np.float32)
    return np.asarray(np.log(np.maximum(linear, 0) + np.float32(_FLOOR)), np.float32)


def _small(mask: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(cv2.resize(mask.astype(np.float32, copy=False), size, interpolation=cv2.INTER_AREA), np.float32)


def _sampled(values: NDArray[np.float32], places: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values at places (h, w, 2)."""
    x, y = places[..., 0], places[..., 1]
    return np.asarray(cv2.remap(values, x, y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _laid(values: NDArray[np.float32], affine: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the edit with what was done to the whole undone."""
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    size = values.shape[1::-1]
    return np.asarray(cv2.warpAffine(values, affine, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _followed(
    found: Registration,
    own: NDArray[np.float32],
    new: NDArray[np.float32],
    weights: NDArray[np.float32],
    source: Pixels,
    mask: NDArray[np.float32],
) -> tuple[Registration, NDArray[np.float32], Pixels]:
    """Move the source to where the edit has things: return the way, the moved source's light, and its pixels."""
    back = register(_laid(new, found.affine) @ weights, own @ weights, mask)
    whole = Registration(back.places, found.affine, back.correlation, back.drift_pixels)
    height, width = source.shape[:2]
    drift = back.places - np.dstack(np.meshgrid(*(np.arange(n, dtype=np.float32) for n in back.places.shape[1::-1])))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    far = cv2.resize(drift, (width, height), interpolation=cv2.INTER_LINEAR)
    across, down = width / drift.shape[1], height / drift.shape[0]
    moved = cv2.remap(
        source, x + far[..., 0] * across, y + far[..., 1] * down, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    return whole, _sampled(own, back.places), np.asarray(moved, source.dtype)


def _cast(
    own: NDArray[np.float32],
    new: NDArray[np.float32],
    skin: NDArray[np.float32],
    weights: NDArray[np.float32],
    purpose: Purpose,
) -> NDArray[np.float32]:
    """Return the logarithm (3,) of the factors by which the edit changed skin's light or hue unasked."""
    chosen = skin > 0.5
    if (purpose.light and purpose.color) or not chosen.any():
        return np.zeros(3, np.float32)
    change = np.median(new[chosen] - own[chosen], axis=0)
    brightness = float(change @ weights)
    kept = brightness if purpose.light else 0.0
    if purpose.color:
        return np.full(3, brightness, np.float32)
    return np.asarray(change - kept, np.float32)
