"""Which faces can be edited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from atelier_sdk.errors import FaceTooSmallError, FieldViolation, NoFaceError, PoseTooExtremeError

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait

# Below this an eye is a handful of pixels and skin has no texture; beyond these angles half a face is hidden.
MIN_INTEROCULAR_PIXELS: Final = 20.0
MAX_YAW_DEGREES: Final = 45.0
MAX_PITCH_DEGREES: Final = 45.0


def editable_face(portrait: Portrait, face: Face | None = None, field: str = "image") -> Face:
    """Return the face, the largest where None, if it can be edited; `field` names the picture in errors.

    Raises NoFaceError, FaceTooSmallError and PoseTooExtremeError.
    """
    try:
        return portrait.require_face(
            face,
            min_interocular_pixels=MIN_INTEROCULAR_PIXELS,
            max_yaw_degrees=MAX_YAW_DEGREES,
            max_pitch_degrees=MAX_PITCH_DEGREES,
        )
    except (NoFaceError, FaceTooSmallError, PoseTooExtremeError) as error:
        error.metadata["image"] = field
        error.violations += (FieldViolation(field, error.message),)
        raise
