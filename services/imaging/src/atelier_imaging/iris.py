"""The eyes looked at closely: five points an iris, and lids that are truer than the mesh's.

Ablavatski et al., "Real-time Pupil Tracking from Monocular Video for Digital Puppetry", 2020. The network knows one
eye, the one on the picture's left (the subject's right); the other is shown to it mirrored.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.crop import Crop, sample_batch
from atelier_imaging.models import IRIS
from atelier_imaging.topology import LEFT_EYE_CORNERS, LEFT_IRIS, RIGHT_EYE_CORNERS, RIGHT_IRIS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels

INPUT_SIZE: Final = 64
# The crop's side over the eye's width, as in MediaPipe's iris landmark graph.
_MARGIN: Final = 2.3
# The first 16 of the network's 71 eye points are the lids: the lower one from outer to inner corner, then the upper.
_RIGHT_LIDS: Final = (33, 7, 163, 144, 145, 153, 154, 155, 133, 246, 161, 160, 159, 158, 157, 173)
_LEFT_LIDS: Final = (263, 249, 390, 373, 374, 380, 381, 382, 362, 466, 388, 387, 386, 385, 384, 398)
# A mirrored eye's rim points come home in mirrored order: swap left and right ones back.
_MIRRORED_RIM: Final = (0, 3, 2, 1, 4)


def crop_of_eye(points: NDArray[np.float32], corners: tuple[int, int], *, mirrored: bool) -> Crop:
    """Return the crop around one eye of a mesh, upright by the line between its corners."""
    first, second = points[corners[0]], points[corners[1]]
    start, end = (second, first) if mirrored else (first, second)
    dx, dy = float(end[0] - start[0]), float(end[1] - start[1])
    x, y = (float(value) for value in (first[:2] + second[:2]) / 2)
    return Crop(x, y, max(_MARGIN * math.hypot(dx, dy), 1.0), math.atan2(dy, dx), mirrored)


def refine_eyes(pixels: Pixels, meshes: NDArray[np.float32], models: ModelRunner) -> NDArray[np.float32]:
    """Add ten iris points to every mesh, (N, 468, 3) to (N, 478, 3), and correct its lids; all eyes in one batch.

    Lids keep the mesh's depth; an iris lies at the mean depth of its lids.
    """
    if not len(meshes):
        return np.zeros((0, 478, 3), np.float32)
    crops = [
        crop_of_eye(points, corners, mirrored=mirrored)
        for points in meshes
        for corners, mirrored in ((RIGHT_EYE_CORNERS, False), (LEFT_EYE_CORNERS, True))
    ]
    raw = models.infer(IRIS, {"image": sample_batch(pixels, crops, INPUT_SIZE)})
    refined = np.concatenate([meshes, np.zeros((len(meshes), 10, 3), np.float32)], axis=1)
    for i, crop in enumerate(crops):
        points = refined[i // 2]
        lids, iris = (_LEFT_LIDS, LEFT_IRIS) if crop.mirrored else (_RIGHT_LIDS, RIGHT_IRIS)
        eye = crop.to_picture(raw["eye"][i].reshape(-1, 3)[: len(lids)], INPUT_SIZE)
        rim = crop.to_picture(raw["iris"][i].reshape(-1, 3), INPUT_SIZE)
        points[list(lids), :2] = eye[:, :2]
        points[list(iris), :2] = rim[list(_MIRRORED_RIM), :2] if crop.mirrored else rim[:, :2]
        points[list(iris), 2] = points[list(lids), 2].mean()
    return refined
