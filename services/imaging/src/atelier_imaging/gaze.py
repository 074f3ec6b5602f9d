"""Where an eye looks, from the place of its iris between the eye corners.

The eyeball turns about its middle, so the iris moves by `radius * sin(angle)`. Seen in the head's own frame, its
distance from the corners' middle over the eye's width times `WIDTH_OVER_RADIUS` is the sine of the angle. An eye is
about 30 mm wide and its iris circles about 11 mm around the eyeball's middle: 2.7. Portraits agree: over 759 people who
look into the lens while their heads are turned, the iris moves against the yaw with a factor of 2.5 to 3.0
(`docs/adr/0026`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.face import Gaze
from atelier_imaging.topology import LEFT_EYE_CORNERS, LEFT_IRIS, RIGHT_EYE_CORNERS, RIGHT_IRIS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_imaging.pose import HeadFrame

WIDTH_OVER_RADIUS: Final = 2.7
# Where the iris of an eye that looks straight ahead is, over the eye's width: outwards and above the corners' middle.
_REST_OUTWARDS: Final = 0.055
_REST_UPWARDS: Final = 0.072


def eye_gazes(mesh: NDArray[np.float32], frame: HeadFrame) -> tuple[Gaze, Gaze]:
    """Return the gaze of the subject's left and right eye, relative to the head, from a mesh (478, 3)."""
    head = frame.to_head(mesh)
    left = _gaze(head, LEFT_EYE_CORNERS, LEFT_IRIS[0], _REST_OUTWARDS)
    right = _gaze(head, RIGHT_EYE_CORNERS, RIGHT_IRIS[0], -_REST_OUTWARDS)
    return left, right


def _gaze(head: NDArray[np.float64], corners: tuple[int, int], iris: int, rest: float) -> Gaze:
    outer, inner = head[corners[0], :2], head[corners[1], :2]
    width = max(float(np.linalg.norm(outer - inner)), 1e-6)
    place = (head[iris, :2] - (outer + inner) / 2) / width - (rest, _REST_UPWARDS)
    x, y = np.degrees(np.arcsin(np.clip(place * WIDTH_OVER_RADIUS, -1.0, 1.0)))
    return Gaze(float(x), float(y))
