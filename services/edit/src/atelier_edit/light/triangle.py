"""The mark of a Rembrandt light: a patch of light under the far eye, shut in by the shadows of nose and cheek."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.light.contrast import skin_nodes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form

# Points on the middle of the face, from between the eyes to the chin, and on its upright.
_BRIDGE: Final = 168
_UNDER_NOSE: Final = 2
_TOP: Final = 10
_CHIN: Final = 152
_LIDS: Final = (145, 374)
# The patch is looked for from the lower lids to this far below the nose's base (pupil distances).
_BELOW_NOSE: Final = 0.35
# Half of a nose's width above its wings.
_NOSE: Final = 0.16
_BLUR: Final = 0.03
# Light and shadow of the cheek differ at least by this.
_LEAST_CONTRAST: Final = 1.5
# What is lit gets this share of the light on the lit side, at least.
_LIT: Final = 0.3
# A patch that runs along more than this share of its outline into the face's far border or the nose is not shut in.
_OPEN: Final = 0.2


def triangle_area(form: Form, light: NDArray[np.float32], shadow_side: int) -> float:
    """Return the area of the lit patch on the shadow cheek, in squares of the pupils' distance; 0 where there is none.

    `light` (h, w) is what falls on the form, free of albedo; `shadow_side` is 1 where the subject's left is the one in
    shadow, -1 for the right. Lit is what lies above the middle, in stops, between the brightest and the darkest of that
    cheek, if that is bright against the other side. Towards the eye a patch may be open; towards nose, ear and mouth it
    must end in shadow.
    """
    cheek, border = _cheek(form, shadow_side)
    if cheek.sum() < 60:
        return 0.0
    smooth = cv2.GaussianBlur(light, (0, 0), _BLUR * form.unit)
    dark, bright = (float(value) for value in np.percentile(smooth[cheek], (5, 95)))
    lit_side = float(np.percentile(smooth[skin_nodes(form)], 90))
    if bright < _LEAST_CONTRAST * dark or bright < _LIT * lit_side:
        return 0.0
    lit = ((smooth > np.sqrt(dark * bright)) & cheek).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(lit, connectivity=4)
    if count < 2:
        return 0.0
    patch = labels == 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))
    outline = patch & (cv2.erode(patch.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    is_open = (outline & border).sum() > _OPEN * outline.sum()
    return 0.0 if is_open else float(patch.sum()) / form.unit**2


def _cheek(form: Form, side: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return the cheek of one side, from the nose's ridge outwards, and the part of it along ridge, ear and mouth."""
    rows, columns = np.mgrid[: form.face.shape[0], : form.face.shape[1]].astype(np.float32)
    up = form.points[_TOP, :2] - form.points[_CHIN, :2]
    up = up / max(float(np.hypot(*up)), 1e-6)
    x, y = (columns - form.points[_BRIDGE, 0]) / form.unit, (rows - form.points[_BRIDGE, 1]) / form.unit
    height = x * up[0] + y * up[1]
    lids, base = (
        float(((form.points[list(points), :2].mean(axis=0) - form.points[_BRIDGE, :2]) / form.unit) @ up)
        for points in (_LIDS, (_UNDER_NOSE,))
    )
    ridge = (form.points[_UNDER_NOSE, :2] - form.points[_BRIDGE, :2]) / form.unit
    beyond = float(side) * (x * ridge[1] - y * ridge[0]) / max(float(np.hypot(*ridge)), 1e-6)
    floor = base - _BELOW_NOSE
    cheek = (form.face > 0.5) & (beyond > _NOSE) & (height < lids) & (height > floor)
    depth = cv2.distanceTransform((form.face > 0.5).astype(np.uint8), cv2.DIST_L2, 5) / form.unit
    beside_nose = (beyond < _NOSE + 0.06) & (height < (lids + base) / 2)
    border = (depth < 0.08) | beside_nose | (height < floor + 0.06)
    return cheek, border
