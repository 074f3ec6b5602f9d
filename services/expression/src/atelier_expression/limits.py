"""What a request may ask of this face: refusals before any work, all at once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import EyesClosedError, FieldViolation, PoseTooExtremeError

from atelier_expression.closed import is_closed

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait

    from atelier_expression.controls import Adjustment

# Pupils closer than this, in pixels, leave an eye fewer than a dozen.
MIN_INTEROCULAR_PIXELS: Final = 32.0
# How far a head may be turned as it is; its mesh holds until there.
MAX_YAW_DEGREES, MAX_PITCH_DEGREES = 35.0, 30.0
# How far head and gaze may be turned afterwards.
FURTHEST: Final = {
    "yaw_degrees": 32.0,
    "pitch_degrees": 25.0,
    "roll_degrees": 35.0,
    "gaze_x_degrees": 38.0,
    "gaze_y_degrees": 26.0,
}
# Beyond this a warp shows a side of the head that the picture does not have.
MAX_WARPED_YAW_DEGREES: Final = 15.0


def require_reachable(portrait: Portrait, face: Face, asked: Adjustment) -> None:
    """Refuse what cannot be shown of a face.

    Raises FaceTooSmallError, PoseTooExtremeError and EyesClosedError, each naming every limit that is passed.
    """
    portrait.require_face(
        face,
        min_interocular_pixels=MIN_INTEROCULAR_PIXELS,
        max_yaw_degrees=MAX_YAW_DEGREES,
        max_pitch_degrees=MAX_PITCH_DEGREES,
    )
    _require_pose(face, asked)
    _require_open_eyes(portrait, face, asked)


def needs_reenactment(asked: Adjustment) -> bool:
    """Tell whether a turn shows a side of the head that the picture does not have."""
    return abs(asked.yaw_degrees) > MAX_WARPED_YAW_DEGREES


def _require_pose(face: Face, asked: Adjustment) -> None:
    now = {
        "yaw_degrees": face.pose.yaw_degrees,
        "pitch_degrees": face.pose.pitch_degrees,
        "roll_degrees": face.pose.roll_degrees,
        "gaze_x_degrees": face.gaze.x_degrees,
        "gaze_y_degrees": face.gaze.y_degrees,
    }
    violations: list[FieldViolation] = []
    metadata: dict[str, str] = {}
    for name, limit in FURTHEST.items():
        turn = getattr(asked, name)
        after = now[name] + turn
        # Turning back towards the lens is welcome, wherever it begins.
        if turn and abs(after) > limit and abs(after) > abs(now[name]):
            what = name.removesuffix("_degrees").replace("_", " ")
            violations.append(
                FieldViolation(
                    f"adjustment.{name}",
                    f"{what} is {now[name]:+.1f}° and would be {after:+.1f}°; at most {limit:g}° can be served",
                )
            )
            metadata |= {"measure": name, "limit": f"{limit:g}", "measured": f"{now[name]:.1f}", "asked": f"{turn:g}"}
    if violations:
        raise PoseTooExtremeError(
            "; ".join(violation.description for violation in violations),
            metadata=metadata,
            violations=tuple(violations),
        )


def _require_open_eyes(portrait: Portrait, face: Face, asked: Adjustment) -> None:
    looks = bool(asked.gaze_x_degrees or asked.gaze_y_degrees)
    violations = []
    for side, name in enumerate(("left", "right")):
        opens = getattr(asked, f"{name}_eye_open") > 0
        if (opens or looks) and is_closed(portrait.picture.pixels, face, side):
            field = f"adjustment.{name}_eye_open" if opens else "adjustment.gaze_x_degrees"
            violations.append(FieldViolation(field, f"the {name} eye is closed; nothing of it can be shown"))
    if violations:
        raise EyesClosedError(
            "; ".join(violation.description for violation in violations),
            metadata={"eyes": str(len(violations))},
            violations=tuple(violations),
        )
