"""Whether an edit shows where it ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging import color
from atelier_imaging.extent import box_of, require_same_shape
from atelier_imaging.measures.measure import Gate, Measure, judged, not_measurable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from atelier_imaging.color import ColorSpace
    from atelier_imaging.vips import Pixels

SEAM = Gate(maximum=1.2, fail_above=1.5)
MINIMUM_EDGE_PIXELS = 50
# A seam is a thin step: it stands in the fine blur's gradient and not in the coarse one's, a soft transition in both.
_FINE_PIXELS, _COARSE_PIXELS = 1.5, 4.0
_ON_EDGE_PIXELS = 1.5
_BESIDE_PIXELS = (6.0, 14.0)
# How far a gradient of the source hides one beside it.
_HIDING_PIXELS = 3.0
# Gradients below this, in L* per pixel, hide nothing.
_FLOOR = 0.25


# The edge is looked at in tiles, with enough around them for the blurs and distances that are asked for.
_TILE_PIXELS, _MARGIN_PIXELS = 256, 32


@dataclass(frozen=True, slots=True)
class _Edge:
    """The surroundings of a mask's edge: `normal` (2, height, width) points inwards, `distance` is in pixels."""

    normal: NDArray[np.float32]
    distance: NDArray[np.float32]


def seam(
    before: Pixels, after: Pixels, mask: NDArray[np.float32], space: ColorSpace, gate: Gate | None = SEAM
) -> Measure:
    """Measure the step that an edit leaves along its mask's edge: the gradient there, with the edit over without.

    `before` and `after` are (height, width, 3), display-encoded in `space`; `mask` is float32 (height, width), its edge
    is where it is 0.5. What counts is the thin part of the change of L* across the edge, against the source's own
    gradients around, which hide it; what the edit does beside the edge, grain for one, is taken off. 1 means that
    nothing shows. On portraits, a face darkened by 4 % with a hard edge gives about 1.25, by 10 % about 1.65, and with
    an edge as wide as a fifth of the distance between the pupils at most 1.2.
    """
    require_same_shape(before, after, mask)
    on_edge, beside = [], []
    for tile, core in _tiles(mask):
        edge = _edge(mask[tile])
        added = _added(before[tile], after[tile], edge, space)
        on_edge.append(added[core & (edge.distance <= _ON_EDGE_PIXELS)])
        beside.append(added[core & (edge.distance >= _BESIDE_PIXELS[0]) & (edge.distance <= _BESIDE_PIXELS[1])])
    if sum(map(len, on_edge)) < MINIMUM_EDGE_PIXELS or not sum(map(len, beside)):
        return not_measurable("seam", "ratio", gate, "The mask has no edge within the picture.")
    value = 1 + max(0.0, float(np.concatenate(on_edge).mean() - np.concatenate(beside).mean()))
    explanation = f"Across the mask's edge gradients are {value:.2f} times what they would be without the edit."
    return judged("seam", value, "ratio", gate, explanation, box=box_of(mask))


def _tiles(mask: NDArray[np.float32]) -> Iterator[tuple[tuple[slice, slice], NDArray[np.bool_]]]:
    """Yield the tiles that a mask's edge comes near, with margins, and which of their pixels are not margin.

    The outermost pixels of the picture count as margin: there is no gradient to measure.
    """
    height, width = mask.shape
    for top in range(0, height, _TILE_PIXELS):
        for left in range(0, width, _TILE_PIXELS):
            first, start = max(top - _MARGIN_PIXELS, 0), max(left - _MARGIN_PIXELS, 0)
            tile = (
                slice(first, min(top + _TILE_PIXELS + _MARGIN_PIXELS, height)),
                slice(start, min(left + _TILE_PIXELS + _MARGIN_PIXELS, width)),
            )
            inside = mask[tile] > 0.5
            if inside.all() or not inside.any():
                continue
            core = np.zeros(inside.shape, bool)
            rows = slice(max(top, 2) - first, min(top + _TILE_PIXELS, height - 2) - first)
            core[rows, max(left, 2) - start : min(left + _TILE_PIXELS, width - 2) - start] = True
            yield tile, core


def _added(before: Pixels, after: Pixels, edge: _Edge, space: ColorSpace) -> NDArray[np.float32]:
    """Return the thin part (height, width) of a change across an edge, against the source's gradients that hide it."""
    lightness = _lightness(before, space)
    change = _lightness(after, space) - lightness
    thin = np.abs(_across(change, edge, _FINE_PIXELS) - _across(change, edge, _COARSE_PIXELS))
    hiding = cv2.GaussianBlur(np.abs(_across(lightness, edge, _FINE_PIXELS)), (0, 0), _HIDING_PIXELS)
    return np.asarray(thin / (np.asarray(hiding) + np.float32(_FLOOR)), dtype=np.float32)


def _edge(mask: NDArray[np.float32]) -> _Edge:
    inside = (mask > 0.5).astype(np.uint8)
    within = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    without = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    signed = np.asarray(within - without, dtype=np.float32)
    smooth = np.asarray(cv2.GaussianBlur(signed, (0, 0), 1.0), dtype=np.float32)
    normal = np.stack(_gradient(smooth))
    length = np.hypot(*normal)
    return _Edge(np.divide(normal, length, out=np.zeros_like(normal), where=length > 0), np.abs(signed))


def _lightness(pixels: Pixels, space: ColorSpace) -> NDArray[np.float32]:
    """Return L* (height, width), 0..100, without the two thirds of CIELAB that are not looked at (CIE 15:2004)."""
    light = color.luminance(color.decode_transfer(pixels), space)
    curve = np.where(light > (6 / 29) ** 3, np.cbrt(light), light * np.float32((29 / 6) ** 2 / 3) + np.float32(4 / 29))
    return np.asarray(116 * curve - 16, dtype=np.float32)


def _across(lightness: NDArray[np.float32], edge: _Edge, sigma: float) -> NDArray[np.float32]:
    """Return the gradient (height, width) of L*, blurred by `sigma` pixels, in the direction of the edge's normal."""
    blurred = np.asarray(cv2.GaussianBlur(lightness, (0, 0), sigma), dtype=np.float32)
    right, down = _gradient(blurred)
    return np.asarray(right * edge.normal[0] + down * edge.normal[1], dtype=np.float32)


def _gradient(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the change per pixel to the right and downwards, by Scharr's filter."""
    right, down = (cv2.Scharr(values, cv2.CV_32F, dx, 1 - dx, scale=1 / 32) for dx in (1, 0))
    return np.asarray(right, dtype=np.float32), np.asarray(down, dtype=np.float32)
