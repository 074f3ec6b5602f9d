"""How an edit lies over its source: moved, turned and scaled as a whole, and drifting a little here and there."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_imaging.graft.structure import structure

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The whole is found on pictures of these longer sides, coarse to fine.
_SIDES: Final = (96, 192, 384)
_ITERATIONS: Final = 60
_SETTLED: Final = 1e-5
# What a network does to the whole is small: zoomed by some percent, moved by some pixels. More is a wrong match.
_LARGEST_ZOOM: Final = 1.15
_LARGEST_TURN_DEGREES: Final = 8.0
_LARGEST_SHIFT: Final = 0.12
# Drift is found within this share of the longer side; two ways must agree within so many pixels to be believed.
_LARGEST_DRIFT: Final = 0.03
_AGREE_PIXELS: Final = 1.0
_SMOOTH: Final = 0.008


@dataclass(frozen=True, slots=True, eq=False)
class Registration:
    """Where each pixel of the source lies in the edit.

    `places` is float32 (h, w, 2), x and y in pixels of the edit, both of one size. `affine` (2, 3) is its part that
    holds for the whole; `correlation` says how alike the structures are after it, -1..1. `drift_pixels` is the 95th
    percentile of what is moved beyond it.
    """

    places: NDArray[np.float32]
    affine: NDArray[np.float64]
    correlation: float
    drift_pixels: float

    @property
    def shift_pixels(self) -> float:
        """Return how far the picture's middle was moved."""
        height, width = self.places.shape[:2]
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        return float(np.linalg.norm(self.affine[:, :2] @ middle + self.affine[:, 2] - middle))

    @property
    def zoom(self) -> float:
        """Return by how much the edit is larger."""
        return math.sqrt(abs(float(np.linalg.det(self.affine[:, :2]))))


def register(
    source: NDArray[np.float32], edited: NDArray[np.float32], weight: NDArray[np.float32] | None = None
) -> Registration:
    """Find where each pixel of a source lies in its edit, whatever was done to the light.

    Both are the logarithm of light, float32 (h, w), of one size, at least 64 pixels a side. `weight` (h, w), 0..1, says
    where they are the same thing, such as the person; everywhere if left out. First one affine map, coarse to fine
    (Evangelidis and Psarakis: Parametric image alignment using enhanced correlation coefficient maximization. IEEE
    TPAMI 30, 2008), then what moved beside it (Kroeger et al.: Fast optical flow using dense inverse search. ECCV
    2016), where the way there and the way back agree.
    """
    first, second = structure(source), structure(edited)
    affine, correlation = _whole(first, second, weight)
    height, width = first.shape
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    laid = cv2.warpAffine(second, affine, (width, height), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    drift = _drift(first, np.asarray(laid, np.uint8))
    y, x = np.mgrid[:height, :width].astype(np.float32)
    moved = np.dstack([x + drift[..., 0], y + drift[..., 1]])
    places = cv2.transform(moved, affine)
    size = np.linalg.norm(drift, axis=2)
    size = size if weight is None else size[weight > 0.5]
    percentile = float(np.percentile(size, 95)) if size.size else 0.0
    return Registration(np.asarray(places, np.float32), affine, correlation, percentile)


def _whole(
    first: NDArray[np.uint8], second: NDArray[np.uint8], weight: NDArray[np.float32] | None
) -> tuple[NDArray[np.float64], float]:
    """Find the affine map of source to edit, and the correlation under it; the identity if nothing better is found."""
    longer = max(first.shape)
    everywhere = np.full(first.shape, 255, np.uint8)
    full = np.eye(2, 3)
    best = _correlation(first, second, full, weight)
    for side in _SIDES:
        scale = min(1.0, side / longer)
        small = [_reduced(each, scale) for each in (first, second)]
        mask = _reduced(everywhere if weight is None else np.asarray(weight * 255, np.uint8), scale)
        start = _scaled(full, small[0].shape, first.shape)
        found = _refined(small[0], small[1], start, mask)
        if found is None:
            continue
        candidate = _scaled(found, first.shape, small[0].shape)
        correlation = _correlation(first, second, candidate, weight)
        if _plausible(candidate, first.shape) and correlation > best:
            full, best = candidate, correlation
    return full, best


def _refined(
    first: NDArray[np.uint8], second: NDArray[np.uint8], start: NDArray[np.float64], mask: NDArray[np.uint8]
) -> NDArray[np.float64] | None:
    """Improve an affine map, or return None where the search runs away."""
    stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, _ITERATIONS, _SETTLED)
    try:
        _, found = cv2.findTransformECC(
            first, second, start.astype(np.float32), cv2.MOTION_AFFINE, stop, inputMask=mask, gaussFiltSize=3
        )
    except cv2.error:  # it did not converge
        return None
    return np.asarray(found, np.float64)


