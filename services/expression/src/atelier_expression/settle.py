"""How far the geometry must go so that the result measures what was asked: drawn small, measured, corrected.

The networks that measure a face do not read back all that a warp turns: they know faces, and hold on to what hair, ears
and shading tell. How much they hold on is much the same for everybody (`GAINS`); what is left is found for each face by
a look at a small drawing of the result. Nothing here is left to chance: the same request ends at the same place.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.analysis import follow
from atelier_imaging.face import Box
from atelier_imaging.gaze import eye_gazes
from atelier_imaging.pose import head_frame
from atelier_imaging.topology import FACE_POINTS

from atelier_expression.draw import draw
from atelier_expression.fields import JAW_RATIO
from atelier_expression.glasses import wears_glasses
from atelier_expression.goal import Goal, goal
from atelier_expression.movement import EyeMovement, Movement
from atelier_expression.scene import scene
from atelier_expression.turn import Turn

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.face import Face, Gaze
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_expression.controls import Adjustment

# What of each control the geometry does per unit that is to be measured: the median over portraits.
GAINS: Final[Mapping[str, float]] = {
    "pitch_degrees": 1.4,
    "yaw_degrees": 1.4,
    "roll_degrees": 1.0,
    "left_x": 1.12,
    "left_y": 1.3,
    "right_x": 1.12,
    "right_y": 1.3,
    "left_eye_open": 1.15,
    "right_eye_open": 1.15,
    "smile": 1.15,
    "mouth_open": 1.4,
}
# What of the measured ratio a smile of 1 in the geometry lifts, and the least that lids leave open.
_SMILE_READ: Final = 0.045
_CLOSED: Final = 0.02
# A face's own factor beside the median stays within these bounds: what reads otherwise is read wrongly.
_BOUNDS: Final = (0.65, 1.4)
_EYE_BOUNDS: Final = (0.75, 1.25)
_EYES: Final = frozenset({"left_x", "left_y", "right_x", "right_y", "left_eye_open", "right_eye_open"})
# What reads within this share of what is wanted needs no correction; within the larger one, no second look.
_CLOSE: Final = 0.05
_NEAR: Final = 0.12
# One look changes a factor by this at most.
_STEP: Final = 1.5
# How wide the face is in the small drawing, in pixels, and how much around it is drawn, in faces.
_WIDTH: Final = 150.0
_AROUND: Final = 0.45
_NODES: Final = 32


@dataclass(frozen=True, slots=True, eq=False)
class Preview:
    """A small cut-out of the picture and the face in its pixels."""

    pixels: Pixels
    face: Face


def settled(pixels: Pixels, face: Face, asked: Adjustment, models: ModelRunner, looks: int = 2) -> Movement:
    """Return the movement by which a face of pixels (H, W, 3) comes to measure what is asked, glasses kept in shape.

    `looks` is how often at most a small drawing of it is measured and the movement corrected: no further than until
    everything reads close to what is wanted. Raises what `models.infer` raises.
    """
    wanted = goal(face, asked)
    factors = dict.fromkeys(GAINS, 1.0)
    small = preview(pixels, face)
    glasses = wears_glasses(small.pixels, small.face)
    result = replace(movement(face, asked, wanted, factors), glasses=glasses)
    size = (small.pixels.shape[1], small.pixels.shape[0])
    for _ in range(looks if wanted != Goal() else 0):
        moved = scene(small.face, result, size, nodes=_NODES)
        found = follow(draw(small.pixels, moved, kernel=cv2.INTER_CUBIC), moved.mesh, models)
        if found is None:
            return result
        read = readings(small.face, found, moved.mesh, wanted)
        if _within(_CLOSE, read):
            return result
        _correct(factors, read)
        result = replace(movement(face, asked, wanted, factors), glasses=glasses)
        if _within(_NEAR, read):
            return result
    return result


def movement(face: Face, asked: Adjustment, wanted: Goal, factors: Mapping[str, float]) -> Movement:
    """Return the geometry for a goal, each part `factors` times what it takes on the median face."""

    def part(name: str, amount: float | None) -> float:
        return (amount or 0.0) * GAINS[name] * factors[name]

    own = face.expression
    smile = 0.0 if wanted.smile is None else (wanted.smile - own.smile) / _SMILE_READ
    jaw = 0.0 if wanted.mouth_open is None else (wanted.mouth_open - own.mouth_open) / JAW_RATIO
    eyes = []
    for side, ratio, was in (
        ("left", wanted.left_eye_open, own.left_eye_open),
        ("right", wanted.right_eye_open, own.right_eye_open),
    ):
        change = 0.0 if ratio is None else part(f"{side}_eye_open", ratio / max(was, 1e-3) - 1)
        x, y = (part(f"{side}_{axis}", getattr(wanted, f"{side}_{axis}_degrees")) for axis in "xy")
        eyes.append(EyeMovement(x, y, max(1 + change, _CLOSED)))
    return Movement(
        turn=Turn(*(part(name, getattr(wanted, name)) for name in ("pitch_degrees", "yaw_degrees", "roll_degrees"))),
        left=eyes[0],
        right=eyes[1],
        smile=part("smile", smile),
        corners=asked.mouth_corner,
        brows=asked.brow_raise,
        tension=asked.facial_tension,
        jaw=part("mouth_open", jaw),
    )


def preview(pixels: Pixels, face: Face) -> Preview:
    """Cut a face with its surroundings out and reduce it; small faces keep their size."""
    reach = _AROUND * max(face.box.width, face.box.height)
    left, top = max(0, int(face.box.left - reach)), max(0, int(face.box.top - reach))
    right = min(pixels.shape[1], int(face.box.left + face.box.width + reach) + 1)
    bottom = min(pixels.shape[0], int(face.box.top + face.box.height + reach) + 1)
    scale = min(1.0, _WIDTH / max(face.box.width, 1.0))
    size = (max(2, round((right - left) * scale)), max(2, round((bottom - top) * scale)))
    small = cv2.resize(pixels[top:bottom, left:right], size, interpolation=cv2.INTER_AREA)
    x, y = size[0] / (right - left), size[1] / (bottom - top)
    mesh = np.asarray((face.mesh - (left, top, 0)) * (x, y, (x + y) / 2), np.float32)
    box = Box((face.box.left - left) * x, (face.box.top - top) * y, face.box.width * x, face.box.height * y)
    return Preview(np.asarray(small, pixels.dtype), replace(face, mesh=mesh, box=box))


def gazes_read(found: Face, mesh: NDArray[np.float32]) -> tuple[Gaze, Gaze]:
    """Return the gaze of both eyes, read of the irises of a face that was found and the corners of `mesh` (478, 3).

    A gaze moves no corner. The iris network, which has hardly seen eyes that look away, moves the corners along by half
    of the way and would read half a gaze; `mesh` says where they are, because nothing but the head's turn moves them.
    """
    irises = mesh.copy()
    irises[FACE_POINTS:, :2] = found.mesh[FACE_POINTS:, :2]
    return eye_gazes(irises, head_frame(mesh))


def readings(face: Face, found: Face, mesh: NDArray[np.float32], wanted: Goal) -> dict[str, tuple[float, float]]:
    """Return for each knob what was wanted and what is read, both as changes from the face as it was.

    `found` is the face measured on the result, `mesh` where its points are to be.
    """
    own, now = face.expression, found.expression
    left, right = gazes_read(found, mesh)
    pairs: dict[str, tuple[float | None, float]] = {
        "pitch_degrees": (wanted.pitch_degrees, found.pose.pitch_degrees - face.pose.pitch_degrees),
        "yaw_degrees": (wanted.yaw_degrees, found.pose.yaw_degrees - face.pose.yaw_degrees),
        "roll_degrees": (wanted.roll_degrees, found.pose.roll_degrees - face.pose.roll_degrees),
        "left_x": (wanted.left_x_degrees, left.x_degrees - face.left_gaze.x_degrees),
        "left_y": (wanted.left_y_degrees, left.y_degrees - face.left_gaze.y_degrees),
        "right_x": (wanted.right_x_degrees, right.x_degrees - face.right_gaze.x_degrees),
        "right_y": (wanted.right_y_degrees, right.y_degrees - face.right_gaze.y_degrees),
        "left_eye_open": (_change(wanted.left_eye_open, own.left_eye_open), now.left_eye_open - own.left_eye_open),
        "right_eye_open": (_change(wanted.right_eye_open, own.right_eye_open), now.right_eye_open - own.right_eye_open),
        "smile": (_change(wanted.smile, own.smile), now.smile - own.smile),
        "mouth_open": (_change(wanted.mouth_open, own.mouth_open), now.mouth_open - own.mouth_open),
    }
    return {name: (asked, read) for name, (asked, read) in pairs.items() if asked is not None}


def _within(share: float, read_back: Mapping[str, tuple[float, float]]) -> bool:
    return all(abs(read - asked) <= share * abs(asked) for asked, read in read_back.values())


def _correct(factors: dict[str, float], read_back: Mapping[str, tuple[float, float]]) -> None:
    for name, (asked, read) in read_back.items():
        ratio = asked / read if asked * read > 0 else _STEP
        least, most = _EYE_BOUNDS if name in _EYES else _BOUNDS
        factors[name] = min(max(factors[name] * min(max(ratio, 1 / _STEP), _STEP), least), most)


def _change(ratio: float | None, own: float) -> float | None:
    return None if ratio is None or ratio == own else ratio - own
