"""What a request means in measured units on this very face: so many degrees, such a ratio."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from atelier_imaging.face import Face

    from atelier_expression.controls import Adjustment

# A full smile lifts the measured ratio by so much on a face at rest; faces that smile already have less room.
SMILE_LIFT: Final = 0.036
_SMILE_ROOM: Final = (0.09, 0.18)
_LEAST_ROOM: Final = 0.25
# The widest that eyes are opened, and by which share at most.
_WIDEST_EYE: Final = 0.44
_WIDER_EYE: Final = 0.3
# Lids that meet, as they measure.
_CLOSED_EYE: Final = 0.04
# A mouth that measures less is closed; an open one opens and closes by these shares at most.
CLOSED_MOUTH: Final = 0.06
_WIDER_MOUTH: Final = 0.45
_NARROWER_MOUTH: Final = 0.55


@dataclass(frozen=True, slots=True)
class Goal:
    """What the face is to measure afterwards: pose and gaze as changes in degrees, the rest as ratios.

    None where nothing is asked of it.
    """

    pitch_degrees: float | None = None
    yaw_degrees: float | None = None
    roll_degrees: float | None = None
    left_x_degrees: float | None = None
    left_y_degrees: float | None = None
    right_x_degrees: float | None = None
    right_y_degrees: float | None = None
    left_eye_open: float | None = None
    right_eye_open: float | None = None
    smile: float | None = None
    mouth_open: float | None = None


def goal(face: Face, asked: Adjustment) -> Goal:
    """Say what an adjustment means for a face."""
    own = face.expression
    (left_x, left_y), (right_x, right_y) = asked.gaze(0), asked.gaze(1)
    return Goal(
        pitch_degrees=asked.pitch_degrees or None,
        yaw_degrees=asked.yaw_degrees or None,
        roll_degrees=asked.roll_degrees or None,
        left_x_degrees=left_x or None,
        left_y_degrees=left_y or None,
        right_x_degrees=right_x or None,
        right_y_degrees=right_y or None,
        left_eye_open=_eye(own.left_eye_open, asked.left_eye_open),
        right_eye_open=_eye(own.right_eye_open, asked.right_eye_open),
        smile=own.smile + asked.smile * SMILE_LIFT * _room(own.smile, asked.smile) if asked.smile else None,
        mouth_open=_mouth(own.mouth_open, asked.jaw_open),
    )


def _room(own: float, asked: float) -> float:
    """Return which share of a smile a face has room for that smiles already."""
    if asked < 0:
        return 1.0
    low, high = _SMILE_ROOM
    return min(1.0, max(_LEAST_ROOM, (high - own) / (high - low)))


def _eye(own: float, asked: float) -> float | None:
    if not asked:
        return None
    if asked < 0:
        return own + asked * max(own - _CLOSED_EYE, 0.0)
    return max(own, min(own * (1 + _WIDER_EYE * asked), own + asked * max(_WIDEST_EYE - own, 0.0)))


def _mouth(own: float, asked: float) -> float | None:
    if not asked or own < CLOSED_MOUTH:
        return None
    return own * (1 + (_NARROWER_MOUTH if asked < 0 else _WIDER_MOUTH) * asked)
