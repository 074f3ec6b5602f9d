"""From what is asked to how far the parts of this face go, as geometry: nothing here looks at a pixel."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.gaze import WIDTH_OVER_RADIUS
from atelier_imaging.topology import FACE_POINTS, LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS

from atelier_expression import fields, lids
from atelier_expression.glasses import rigid_share
from atelier_expression.turn import Turn

if TYPE_CHECKING:
    from atelier_imaging.face import Face, Gaze
    from atelier_imaging.pose import HeadFrame
    from numpy.typing import NDArray

    Points = NDArray[np.float32]

_CORNERS: Final = (LEFT_EYE_CORNERS, RIGHT_EYE_CORNERS)
# When an eye looks up or down, its lids go along by these shares of the iris's way.
_UPPER_LID_FOLLOWS: Final = 0.45
_LOWER_LID_FOLLOWS: Final = 0.25
# Beyond these degrees from straight ahead an iris would leave the opening of its lids.
_MOST_X: Final = 38.0
_MOST_Y: Final = 26.0
_STILL: Final = Turn()


@dataclass(frozen=True, slots=True)
class EyeMovement:
    """How far one eye turns, in degrees relative to the head, and what its opening is multiplied by."""

    x_degrees: float = 0.0
    y_degrees: float = 0.0
    opening: float = 1.0

    def __bool__(self) -> bool:
        """Tell whether it moves anything."""
        return bool(self.x_degrees or self.y_degrees or self.opening != 1.0)


@dataclass(frozen=True, slots=True)
class Movement:
    """How far everything goes: angles in degrees, the others in multiples of what the functions of `fields` return.

    With `glasses` the skin behind them moves only as far as it does not bend them.
    """

    turn: Turn = _STILL
    left: EyeMovement = EyeMovement()
    right: EyeMovement = EyeMovement()
    smile: float = 0.0
    corners: float = 0.0
    brows: float = 0.0
    tension: float = 0.0
    jaw: float = 0.0
    glasses: bool = False

    @property
    def eyes(self) -> tuple[EyeMovement, EyeMovement]:
        """Return the subject's left and right eye's."""
        return self.left, self.right

    @property
    def deforms(self) -> bool:
        """Tell whether the face itself changes its shape."""
        return bool(self.smile or self.corners or self.brows or self.tension or self.jaw or self.left or self.right)


def displaced(face: Face, frame: HeadFrame, movement: Movement) -> Points:
    """Return the face's mesh (468, 3), in pixels, after everything but the turn of the head."""
    head = frame.to_head(face.mesh)[:FACE_POINTS].astype(np.float32)
    field = np.zeros_like(head)
    for amount, of in (
        (movement.smile, fields.smile),
        (movement.corners, fields.corners),
        (movement.brows, fields.brows),
        (movement.tension, fields.tension),
        (movement.jaw, fields.jaw),
    ):
        if amount:
            field += np.float32(amount) * of(head)
    field = fields.lips_stay_apart(head, fields.closed_stays_closed(field, face.expression.mouth_open))
    if movement.glasses:
        field *= rigid_share(head)[:, None]
    for eye, gaze, wanted in zip(lids.eyes(head), gazes(face), movement.eyes, strict=True):
        if wanted:
            _, up = iris_way(gaze, wanted)
            field += eye.opened(wanted.opening) + eye.followed(_UPPER_LID_FOLLOWS * up, _LOWER_LID_FOLLOWS * up)
    moved = frame.scale * field @ frame.rotation.T * (1, -1, 1)
    return np.asarray(face.mesh[:FACE_POINTS] + moved, np.float32)


def iris_shifts(face: Face, frame: HeadFrame, movement: Movement) -> tuple[Points, Points]:
    """Return how far each iris, the left one first, slides in the picture before the head turns: (2,) pixels each."""
    head = frame.to_head(face.mesh)
    shifts = []
    for (outer, inner), gaze, wanted in zip(_CORNERS, gazes(face), movement.eyes, strict=True):
        width = float(np.linalg.norm(head[outer, :2] - head[inner, :2]))
        way = frame.rotation @ np.array([*iris_way(gaze, wanted), 0.0]) * width * frame.scale
        shifts.append(np.array([way[0], -way[1]], np.float32))
    return shifts[0], shifts[1]


def iris_way(gaze: Gaze, wanted: EyeMovement) -> tuple[float, float]:
    """Return how far an iris slides to the picture's right and up when its eye turns, over the eye's width."""
    ways = []
    for own, turn, most in ((gaze.x_degrees, wanted.x_degrees, _MOST_X), (gaze.y_degrees, wanted.y_degrees, _MOST_Y)):
        limit = max(most, abs(own))
        ways.append(np.sin(np.radians(np.clip(own + turn, -limit, limit))) - np.sin(np.radians(own)))
    return float(ways[0]) / WIDTH_OVER_RADIUS, float(ways[1]) / WIDTH_OVER_RADIUS


def gazes(face: Face) -> tuple[Gaze, Gaze]:
    """Return the gaze of the subject's left and right eye."""
    return face.left_gaze, face.right_gaze
