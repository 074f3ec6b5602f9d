"""What a caller asks of expression, gaze and pose, as a value, and its message on the wire."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from atelier.v1 import expression_pb2, face_pb2

from atelier_client.parameters import given, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

PartName: TypeAlias = Literal["face", "eyes", "lips", "brows"]

_PARTS: Mapping[str, int] = {
    "face": face_pb2.REGION_FACE,
    "eyes": face_pb2.REGION_EYES,
    "lips": face_pb2.REGION_LIPS,
    "brows": face_pb2.REGION_BROWS,
}
# Where a slider of -50..50 ends, in each control that it moves.
_SLIDER = 50.0
_LOWEST_SMILE = -0.3
_FURTHEST_GAZE, _FURTHEST_YAW = 30.0, 15.0


@dataclass(frozen=True, slots=True)
class Adjustment:
    """A change of expression, gaze and pose, relative to the portrait as it is; what is left out stays.

    `expression` is the name of one; controls given beside it go before its own. Angles are in degrees, to the subject's
    left and upwards: `pitch_degrees`, `roll_degrees` -15..15, `yaw_degrees` -15..15 (-25..25 with a reenactment
    network), `gaze_x_degrees` -30..30, `gaze_y_degrees` -20..20. `smile` is -0.3..1.3, the others -1..1. `region` is
    the only part that may move.
    """

    expression: str = ""
    pitch_degrees: float | None = None
    yaw_degrees: float | None = None
    roll_degrees: float | None = None
    gaze_x_degrees: float | None = None
    gaze_y_degrees: float | None = None
    left_gaze_x_degrees: float | None = None
    left_gaze_y_degrees: float | None = None
    right_gaze_x_degrees: float | None = None
    right_gaze_y_degrees: float | None = None
    smile: float | None = None
    eye_open: float | None = None
    left_eye_open: float | None = None
    right_eye_open: float | None = None
    brow_raise: float | None = None
    mouth_corner: float | None = None
    facial_tension: float | None = None
    jaw_open: float | None = None
    region: PartName | None = None

    @classmethod
    def from_sliders(
        cls,
        *,
        happiness: float = 0.0,
        surprise: float = 0.0,
        anger: float = 0.0,
        gaze: float = 0.0,
        head_direction: float = 0.0,
    ) -> Adjustment:
        """Read sliders of -50 to 50, as Photoshop's Smart Portrait has them; 0 leaves a control out.

        Gaze and head direction above 0 turn to the subject's left. Errors: ValueError beyond the sliders' ends.
        """
        sliders = {
            "happiness": happiness,
            "surprise": surprise,
            "anger": anger,
            "gaze": gaze,
            "head_direction": head_direction,
        }
        for name, value in sliders.items():
            if abs(value) > _SLIDER:
                raise ValueError(f"{name} is -50 to 50, not {value:g}")
        share = {name: value / _SLIDER for name, value in sliders.items()}
        return cls(
            smile=max(share["happiness"], _LOWEST_SMILE) or None,
            brow_raise=share["surprise"] or None,
            eye_open=share["surprise"] or None,
            facial_tension=share["anger"] or None,
            gaze_x_degrees=_FURTHEST_GAZE * share["gaze"] or None,
            yaw_degrees=_FURTHEST_YAW * share["head_direction"] or None,
        )

    def message(self) -> expression_pb2.ExpressionAdjustment:
        """Make the message."""
        fields = asdict(self) | {
            "region": value_of(_PARTS, self.region, "region"),
            "expression": self.expression or None,
        }
        return expression_pb2.ExpressionAdjustment(**given(**fields))

    @property
    def is_empty(self) -> bool:
        """Tell whether nothing is asked for."""
        return self.message().ByteSize() == 0
