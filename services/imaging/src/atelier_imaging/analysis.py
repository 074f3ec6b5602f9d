"""From pixels to measured faces: detector, mesh twice, irises, pose, gaze, expression.

picture -> detector.detect -> mesh.fit (crop by detector) -> mesh.fit (crop by first mesh) -> iris.refine_eyes -> Face
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.detector import detect
from atelier_imaging.expression import expression_ratios
from atelier_imaging.face import Box, Face
from atelier_imaging.gaze import eye_gazes
from atelier_imaging.iris import refine_eyes
from atelier_imaging.mesh import crop_of_detection, crop_of_mesh, fit
from atelier_imaging.pose import head_frame, head_pose
from atelier_imaging.topology import FACE_POINTS, LEFT_IRIS, RIGHT_IRIS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.detector import Detection
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture
    from atelier_imaging.vips import Pixels

# The most faces that one picture is analysed for; `FaceSelector.index` goes up to 63.
MAX_FACES: Final = 64
MIN_PRESENCE: Final = 0.5
# Two meshes that share this much of the smaller one's box are one face, found twice.
_SAME_FACE: Final = 0.6


@dataclass(frozen=True, slots=True)
class Analysis:
    """What was found in a picture: faces that were measured and detections on which no mesh would settle.

    The latter are profiles, covered and very small faces; both are ordered from the largest.
    """

    faces: tuple[Face, ...]
    unmeasured: tuple[Detection, ...]


def analyse(picture: Picture, models: ModelRunner) -> tuple[Face, ...]:
    """Find and measure every face of a picture, the largest first; empty when there is none.

    Works on the display-encoded pixels as they are. Raises what `ModelRunner.infer` raises.
    """
    return search(picture.pixels, models).faces


def search(pixels: Pixels, models: ModelRunner) -> Analysis:
    """Find and measure every face of RGB pixels (H, W, 3), and say where a face was seen and could not be measured."""
    detections = detect(pixels, models)[:MAX_FACES]
    rough, _ = fit(pixels, [crop_of_detection(found) for found in detections], models)
    points, presence = fit(pixels, [crop_of_mesh(mesh) for mesh in rough], models)
    settled = _distinct(points, presence)
    meshes = refine_eyes(pixels, points[settled], models)
    meshes[..., 2] *= -1  # the networks count depth away from the lens, `Face.mesh` towards it
    scores = [detections[i].score for i in settled]
    return Analysis(
        tuple(_measure(i, mesh, score) for i, (mesh, score) in enumerate(zip(meshes, scores, strict=True))),
        tuple(found for found, sure in zip(detections, presence, strict=True) if sure < MIN_PRESENCE),
    )


def follow(pixels: Pixels, mesh: NDArray[np.float32], models: ModelRunner, confidence: float = 1.0) -> Face | None:
    """Measure the one face of RGB pixels (H, W, 3) that is known to be about where `mesh` (468 or more, 3) is.

    No detector looks. None where no mesh settles there. Raises what `ModelRunner.infer` raises.
    """
    points, presence = fit(pixels, [crop_of_mesh(mesh[:FACE_POINTS])], models)
    if presence[0] < MIN_PRESENCE:
        return None
    found = refine_eyes(pixels, points, models)
    found[..., 2] *= -1
    return _measure(0, found[0], confidence)


def _distinct(points: NDArray[np.float32], presence: NDArray[np.float32]) -> list[int]:
    """Return the indices of meshes that found a face, the largest first, each face once."""
    boxes = {i: _box(points[i]) for i in range(len(points)) if presence[i] >= MIN_PRESENCE}
    kept: list[int] = []
    for i in sorted(boxes, key=lambda i: -boxes[i].area):
        if all(_shared(boxes[i], boxes[j]) < _SAME_FACE for j in kept):
            kept.append(i)
    return kept


def _measure(index: int, mesh: NDArray[np.float32], score: float) -> Face:
    frame = head_frame(mesh)
    left, right = eye_gazes(mesh, frame)
    mesh.flags.writeable = False
    return Face(
        index=index,
        box=_box(mesh[:FACE_POINTS]),
        confidence=score,
        mesh=mesh,
        pose=head_pose(frame),
        left_gaze=left,
        right_gaze=right,
        expression=expression_ratios(mesh, frame),
        interocular_pixels=float(np.linalg.norm(mesh[LEFT_IRIS[0], :2] - mesh[RIGHT_IRIS[0], :2])),
    )


def _box(points: NDArray[np.float32]) -> Box:
    left, top = (float(value) for value in points[:, :2].min(axis=0))
    right, bottom = (float(value) for value in points[:, :2].max(axis=0))
    return Box(left, top, right - left, bottom - top)


def _shared(box: Box, other: Box) -> float:
    """Return the area that two boxes share, over the smaller one's."""
    width = min(box.left + box.width, other.left + other.width) - max(box.left, other.left)
    height = min(box.top + box.height, other.top + other.height) - max(box.top, other.top)
    return max(width, 0.0) * max(height, 0.0) / max(min(box.area, other.area), 1e-6)
