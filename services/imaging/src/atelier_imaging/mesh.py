"""The 468-point face mesh: where to look, and looking twice.

The first pass looks where the detector points; the second at the crop that the first mesh asks for, which is tighter
and truly upright, and is what the network was trained on.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.crop import Crop, sample_batch
from atelier_imaging.models import FACE_MESH
from atelier_imaging.topology import LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_imaging.detector import Detection
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels

INPUT_SIZE: Final = 192
# The crop's side over the face's, as in MediaPipe's face landmark graph.
_MARGIN: Final = 1.5


def crop_of_detection(detection: Detection) -> Crop:
    """Return the crop around a detected face, upright by the line between its eyes."""
    box, (right, left) = detection.box, detection.keypoints[:2]
    side = _MARGIN * max(box.width, box.height)
    angle = math.atan2(float(left[1] - right[1]), float(left[0] - right[0]))
    return Crop(box.left + box.width / 2, box.top + box.height / 2, side, angle)


def crop_of_mesh(points: NDArray[np.float32]) -> Crop:
    """Return the crop around a mesh (468, 3), upright by the line between its outer eye corners."""
    left, right = points[LEFT_EYE_CORNERS[0]], points[RIGHT_EYE_CORNERS[0]]
    angle = math.atan2(float(left[1] - right[1]), float(left[0] - right[0]))
    cos, sin = math.cos(angle), math.sin(angle)
    axes = np.array([[cos, sin], [-sin, cos]])
    turned = points[:, :2] @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    x, y = axes.T @ ((low + high) / 2)
    return Crop(float(x), float(y), _MARGIN * float((high - low).max()), angle)


def fit(pixels: Pixels, crops: Sequence[Crop], models: ModelRunner) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Fit the mesh in every crop: points (N, 468, 3) in picture pixels, and presence (N,) 0..1.

    z is in pixels too, positive away from the lens, as the network gives it.
    """
    if not crops:
        return np.zeros((0, 468, 3), np.float32), np.zeros(0, np.float32)
    raw = models.infer(FACE_MESH, {"image": sample_batch(pixels, crops, INPUT_SIZE)})
    local = raw["points"].reshape(len(crops), -1, 3)
    points = np.stack([crop.to_picture(local[i], INPUT_SIZE) for i, crop in enumerate(crops)])
    presence = 1 / (1 + np.exp(-np.clip(raw["presence"].reshape(-1), -50, 50)))
    return points, presence.astype(np.float32)
