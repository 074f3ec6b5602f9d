"""Lock: bring a face back to the proportions of a profile by one small warp.

The mesh is moulded to the wanted proportions and the picture follows it by a smooth flow, resampled once at full size;
where the outline of the face moves, what is behind it stays. The mesh network sees only a part of a small move, so the
result is measured, and what is missing is asked for again, of the source: never is a warped picture warped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.picture import Picture
from atelier_imaging.portrait import Portrait
from atelier_imaging.region import Region
from atelier_imaging.warp.backdrop import resample_person
from atelier_imaging.warp.grid import Grid
from atelier_imaging.warp.mesh import mesh_flow
from atelier_imaging.warp.resample import resample

from atelier_identity.mould import moulded
from atelier_identity.proportions import measure

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from atelier_imaging.face import Face
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.vips import Pixels
    from atelier_imaging.warp.flow import Flow

# A feature is changed by at most this share of the distance between the pupils, half of it on either side.
LARGEST_CHANGE: Final = 0.08
_ROUNDS: Final = 3
# What to ask of the mesh is settled on a picture reduced to this distance between the pupils, in pixels.
_SETTLING_INTEROCULAR: Final = 120.0
# Features whose change moves the outline of the face before what is behind it.
_OUTLINE: Final = frozenset({"jaw_width"})
# In distances between the pupils: how far beyond the face the flow fades, how wide the border is in which hair may hide
# that the person's mask does not know, how far beyond the mask pixels may change at all, and the step of the grid.
_REACH: Final = 0.5
_MARGIN: Final = 0.1
BORDER: Final = 0.2
_STEP: Final = 1 / 24


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be locked: the wanted value of each feature, the share of the way there, and what is left alone.

    `targets` and `tolerance` are in distances between the pupils, `strength` is 0..1.
    """

    targets: Mapping[str, float]
    strength: float = 1.0
    tolerance: float = 0.015


@dataclass(frozen=True, slots=True, eq=False)
class Locked:
    """A locked portrait, the face as it was measured there, and its proportions before and after, by feature.

    `changes` are those that were asked of the mesh in the end; `lowest_jacobian` above 0 says that nothing folded over;
    `notes` say in words what was held back. Where nothing had to be done the portrait is the source.
    """

    portrait: Portrait
    face: Face
    before: Mapping[str, float]
    after: Mapping[str, float]
    changes: Mapping[str, float]
    lowest_jacobian: float
    notes: tuple[str, ...]


def lock(
    portrait: Portrait, face: Face, wish: Wish, models: ModelRunner, check: Callable[[], None] = lambda: None
) -> Locked:
    """Bring a face of a portrait back to the wanted proportions; nothing but the face and its border changes.

    `check` is called now and then and may raise.
    """
    before = measure(face.mesh)
    wanted, notes = _wanted(before, wish)
    changes = _settled(*_reduced(portrait, face, models), wanted, models, check) if wanted else {}
    if changes:
        pixels, lowest = warped(portrait, face, changes, check)
        drawn = Portrait(portrait.picture.with_pixels(pixels), models)
        seen = _same_face(drawn, face)
        if seen is not None:
            return Locked(drawn, seen, before, measure(seen.mesh), changes, lowest, notes)
    if wanted:
        notes = (*notes, "No warp within the limits brings the measured proportions nearer; nothing was changed.")
    return Locked(portrait, face, before, before, {}, 1.0, notes)


def _settled(
    portrait: Portrait, face: Face, wanted: Mapping[str, float], models: ModelRunner, check: Callable[[], None]
) -> Mapping[str, float]:
    """Find the changes to ask of the mesh so that the wanted ones are measured; empty where none helps."""
    before = measure(face.mesh)
    best: Mapping[str, float] = {}
    least, changes = _size(wanted), wanted
    for _ in range(_ROUNDS):
        pixels, _lowest = warped(portrait, face, changes, check)
        seen = _same_face(Portrait(portrait.picture.with_pixels(pixels), models), face)
        if seen is None:
            break
        after = measure(seen.mesh)
        missing = {name: change - (after[name] - before[name]) for name, change in wanted.items()}
        if _size(missing) >= least:
            break
        best, least = changes, _size(missing)
        changes = {name: _bounded(changes[name] + missing[name]) for name in wanted}
    return best


def _reduced(portrait: Portrait, face: Face, models: ModelRunner) -> tuple[Portrait, Face]:
    """Reduce a portrait until its face has no more pixels than its mesh is fitted in."""
    scale = _SETTLING_INTEROCULAR / face.interocular_pixels
    if scale >= 1:
        return portrait, face
    height, width = portrait.picture.pixels.shape[:2]
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    own = portrait.picture.pixels
    pixels = np.asarray(cv2.resize(own, size, interpolation=cv2.INTER_AREA), own.dtype)
    ratio = np.array([size[0] / width, size[1] / height, scale], np.float32)
    small = Picture.from_array(pixels, portrait.picture.space)
    return Portrait(small, models), replace(
        face, mesh=face.mesh * ratio, interocular_pixels=face.interocular_pixels * scale
    )


def _wanted(before: Mapping[str, float], wish: Wish) -> tuple[dict[str, float], tuple[str, ...]]:
    """Return by how much each feature should change, and what is said of those that are held back."""
    wanted, notes = {}, []
    for name, target in wish.targets.items():
        away = target - before[name]
        if abs(away) <= wish.tolerance or wish.strength == 0:
            continue
        wanted[name] = wish.strength * _bounded(away)
        if abs(away) > LARGEST_CHANGE:
            notes.append(
                f"{name} is {abs(away):.3f} of the distance between the pupils away from the profile; "
                f"{LARGEST_CHANGE:g} is the most that is taken back."
            )
    return wanted, tuple(notes)


def _bounded(change: float) -> float:
    return float(np.clip(change, -LARGEST_CHANGE, LARGEST_CHANGE))


def _size(changes: Mapping[str, float]) -> float:
    """Return the root mean square of changes."""
    return float(np.sqrt(np.mean(np.square(list(changes.values())))))


def warped(
    portrait: Portrait, face: Face, changes: Mapping[str, float], check: Callable[[], None] = lambda: None
) -> tuple[Pixels, float]:
    """Draw the picture with the face moulded, each feature changed as asked, in distances between the pupils.

    Answer the pixels, and the lowest Jacobian of the flow, which is above 0 where nothing folds over.
    """
    flow = _flow(face, changes)
    lowest = float(flow.jacobian().min())
    pixels = portrait.picture.pixels
    if _OUTLINE.isdisjoint(changes):
        return resample(pixels, flow, check), lowest
    person = portrait.mask(Region.PERSON)
    return resample_person(pixels, flow, person, _MARGIN * face.interocular_pixels, check), lowest


def _flow(face: Face, changes: Mapping[str, float]) -> Flow:
    unit = face.interocular_pixels
    reach = _REACH * unit
    low, high = face.mesh[:, :2].min(axis=0) - 1.2 * reach, face.mesh[:, :2].max(axis=0) + 1.2 * reach
    grid = Grid.covering(float(low[0]), float(low[1]), float(high[0]), float(high[1]), max(1.0, _STEP * unit))
    return mesh_flow(face.mesh, moulded(face.mesh, changes), grid, reach)


def _same_face(portrait: Portrait, face: Face) -> Face | None:
    """Find the face of a result that lies where `face` lay; None where there is none any more."""
    middle = face.mesh[:, :2].mean(axis=0)
    near = [one for one in portrait.faces if one.box.contains(float(middle[0]), float(middle[1]))]
    return min(near, key=lambda one: float(np.linalg.norm(one.mesh - face.mesh)), default=None)
