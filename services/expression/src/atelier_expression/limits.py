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
}
FURTHEST_GAZE: Final = (38.0, 26.0)
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
    """Raise PoseTooExtremeError unless head and eyes stay within what can be served; turning back always does."""
    turns = [
        (name, getattr(face.pose, name), getattr(asked, name), limit, f"adjustment.{name}")
        for name, limit in FURTHEST.items()
    ]
    for side, (eye, gaze) in enumerate((("left", face.left_gaze), ("right", face.right_gaze))):
        for axis, turn, limit in zip("xy", asked.gaze(side), FURTHEST_GAZE, strict=True):
            own = getattr(asked, f"{eye}_gaze_{axis}_degrees") is not None
            field = f"adjustment.{eye}_gaze_{axis}_degrees" if own else f"adjustment.gaze_{axis}_degrees"
            turns.append((f"{eye}_gaze_{axis}_degrees", getattr(gaze, f"{axis}_degrees"), turn, limit, field))
    far = [each for each in turns if each[2] and abs(each[1] + each[2]) > max(each[3], abs(each[1]))]
    if not far:
        return
    sentences = [
        f"{name.removesuffix('_degrees').replace('_', ' ')} is {now:+.1f}° and would be {now + turn:+.1f}°; at most "
        f"{limit:g}° can be served"
        for name, now, turn, limit, _ in far
    ]
    name, now, turn, limit, _ = far[0]
    raise PoseTooExtremeError(
        "; ".join(sentences),
        metadata={"measure": name, "limit": f"{limit:g}", "measured": f"{now:.1f}", "asked": f"{turn:g}"},
        violations=tuple(FieldViolation(each[4], text) for each, text in zip(far, sentences, strict=True)),
    )


def _require_open_eyes(portrait: Portrait, face: Face, asked: Adjustment) -> None:
    violations = []
    for side, name in enumerate(("left", "right")):
        opens = getattr(asked, f"{name}_eye_open") > 0
        if (opens or any(asked.gaze(side))) and is_closed(portrait.picture.pixels, face, side):
            field = f"adjustment.{name}_eye_open" if opens else "adjustment.gaze_x_degrees"
            violations.append(FieldViolation(field, f"the {name} eye is closed; nothing of it can be shown"))
    if violations:
        raise EyesClosedError(
            "; ".join(violation.description for violation in violations),
            metadata={"eyes": str(len(violations))},
            violations=tuple(violations),
        )
