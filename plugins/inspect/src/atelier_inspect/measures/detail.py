"""Whether the face has the fine detail that a photograph of its size has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.topology import FACE_OVAL

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_inspect.scene import Scene

# Fine is what the first blur takes out, coarse what lies between the others; in pixels of the picture as it comes, for
# a lens and a sensor leave their detail there whatever the size. Larger faces are reduced to this distance between the
# pupils: files straight from a camera are soft at the last pixel.
MOST_INTEROCULAR: Final = 128.0
_FINE_PIXELS: Final = 0.7
_COARSE_PIXELS: Final = (1.4, 2.8)
_LEAST_INTEROCULAR: Final = 24.0
# The outline of the face and what is beside it are left out, as a share of the distance between the pupils.
_BORDER: Final = 0.06


def fine_detail(scene: Scene) -> Sample:
    """Measure the usual fine relief of the face against its coarse one: log2 of the median over the root mean square.

    The median, because what paints (a median or bilateral filter, a network that restores) keeps edges, few as they
    are, and clears what lies between them; a blur clears both. Neither is asked of the skin alone: a soft lens and a
    smooth skin leave lashes, brows and hair.
    """
    by = min(1.0, MOST_INTEROCULAR / max(scene.whole_face.interocular_pixels, 1.0))
    if scene.whole_face.interocular_pixels < _LEAST_INTEROCULAR:
        return Sample(None, scene.whole_face.box, "The face has too few pixels to show detail.")
    luma, inside = _face(scene, by)
    if not inside.any():
        return Sample(None, scene.whole_face.box, "The face is cut off.")
    near, far = (cv2.GaussianBlur(luma, (0, 0), pixels) for pixels in _COARSE_PIXELS)
    fine = np.median(np.abs(luma - cv2.GaussianBlur(luma, (0, 0), _FINE_PIXELS))[inside])
    coarse = np.sqrt(np.mean((near - far)[inside] ** 2))
    return Sample(float(np.log2(max(float(fine), 1e-5) / max(float(coarse), 1e-5))), scene.whole_face.box)


def _face(scene: Scene, by: float) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return the display-encoded light around the face at `by` of its size, (h, w), and where the face is."""
    rows, columns = scene.around
    outline = (scene.whole_face.mesh[list(FACE_OVAL), :2] - (columns.start, rows.start)) * by
    luma = scene.whole_luma
    if by < 1:
        luma = np.asarray(cv2.resize(luma, None, fx=by, fy=by, interpolation=cv2.INTER_AREA), np.float32)
    inside = np.zeros(luma.shape, np.uint8)
    cv2.fillConvexPoly(inside, np.rint(cv2.convexHull(np.asarray(outline, np.float32))).astype(np.int32), 1)
    side = max(1, round(_BORDER * by * scene.whole_face.interocular_pixels))
    return luma, cv2.erode(inside, np.ones((side, side), np.uint8)) > 0
