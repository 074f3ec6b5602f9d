"""The mark of a Rembrandt light: a patch of light under the far eye, shut in by the shadows of nose and cheek."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.faceframe import fill

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form

# Outlines of the area where the patch may lie, from the lower lid along the nose to beside the mouth and up the cheek;
# the subject's right, then left.
_RIGHT_AREA: Final = (244, 232, 231, 230, 229, 228, 31, 35, 111, 117, 123, 147, 187, 207, 206, 203, 129, 114, 188)
_LEFT_AREA: Final = (464, 452, 451, 450, 449, 448, 261, 265, 340, 346, 352, 376, 411, 427, 426, 423, 358, 343, 412)
# What lies this far, in pupil distances, from the area's border is the patch's surroundings.
_BORDER: Final = 0.06


def triangle_area(form: Form, light: NDArray[np.float32], shadow_side: int) -> float:
    """Return the area of the lit patch on the shadow cheek, in squares of the pupils' distance; 0 where there is none.

    `light` (h, w) is what falls on the form, free of albedo; `shadow_side` is 1 where the subject's left is the one in
    shadow, -1 for the right. The patch is what lies above the middle, in stops, between the cheek's own light and
    shadow; it counts as shut in if less than half of its outline touches the outline of the cheek.
    """
    outline = form.points[list(_LEFT_AREA if shadow_side > 0 else _RIGHT_AREA), :2] + 0.5
    shape = (light.shape[0], light.shape[1])
    area = fill(shape, outline) > 0.5
    if area.sum() < 30:
        return 0.0
    smooth = cv2.GaussianBlur(light, (0, 0), 0.03 * form.unit)
    dark, bright = np.percentile(smooth[area], (8, 97))
    if bright < 1.35 * dark:
        return 0.0
    lit = ((smooth > np.sqrt(dark * bright)) & area).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(lit, connectivity=4)
    if count < 2:
        return 0.0
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    patch = (labels == largest).astype(np.uint8)
    return float(patch.sum()) / form.unit**2 if _shut_in(patch, area, form.unit) else 0.0


def _shut_in(patch: NDArray[np.uint8], area: NDArray[np.bool_], unit: float) -> bool:
    """Tell whether most of a patch's outline runs inside the area and not along its border."""
    kernel = np.ones((3, 3), np.uint8)
    outline = (cv2.dilate(patch, kernel) > 0) & (patch == 0)
    inner = cv2.distanceTransform(area.astype(np.uint8), cv2.DIST_L2, 5) > _BORDER * unit
    return bool((outline & inner).sum() > 0.4 * outline.sum())
