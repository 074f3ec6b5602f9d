"""Why a face cannot be served: the errors, with the limit and what was measured."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_sdk.errors import FaceTooSmallError, FailedPreconditionError, NoFaceError, PoseTooExtremeError

if TYPE_CHECKING:
    from atelier_imaging.detector import Detection

# Below this distance of the eyes no network of ours can measure a face.
_MEASURABLE_INTEROCULAR_PIXELS: Final = 10.0
# How far the nose stands before the eyes, over the distance of the pupils, in a mean face.
_NOSE_DEPTH: Final = 0.6
_TURNED_AWAY_DEGREES: Final = 40.0


def too_small(measured: float, limit: float) -> FaceTooSmallError:
    """Say that a face has too few pixels: the distance of the pupils and what is needed."""
    return FaceTooSmallError(
        f"The pupils are {measured:.1f} pixels apart; {limit:g} are needed.",
        metadata={"measure": "interocular_pixels", "limit": f"{limit:g}", "measured": f"{measured:.1f}"},
    )


def too_extreme(measure: str, measured: float, limit: float) -> PoseTooExtremeError:
    """Say that a head is turned too far; `measure` is `yaw_degrees` or `pitch_degrees`."""
    turned = "turned" if measure == "yaw_degrees" else "pitched"
    return PoseTooExtremeError(
        f"The head is {turned} by {measured:.0f} degrees; up to {limit:g} can be served.",
        metadata={"measure": measure, "limit": f"{limit:g}", "measured": f"{measured:.1f}"},
    )


def nothing_measured(unmeasured: tuple[Detection, ...]) -> FailedPreconditionError:
    """Say why no face of a picture could be measured: none there, too small, or turned away."""
    if not unmeasured:
        return NoFaceError("No face was found in the picture.")
    largest = unmeasured[0]
    eyes = float(np.linalg.norm(largest.keypoints[1] - largest.keypoints[0]))
    yaw = rough_yaw_degrees(largest)
    if abs(yaw) >= _TURNED_AWAY_DEGREES:
        return too_extreme("yaw_degrees", yaw, _TURNED_AWAY_DEGREES)
    if eyes < _MEASURABLE_INTEROCULAR_PIXELS:
        return too_small(eyes, _MEASURABLE_INTEROCULAR_PIXELS)
    return NoFaceError("Something like a face was found, and it is too covered or unclear to be measured.")


def rough_yaw_degrees(detection: Detection) -> float:
    """Estimate a detected head's yaw from the nose's place between the eyes; positive to the subject's left."""
    right, left, nose = detection.keypoints[:3]
    along = left - right
    width = float(np.linalg.norm(along))
    direction = along / max(width, 1e-6)
    offset = float((nose - (right + left) / 2) @ direction)
    return math.degrees(math.atan2(offset, _NOSE_DEPTH * max(width, 1e-6)))
