"""Faces whose geometry is known: a mean head, as `Face` has it, for what needs no picture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.expression import expression_ratios
from atelier_imaging.face import Box, Face
from atelier_imaging.gaze import eye_gazes
from atelier_imaging.pose import head_frame, head_pose
from atelier_imaging.topology import LEFT_IRIS, RIGHT_IRIS

from tests.services.imaging.heads import head

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = (600, 700)


def face_of(mesh: NDArray[np.float32]) -> Face:
    """Measure a mesh (478, 3) as the analysis does."""
    frame = head_frame(mesh)
    left, right = eye_gazes(mesh, frame)
    low, high = mesh[:468, :2].min(axis=0), mesh[:468, :2].max(axis=0)
    return Face(
        index=0,
        box=Box(float(low[0]), float(low[1]), float(high[0] - low[0]), float(high[1] - low[1])),
        confidence=0.95,
        mesh=mesh,
        pose=head_pose(frame),
        left_gaze=left,
        right_gaze=right,
        expression=expression_ratios(mesh, frame),
        interocular_pixels=float(np.linalg.norm(mesh[LEFT_IRIS[0], :2] - mesh[RIGHT_IRIS[0], :2])),
    )


def mean_face(width: float = 160.0, gaze: tuple[float, float] = (0.0, 0.0), **turn: float) -> Face:
    """Return a mean face in a picture of `SIZE`, its outer eye corners `width` pixels apart."""
    return face_of(head(300, 300, width, gaze, **turn))
