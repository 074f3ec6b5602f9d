"""A face as it was measured: the values that the analysis returns.

All positions are in pixels of the picture; the origin is the top left corner of its top left pixel, so the middle of
that pixel is (0.5, 0.5). Left and right are the subject's own.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle in pixels; parts of it may lie outside the picture."""

    left: float
    top: float
    width: float
    height: float

    @property
    def area(self) -> float:
        """Return the area in square pixels."""
        return self.width * self.height

    def contains(self, x: float, y: float) -> bool:
        """Say whether a point lies inside."""
        return self.left <= x < self.left + self.width and self.top <= y < self.top + self.height


@dataclass(frozen=True, slots=True)
class HeadPose:
    """How a head is turned, in degrees; all three are 0 when the face looks straight into the lens.

    Pitch is positive when the face is lifted, yaw when it turns to the subject's left, roll when the head tilts towards
    the subject's left shoulder.
    """

    pitch_degrees: float
    yaw_degrees: float
    roll_degrees: float


@dataclass(frozen=True, slots=True)
class Gaze:
    """Where an eye looks relative to the head, in degrees: x positive to the subject's left, y positive upwards."""

    x_degrees: float
    y_degrees: float


@dataclass(frozen=True, slots=True)
class Expression:
    """Ratios that expression is measured by, each free of the face's size in the picture.

    Eye opening is lid distance over eye width, mouth opening the distance of the inner lips over mouth width, smile the
    lift of the mouth corners above the middle of the lips over mouth width (negative when they fall).
    """

    left_eye_open: float
    right_eye_open: float
    mouth_open: float
    smile: float


@dataclass(frozen=True, slots=True, eq=False)
class Face:
    """One face of a picture.

    `mesh` is float32 (478, 3), read-only: 468 points of the face, then centre and rim of the subject's right iris
    (468..472) and of the left one (473..477). x and y are pixels of the picture; z is pixels towards the lens, relative
    to the head's centre. `confidence` is the detector's, 0 to 1. `interocular_pixels` is the distance between the
    pupils in the picture.
    """

    index: int
    box: Box
    confidence: float
    mesh: NDArray[np.float32]
    pose: HeadPose
    left_gaze: Gaze
    right_gaze: Gaze
    expression: Expression
    interocular_pixels: float

    def within(self, left: float, top: float, by: float) -> Face:
        """Return the face as it is in a cut-out that begins at `left` and `top` and is then made `by` times as wide."""
        box = Box(by * (self.box.left - left), by * (self.box.top - top), by * self.box.width, by * self.box.height)
        mesh = (self.mesh - np.array([left, top, 0], np.float32)) * np.float32(by)
        mesh.flags.writeable = False
        return replace(self, box=box, mesh=mesh, interocular_pixels=self.interocular_pixels * by)

    @property
    def gaze(self) -> Gaze:
        """Return the mean gaze of both eyes."""
        return Gaze(
            (self.left_gaze.x_degrees + self.right_gaze.x_degrees) / 2,
            (self.left_gaze.y_degrees + self.right_gaze.y_degrees) / 2,
        )
