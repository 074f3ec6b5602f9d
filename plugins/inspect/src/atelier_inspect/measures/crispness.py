"""Whether hair and clothes are as crisp as a lens draws them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.region import Region
from atelier_imaging.topology import FACE_OVAL

from atelier_inspect.scene import Sample

if TYPE_CHECKING:
    from atelier_imaging.face import Box
    from numpy.typing import NDArray

    from atelier_inspect.scene import Scene

# Looked at from further away than the rest: a collar that is softened by the depth of field is crisp again at this
# distance between the pupils, one that was painted is not.
_INTEROCULAR: Final = 40.0
_LEAST_INTEROCULAR: Final = 36.0
# Fine is the steepest slope of a pixel and its neighbours, coarse what a blur leaves of it; in pixels of that size.
_COARSE_PIXELS: Final = 1.9
_NEIGHBOURS: Final = 3
# The share of places, those with the strongest coarse edges, that is asked; the rest is even cloth, and shows noise.
_EDGES: Final = 0.2
# Three squares of the distance between the pupils; all portraits of the calibration show 3.6 or more.
_FEWEST_PIXELS: Final = 4800
# Around the outline of the face, which is judged by other measures.
_BORDER: Final = 5
# The side of the box that shows the worst place.
_BOX: Final = 36


def crispness_around_face(scene: Scene) -> Sample:
    """Measure how crisp hair and clothes are: log2 of fine over coarse slope, the median of their strongest edges.

    Slopes and not bands of detail, because noise laid over a soft picture is detail as well, and no slope beside that
    of an edge.
    """
    if scene.face.interocular_pixels < _LEAST_INTEROCULAR:
        return Sample(None, scene.whole_face.box, "The face has too few pixels to judge hair and clothes.")
    by = min(1.0, _INTEROCULAR / scene.face.interocular_pixels)
    luma = np.asarray(cv2.resize(scene.luma, None, fx=by, fy=by, interpolation=cv2.INTER_AREA), np.float32)
    around = _around(scene, by, luma.shape)
    if around.sum() < _FEWEST_PIXELS:
        return Sample(None, scene.whole_face.box, "Too little of hair and clothes is visible.")
    coarse = _slope(np.asarray(cv2.GaussianBlur(luma, (0, 0), _COARSE_PIXELS), np.float32))
    fine = cv2.dilate(_slope(luma), np.ones((_NEIGHBOURS, _NEIGHBOURS), np.uint8))
    edges = around & (coarse >= np.quantile(coarse[around], 1 - _EDGES))
    ratio = np.log2(np.maximum(fine, 1e-5) / np.maximum(coarse, 1e-5))
    return Sample(float(np.median(ratio[edges])), _softest(scene, by, ratio, edges))


def _slope(luma: NDArray[np.float32]) -> NDArray[np.float32]:
    right, down = cv2.Sobel(luma, cv2.CV_32F, 1, 0), cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    return np.asarray(cv2.magnitude(right, down), np.float32)


def _around(scene: Scene, by: float, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """Return where the person is and the face is not, of that shape, the judged picture at `by` of its size."""
    person = cv2.resize(scene.certain(Region.PERSON).astype(np.uint8), shape[::-1], interpolation=cv2.INTER_NEAREST)
    outline = cv2.convexHull(np.asarray(scene.face.mesh[list(FACE_OVAL), :2] * by, np.float32))
    face = np.zeros(shape, np.uint8)
    cv2.fillConvexPoly(face, np.rint(outline).astype(np.int32), 1)
    face = np.asarray(cv2.dilate(face, np.ones((_BORDER, _BORDER), np.uint8)))
    return np.asarray((person > 0) & (face == 0))


def _softest(scene: Scene, by: float, ratio: NDArray[np.float32], edges: NDArray[np.bool_]) -> Box:
    """Return the box, in pixels of the whole picture, whose edges are softest among those with as many as usual."""
    count, total = (
        cv2.boxFilter(values, cv2.CV_32F, (_BOX, _BOX), normalize=False, borderType=cv2.BORDER_CONSTANT)
        for values in (edges.astype(np.float32), np.where(edges, ratio, 0).astype(np.float32))
    )
    asked = edges & (count >= np.median(count[edges]))
    mean = np.where(asked, total / np.maximum(count, 1), np.inf)
    row, column = divmod(int(np.argmin(mean)), mean.shape[1])
    left, right = max(0, column - _BOX // 2), min(mean.shape[1], column + _BOX // 2)
    top, bottom = max(0, row - _BOX // 2), min(mean.shape[0], row + _BOX // 2)
    return scene.whole_box(left / by, top / by, right / by, bottom / by)
