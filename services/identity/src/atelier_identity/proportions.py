"""Proportions of a face, free of its size and of how the head is turned.

The mean face is laid onto the mesh by the similarity of least squares in three dimensions (`atelier_imaging.pose`:
Procrustes, in Umeyama's closed form), which takes the pose out. What is measured then is a distance across or along the
face between two groups of points, over the distance between the pupils.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging import topology
from atelier_imaging.pose import head_frame

from atelier_identity.profile import Proportion

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


class Axis(IntEnum):
    """Along which of the head's own axes a distance is taken."""

    ACROSS = 0
    ALONG = 1


@dataclass(frozen=True, slots=True)
class Feature:
    """A distance on the face, from the mean of the points `start` to the mean of the points `end`.

    ACROSS counts towards the subject's left, ALONG upwards. `is_mobile` says that an expression changes it, so that two
    portraits of one person may differ in it. `can_be_locked` says that a warp can change it and the mesh network sees
    that it did; lids that are drawn wider or narrower around a pupil are not such a change.
    """

    name: str
    axis: Axis
    start: tuple[int, ...]
    end: tuple[int, ...]
    is_mobile: bool = False
    can_be_locked: bool = True

    def measure(self, head: NDArray[np.float64]) -> float:
        """Measure it on points (478, 3) in the head's frame, in units of the distance between the pupils."""
        difference = head[list(self.end), self.axis].mean() - head[list(self.start), self.axis].mean()
        return float(difference / pupil_distance(head))


_EYE_CORNERS: Final = (*topology.RIGHT_EYE_CORNERS, *topology.LEFT_EYE_CORNERS)

FEATURES: Final = (
    Feature("eye_spacing", Axis.ACROSS, (133,), (362,), can_be_locked=False),
    Feature("eye_width", Axis.ACROSS, (33, 362), (133, 263), can_be_locked=False),
    Feature("brow_height", Axis.ALONG, _EYE_CORNERS, (*topology.RIGHT_BROW, *topology.LEFT_BROW), is_mobile=True),
    Feature("nose_width", Axis.ACROSS, (64,), (294,)),
    Feature("nose_length", Axis.ALONG, (2,), (168,)),
    Feature("mouth_width", Axis.ACROSS, (61,), (291,), is_mobile=True),
    Feature("chin_height", Axis.ALONG, (152,), (17,), is_mobile=True, can_be_locked=False),
    Feature("jaw_width", Axis.ACROSS, (172,), (397,)),
)


def in_head(mesh: NDArray[np.float32]) -> NDArray[np.float64]:
    """Carry a mesh (478, 3) in pixels into the head's own frame: x to the subject's left, y upwards."""
    return head_frame(mesh).to_head(mesh)


def pupil_distance(head: NDArray[np.float64]) -> float:
    """Return the distance between the pupils across the face, in the head's frame."""
    left, right = topology.LEFT_IRIS[0], topology.RIGHT_IRIS[0]
    return max(float(head[left, 0] - head[right, 0]), 1e-6)


def measure(mesh: NDArray[np.float32]) -> dict[str, float]:
    """Measure every feature on a mesh (478, 3) in pixels, in units of the distance between the pupils."""
    head = in_head(mesh)
    return {feature.name: feature.measure(head) for feature in FEATURES}


def mean_of(faces: Sequence[dict[str, float]]) -> tuple[Proportion, ...]:
    """Return mean and standard deviation of what was measured on each of several faces of one person."""
    values = {feature.name: np.array([face[feature.name] for face in faces]) for feature in FEATURES}
    many = len(faces) > 1
    return tuple(
        Proportion(name, float(of_all.mean()), float(of_all.std(ddof=1)) if many else None)
        for name, of_all in values.items()
    )
