"""What is measured of an adjusted portrait: that it is what was asked, and that the rest is what it was."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.measures import (
    Gate,
    Measure,
    judged,
    not_measurable,
    outside_mask_difference,
    texture_ratio,
)
from atelier_imaging.measures.texture import TEXTURE_RATIO
from atelier_imaging.region import Region
from atelier_imaging.warp.resample import sample

from atelier_expression.draw import LOOSE_HAIR
from atelier_expression.scene import SKIN_REACH
from atelier_expression.settle import readings

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

    from atelier_expression.adjust import Adjusted, Plan
    from atelier_expression.scene import Scene

POSE_ERROR: Final = Gate(maximum=2.0, fail_above=4.0)
GAZE_ERROR: Final = Gate(maximum=3.0, fail_above=6.0)
EXPRESSION_ERROR: Final = Gate(maximum=0.10, fail_above=0.25)
JACOBIAN: Final = Gate(minimum=0.0)
_POSE: Final = ("pitch_degrees", "yaw_degrees", "roll_degrees")
_GAZE: Final = ("left_x", "left_y", "right_x", "right_y")
_RATIOS: Final = ("left_eye_open", "right_eye_open", "smile", "mouth_open")
# The mask of what may change is made at this size at most.
_SMALL: Final = 448
_NOBODY: Final = 0.03
_PATCHES: Final = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)


def measure(portrait: Portrait, adjusted: Adjusted, plan: Plan, found: Face | None) -> tuple[Measure, ...]:
    """Measure an adjusted portrait against what was asked and against its source.

    `found` is the face measured anew on the result, None where none was found.
    """
    taken = list(_reached(plan, adjusted, found))
    if adjusted.scene is not None:
        least = float(adjusted.scene.flow.jacobian().min())
        text = f"The most compressed place keeps {100 * least:.0f} % of its area; below 0 it would be folded over."
        taken.append(judged("flow_jacobian", least, "ratio", JACOBIAN, text, Region.FACE))
        mask = may_change(portrait, adjusted.scene)
        taken.append(outside_mask_difference(portrait.picture.pixels, adjusted.picture.pixels, mask))
        taken += texture(portrait, adjusted, adjusted.scene)
    return tuple(taken)


def _reached(plan: Plan, adjusted: Adjusted, found: Face | None) -> list[Measure]:
    """Measure how far pose, gaze and expression ratios are from what was asked, where something was."""
    kinds = (
        ("pose_error", "degrees", POSE_ERROR, _POSE),
        ("gaze_error", "degrees", GAZE_ERROR, _GAZE),
        ("expression_error", "ratio", EXPRESSION_ERROR, _RATIOS),
    )
    if adjusted.scene is None:
        return []
    if found is None:
        why = "No face was found on the result."
        return [not_measurable(name, unit, gate, why, Region.FACE) for name, unit, gate, _ in kinds]
    read = readings(plan.face, found, adjusted.scene.mesh, plan.goal)
    measures = []
    for name, unit, gate, knobs in kinds:
        errors = {knob: error(plan.face, knob, *read[knob]) for knob in knobs if knob in read}
        if errors:
            worst = max(errors, key=lambda knob: errors[knob])
            asked, got = read[worst]
            text = f"{worst}: {asked:+.3g} was asked as a change, {got:+.3g} is measured."
            measures.append(judged(name, errors[worst], unit, gate, text, Region.FACE))
    return measures


def error(face: Face, knob: str, asked: float, read: float) -> float:
    """Return how far a reading is from what was asked: degrees for angles, a share of the ratio asked for otherwise."""
    if knob not in _RATIOS:
        return abs(read - asked)
    wanted = float(getattr(face.expression, knob)) + asked
    return abs(read - asked) / max(abs(wanted), 0.05)


def texture(portrait: Portrait, adjusted: Adjusted, scene: Scene) -> list[Measure]:
    """Measure how much of the skin's fine texture is left on patches that keep their place."""
    before, face = portrait.picture, scene.face
    if scene.movement.turn:
        why = "The head turned, and the patches show other skin than before."
        return [not_measurable("texture_ratio", "ratio", TEXTURE_RATIO, why, Region.SKIN)]
    return [
        texture_ratio(
            before.pixels,
            adjusted.picture.pixels,
            portrait.mask(region, face),
            before.space,
            face.interocular_pixels,
            region,
        )
        for region in _PATCHES
    ]


def may_change(portrait: Portrait, scene: Scene) -> NDArray[np.float32]:
    """Return the mask (H, W), 0 or 1, of what an adjustment may touch, with some room.

    That is the face with the skin around it and, where the head turns, the person, before and after.
    """
    height, width = portrait.picture.pixels.shape[:2]
    scale = min(1.0, _SMALL / max(height, width))
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    ratio = np.array([size[0] / width, size[1] / height], np.float32)
    mask = np.zeros(size[::-1], np.uint8)
    points = np.concatenate([scene.face.mesh[:, :2], scene.mesh[:, :2]]) * ratio
    cv2.fillConvexPoly(mask, cv2.convexHull(np.round(points).astype(np.int32)), (1,))
    mask = _grown(mask, SKIN_REACH * scene.frame.scale * scale)
    if scene.movement.turn:
        person = np.asarray(cv2.resize(portrait.mask(Region.PERSON), size, interpolation=cv2.INTER_AREA), np.float32)
        x, y = ((np.arange(count) + 0.5) / share for count, share in zip(size, ratio, strict=True))
        nodes = np.stack(np.meshgrid(x, y), axis=-1).astype(np.float32)
        places = np.asarray((nodes + scene.flow.offsets_at(nodes)) * ratio - 0.5, np.float32)
        moved = sample(person, places, cv2.INTER_LINEAR)
        mask |= _grown(
            (np.maximum(person, moved) > _NOBODY).astype(np.uint8), 3 * LOOSE_HAIR * scene.frame.scale * scale
        )
    return np.asarray(cv2.resize(mask, (width, height), interpolation=cv2.INTER_NEAREST), np.float32)


def _grown(mask: NDArray[np.uint8], distance: float) -> NDArray[np.uint8]:
    """Grow a mask by a distance in its pixels and two more."""
    return np.asarray(cv2.distanceTransform(1 - mask, cv2.DIST_L2, 5) <= distance + 2, np.uint8)
