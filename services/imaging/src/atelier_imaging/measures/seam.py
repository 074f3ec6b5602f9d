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
    from numpy.typing import NDArray

    from atelier_imaging.color import ColorSpace
    from atelier_imaging.vips import Pixels

SEAM = Gate(maximum=1.2, fail_above=1.5)
MINIMUM_EDGE_PIXELS = 50
# A seam is a step that runs along the edge, texture is not: this blur keeps the one and lowers the other.
_SIGMA_PIXELS = 1.5
_ON_EDGE_PIXELS = 2.0
_BESIDE_PIXELS = (6.0, 14.0)
# Gradients below this, in L* per pixel, are noise; it keeps the ratio steady where the source is flat.
_FLOOR = 0.25


@dataclass(frozen=True, slots=True)
class _Edge:
    """The surroundings of a mask's edge: `normal` (height, width, 2) points inwards, `distance` is signed pixels."""

    normal: NDArray[np.float32]
    distance: NDArray[np.float32]


def seam(
    before: Pixels, after: Pixels, mask: NDArray[np.float32], space: ColorSpace, gate: Gate | None = SEAM
) -> Measure:
    """Measure how much the gradient across the mask's edge has grown, against how much it has beside the edge.

    `before` and `after` are (height, width, 3), display-encoded in `space`; `mask` is float32 (height, width), its edge
    is where it is 0.5. 1 means that the edit leaves no trace along the edge.
    """
    require_same_shape(before, after, mask)
    edge = _edge(mask)
    on_edge = np.abs(edge.distance) <= _ON_EDGE_PIXELS
    beside = (np.abs(edge.distance) >= _BESIDE_PIXELS[0]) & (np.abs(edge.distance) <= _BESIDE_PIXELS[1])
    inner = np.zeros(mask.shape, bool)
    inner[2:-2, 2:-2] = True  # where the picture itself ends, there is no gradient to measure
    on_edge, beside = on_edge & inner, beside & inner
    if np.count_nonzero(on_edge) < MINIMUM_EDGE_PIXELS or not beside.any():
        return not_measurable("seam", "ratio", gate, "The mask has no edge within the picture.")
    grown = _across(after, edge, on_edge, space) / _across(before, edge, on_edge, space)
    around = _across(after, edge, beside, space) / _across(before, edge, beside, space)
    value = float(grown / max(around, 1.0))
    explanation = f"Across the mask's edge gradients are {value:.2f} times what they would be without an edit."
    return judged("seam", value, "ratio", gate, explanation, box=box_of(mask))


def _edge(mask: NDArray[np.float32]) -> _Edge:
    inside = (mask > 0.5).astype(np.uint8)
    within = cv2.distanceTransform(inside, cv2.DIST_L2, 5)
    without = cv2.distanceTransform(1 - inside, cv2.DIST_L2, 5)
    distance = cv2.GaussianBlur(np.asarray(within - without, dtype=np.float32), (0, 0), 1.0)
    normal = np.stack(_gradient(np.asarray(distance, dtype=np.float32)), axis=-1)
    length = np.linalg.norm(normal, axis=-1, keepdims=True)
    return _Edge(np.divide(normal, length, out=np.zeros_like(normal), where=length > 0), np.asarray(within - without))


def _across(pixels: Pixels, edge: _Edge, where: NDArray[np.bool_], space: ColorSpace) -> float:
    """Return the mean gradient of L* in the direction of the edge's normal, per pixel."""
    lightness = color.rgb_to_lab(pixels, space)[..., 0]
    smooth = np.asarray(cv2.GaussianBlur(lightness, (0, 0), _SIGMA_PIXELS), dtype=np.float32)
    gradient = np.stack(_gradient(smooth), axis=-1)
    return float(np.abs((gradient * edge.normal).sum(axis=-1)[where]).mean()) + _FLOOR


def _gradient(values: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the change per pixel to the right and downwards, by Scharr's filter."""
    right, down = (cv2.Scharr(values, cv2.CV_32F, dx, 1 - dx, scale=1 / 32) for dx in (1, 0))
    return np.asarray(right, dtype=np.float32), np.asarray(down, dtype=np.float32)
