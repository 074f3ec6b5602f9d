"""Adjust a portrait: plan the movement, draw it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region

from atelier_expression.controls import Adjustment
from atelier_expression.draw import draw
from atelier_expression.goal import CLOSED_MOUTH, Goal, goal
from atelier_expression.limits import needs_reenactment, require_reachable
from atelier_expression.reenact.head import turn_head
from atelier_expression.scene import Scene, scene
from atelier_expression.settle import settled
from atelier_expression.turn import Turn, turn_points, turned

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.picture import Picture
    from numpy.typing import NDArray

    from atelier_expression.movement import Movement
    from atelier_expression.reenact.parts import Parts
    from atelier_expression.wishes import Wish


# A mask above this is surely somebody; hair within this share of the face's width beyond belongs to them.
_SURELY: Final = 0.5
_WISPS: Final = 0.08
_SMALL: Final = 360


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """What will be done to a face: what was asked, what it means, how far everything goes, and what to say of it."""

    face: Face
    asked: Adjustment
    goal: Goal
    movement: Movement
    parameters: Mapping[str, object]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Adjusted:
    """The picture with its new expression, and the scene that it shows; None where nothing moved."""

    picture: Picture
    scene: Scene | None


def plan_adjustment(wish: Wish, portrait: Portrait, face: Face, models: ModelRunner) -> Plan:
    """Work out how a face of a portrait comes to what is asked.

    Raises what `require_reachable` and `models.infer` raise.
    """
    require_reachable(portrait, face, wish.asked)
    wanted = goal(face, wish.asked)
    warped = wish.asked.unturned if needs_reenactment(wish.asked) else wish.asked
    turns = bool(warped.pitch_degrees or warped.yaw_degrees or warped.roll_degrees)
    with ThreadPoolExecutor(1) as beside:
        # Whoever turns a head needs the person's mask next; it is found while the movement is settled.
        mask = beside.submit(portrait.mask, Region.PERSON) if turns else None
        movement = settled(portrait.picture.pixels, face, warped, models)
        if mask is not None:
            mask.result()
    parameters = {
        **_rounded(wish.asked),
        "expression": wish.name,
        "part": wish.part.value,
        "movement": asdict(movement),
    }
    return Plan(face, wish.asked, wanted, movement, parameters, tuple(_notes(wish, face, movement)))


def adjust(portrait: Portrait, plan: Plan, check: Callable[[], None] = lambda: None) -> Adjusted:
    """Draw a portrait with its face moved; a movement of nothing gives the picture itself.

    `check` is called now and then and may raise.
    """
    picture = portrait.picture
    if plan.asked.is_neutral:
        return Adjusted(picture, None)
    others = [other for other in portrait.faces if other.index != plan.face.index]
    person = own_person(portrait.mask(Region.PERSON), plan.face) if plan.movement.turn else None
    shown = scene(plan.face, plan.movement, (picture.width, picture.height), others, person)
    return Adjusted(picture.with_pixels(draw(picture.pixels, shown, person, check)), shown)


def reenact(
    portrait: Portrait, plan: Plan, parts: Parts, models: ModelRunner, check: Callable[[], None] = lambda: None
) -> Adjusted:
    """Draw a portrait with its face moved by the warp, and then its head turned by a reenactment network.

    Raises what `models.infer` raises.
    """
    turn = Turn(plan.asked.pitch_degrees, plan.asked.yaw_degrees, plan.asked.roll_degrees)
    picture, face = portrait.picture, plan.face
    shown = scene(face, plan.movement, (picture.width, picture.height))
    moved = picture.with_pixels(draw(picture.pixels, shown, None, check)) if plan.movement.deforms else picture
    turned_head = turn_head(Portrait.of_known(moved, portrait.faces, models), face, turn, parts, models, check)
    mesh = turn_points(shown.mesh, shown.frame, turned(shown.frame, turn))
    return Adjusted(turned_head, replace(shown, mesh=mesh, movement=replace(plan.movement, turn=turn)))


def own_person(person: NDArray[np.float32], face: Face) -> NDArray[np.float32]:
    """Leave of a mask of people (H, W), 0..1, only what hangs together with a face.

    Bright things in the background that the segmentation takes for people would move along otherwise.
    """
    scale = min(1.0, _SMALL / max(person.shape))
    size = (max(2, round(person.shape[1] * scale)), max(2, round(person.shape[0] * scale)))
    small = np.asarray(cv2.resize(person, size, interpolation=cv2.INTER_AREA), np.float32)
    _, labels = cv2.connectedComponents((small > _SURELY).astype(np.uint8))
    hull = np.zeros(labels.shape, np.uint8)
    points = cv2.convexHull(np.round(face.mesh[:, :2] * np.float32(scale)).astype(np.int32))
    cv2.fillConvexPoly(hull, points, (1,))
    own = np.isin(labels, np.unique(labels[(hull > 0) & (labels > 0)])) | (hull > 0)
    reach = max(1.0, _WISPS * float(np.ptp(face.mesh[:, 0])) * scale)
    near = cv2.distanceTransform((~own).astype(np.uint8), cv2.DIST_L2, 5) <= reach
    return person * np.asarray(cv2.resize(near.astype(np.float32), person.shape[::-1]), np.float32)


def _rounded(asked: Adjustment) -> dict[str, float]:
    """Return what is asked by name, without what an eye does not have of its own."""
    values = {field.name: getattr(asked, field.name) for field in fields(Adjustment)}
    return {name: round(value, 4) for name, value in values.items() if value is not None}


def _notes(wish: Wish, face: Face, movement: Movement) -> list[str]:
    """Say what is left out and what is done in part."""
    notes = []
    if wish.left_out:
        names = ", ".join(wish.left_out)
        notes.append(f"Only {wish.part.value} may move; left out: {names}.")
    closed = face.expression.mouth_open < CLOSED_MOUTH
    if closed and wish.asked.jaw_open > 0:
        notes.append("The mouth is closed and stays closed: what is inside is not in the picture.")
    if closed and wish.asked.smile > 0:
        notes.append("The mouth is closed: the smile is one of lips and cheeks, without teeth.")
    if movement.glasses and movement.deforms:
        notes.append("The glasses keep their shape: the skin around them moves less.")
    return notes
