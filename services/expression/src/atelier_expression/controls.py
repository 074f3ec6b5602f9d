"""What can be asked of a face, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import Enum
from typing import Any


class Part(Enum):
    """The only part of a face that may move."""

    ALL = "all"
    FACE = "face"
    EYES = "eyes"
    LIPS = "lips"
    BROWS = "brows"


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change of expression, gaze and pose: the fields of `atelier.v1.ExpressionAdjustment`, all 0 for no change.

    Angles are in degrees with the signs of `HeadPose` and `Gaze`; the others are shares of what the control can do. One
    eye's own gaze goes before that of both, None where there is none.
    """

    pitch_degrees: float = 0.0
    yaw_degrees: float = 0.0
    roll_degrees: float = 0.0
    gaze_x_degrees: float = 0.0
    gaze_y_degrees: float = 0.0
    left_gaze_x_degrees: float | None = None
    left_gaze_y_degrees: float | None = None
    right_gaze_x_degrees: float | None = None
    right_gaze_y_degrees: float | None = None
    smile: float = 0.0
    left_eye_open: float = 0.0
    right_eye_open: float = 0.0
    brow_raise: float = 0.0
    mouth_corner: float = 0.0
    facial_tension: float = 0.0
    jaw_open: float = 0.0

    @property
    def is_neutral(self) -> bool:
        """Tell whether it leaves every face as it is."""
        return not any(getattr(self, field.name) for field in fields(self))

    @property
    def unturned(self) -> Adjustment:
        """Return all of it but the turn of the head."""
        return replace(self, pitch_degrees=0.0, yaw_degrees=0.0, roll_degrees=0.0)

    def times(self, share: float) -> Adjustment:
        """Return that share of the change."""
        values: dict[str, Any] = {field.name: getattr(self, field.name) for field in fields(self)}
        return replace(self, **{name: share * value for name, value in values.items() if value is not None})

    def gaze(self, side: int) -> tuple[float, float]:
        """Return by how much the subject's left (side 0) or right (side 1) eye turns, sideways and up."""
        x, y = (
            (self.left_gaze_x_degrees, self.left_gaze_y_degrees),
            (self.right_gaze_x_degrees, self.right_gaze_y_degrees),
        )[side]
        return (self.gaze_x_degrees if x is None else x), (self.gaze_y_degrees if y is None else y)


# Which controls move which part; the head as a whole belongs to none but ALL.
CONTROLS_OF: dict[Part, frozenset[str]] = {
    Part.EYES: frozenset(field.name for field in fields(Adjustment) if "gaze" in field.name or "eye" in field.name),
    Part.LIPS: frozenset({"smile", "mouth_corner", "jaw_open"}),
    Part.BROWS: frozenset({"brow_raise"}),
}
CONTROLS_OF[Part.FACE] = frozenset({"facial_tension"}).union(*CONTROLS_OF.values())
CONTROLS_OF[Part.ALL] = frozenset(field.name for field in fields(Adjustment))