def _drift(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Return what moved from `first` to `second`, smooth, float32 (h, w, 2); 0 where nothing can be believed."""
    forth, back = _flow(first, second), _flow(second, first)
    height, width = first.shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    returned = cv2.remap(back, x + forth[..., 0], y + forth[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    gap = np.linalg.norm(forth + returned, axis=2)
    believed = gap < _AGREE_PIXELS
    believed &= np.linalg.norm(forth, axis=2) < _LARGEST_DRIFT * max(first.shape)
    share = believed.astype(np.float32)
    sigma = _SMOOTH * max(first.shape)
    total = cv2.GaussianBlur(forth * share[..., None], (0, 0), sigma)
    count = cv2.GaussianBlur(share, (0, 0), sigma)[..., None]
    return np.asarray(total / np.maximum(count, 0.05), np.float32)


def _flow(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.float32]:
    search = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    start = np.zeros((*first.shape, 2), np.float32)
    return np.asarray(search.calc(first, second, start), np.float32)


def _correlation(
    first: NDArray[np.uint8],
    second: NDArray[np.uint8],
    affine: NDArray[np.float64],
    weight: NDArray[np.float32] | None,
) -> float:
    """Return the correlation of the source with the edit as an affine map lays it."""
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = first.shape[::-1]
    laid = cv2.warpAffine(second, affine, size, flags=flags, borderValue=127).astype(np.float32) - 127.5
    own = first.astype(np.float32) - 127.5
    share = np.ones(first.shape, np.float32) if weight is None else weight
    power = float((share * own * own).sum() * (share * laid * laid).sum())
    return float((share * own * laid).sum()) / math.sqrt(max(power, 1e-6))


def _plausible(affine: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Say whether a map is one that an editing network may have made."""
    zoom = math.sqrt(max(float(np.linalg.det(affine[:, :2])), 1e-6))
    turn = math.degrees(math.atan2(affine[1, 0], affine[0, 0]))
    middle = np.array([shape[1] / 2, shape[0] / 2])
    shift = np.linalg.norm(affine[:, :2] @ middle + affine[:, 2] - middle) / max(shape)
    fits = 1 / _LARGEST_ZOOM < zoom < _LARGEST_ZOOM and abs(turn) < _LARGEST_TURN_DEGREES
    return bool(fits and shift < _LARGEST_SHIFT)


def _reduced(plane: NDArray[np.uint8], scale: float) -> NDArray[np.uint8]:
    if scale == 1:
        return plane
    size = (max(round(plane.shape[1] * scale), 8), max(round(plane.shape[0] * scale), 8))
    return np.asarray(cv2.resize(plane, size, interpolation=cv2.INTER_AREA), np.uint8)


def _scaled(affine: NDArray[np.float64], to_shape: tuple[int, ...], from_shape: tuple[int, ...]) -> NDArray[np.float64]:
    """Carry an affine map of pictures of one size over to the same pictures of another; pixels' middles are whole."""
    x, y = to_shape[1] / from_shape[1], to_shape[0] / from_shape[0]
    there = np.array([[x, 0, 0.5 * x - 0.5], [0, y, 0.5 * y - 0.5], [0, 0, 1]])
    return np.asarray((there @ np.vstack([affine, [0, 0, 1]]) @ np.linalg.inv(there))[:2])
