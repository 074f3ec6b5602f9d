"""From what is asked of a light to what a picture is multiplied by."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import luminance, luminance_weights

from atelier_edit.form.field import spread
from atelier_edit.light.aim import Skin
from atelier_edit.light.background import background_gain, background_grey
from atelier_edit.light.catchlights import Catchlight, Eye, catchlight_of, eyes_of
from atelier_edit.light.contrast import ratio_of, skin_nodes
from atelier_edit.light.estimate import SourceLight, estimate
from atelier_edit.light.finish import DEFAULT_FINISH, FINISHES
from atelier_edit.light.gains import Gains, lost_color, of_strength, person_gain, skin_color_of, without_color
from atelier_edit.light.illumination import illuminate
from atelier_edit.relight_ask import RelightAsk, Side, check_ask
from atelier_edit.relight_target import Target, read_form, target_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atelier_imaging.color import ColorSpace
    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.rig import Rig

__all__ = ["RelightAsk", "RelightPlan", "RelightRecipe", "Side", "plan_relight"]

# What lies beside an edge lies within this many pupil distances.
_BESIDE: Final = 0.12
# Log light between mirrored points that no single lamp explains, from which on it is a shadow that people see.
_HARD: Final = 0.33
# Surfaces of this brightness and more mirror in full.
_SHINES_IN_FULL: Final = 0.4
# The texture that highlights keep is what differs from the skin around, at this share of the pupils' distance.
_TEXTURE: Final = 0.06


@dataclass(frozen=True, slots=True, eq=False)
class RelightRecipe:
    """What is done to the picture: factors on a form's grid, and what it was before.

    `base` (h, w) is the picture's brightness without its fine texture, `albedo` (h, w) that without its light,
    `contrast` (h, w) how much brighter the person is than the background beside it.
    """

    form: Form
    source: SourceLight
    target: Rig
    gains: Gains
    base: NDArray[np.float32]
    albedo: NDArray[np.float32]
    contrast: NDArray[np.float32]
    is_rembrandt: bool
    preserve_detail: float
    strength: float
    eyes: tuple[Eye, ...]
    catchlight: Catchlight | None


@dataclass(frozen=True, slots=True, eq=False)
class RelightPlan:
    """A light ready to be thrown, its effective parameters, and sentences for people.

    `recipe` is None where nothing changes.
    """

    recipe: RelightRecipe | None
    parameters: Mapping[str, object]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Seen:
    """What a picture shows: a face, its form, the light (h, w, 3) on the form's grid, and where that comes from."""

    face: Face
    form: Form
    light: NDArray[np.float32]
    source: SourceLight
    space: ColorSpace
    was_grey: bool


def plan_relight(ask: RelightAsk, portrait: Portrait, face: Face) -> RelightPlan:
    """Work out a light for the person whose face it is.

    Raises PresetUnknownError and FieldOutOfRangeError, each with all violations, and the face errors of a reference.
    """
    check_ask(ask)
    form, light = read_form(portrait, face)
    source = estimate(form, luminance(light, portrait.picture.space))
    told: dict[str, object] = {
        "source": _told(source.rig, source.explained, form) | {"confidence": round(source.confidence, 2)}
    }
    if ask.is_neutral:
        return RelightPlan(None, told | {"strength": ask.strength}, ())
    notes = list(_remarks(source))
    skin = Skin(light[skin_nodes(form)].mean(axis=0), portrait.picture.space)
    target = target_of(ask, face, form, source, skin)
    picture = portrait.picture
    recipe = _recipe(ask, _Seen(face, form, light, source, picture.space, picture.source.was_grey), target, notes)
    told |= {"target": target.rig.parameters, "finish": ask.finish or DEFAULT_FINISH}
    told |= {"background_falloff": target.backdrop.falloff}
    told |= {"background_warmth": target.backdrop.warmth, "strength": ask.strength}
    told |= {"preserve_detail": ask.preserve_detail, "preserve_color": ask.preserve_color}
    if target.name:
        told["preset"] = target.name
    return RelightPlan(recipe, told, tuple(notes))


def _remarks(source: SourceLight) -> Iterator[str]:
    """Yield what a person should know of the light that the picture has already."""
    if float(np.abs(source.uneven).max()) > _HARD:
        yield (
            "The picture has a hard shadow or a second lamp on one side of the face: it was evened out as far as the"
            " other side shows how; the rest of it stays."
        )


def _told(rig: Rig, shading: NDArray[np.float32], form: Form) -> dict[str, object]:
    return rig.parameters | {"ratio": round(ratio_of(shading[skin_nodes(form)]), 2)}


def _recipe(ask: RelightAsk, seen: _Seen, target: Target, notes: list[str]) -> RelightRecipe:
    form, space = seen.form, seen.space
    kept = _kept_color(ask, seen, target, notes)
    eyes = eyes_of(seen.face)
    if not eyes:
        notes.append("The catchlights were left alone: the eyes have too few pixels.")
    bright = luminance(seen.light, space)
    return RelightRecipe(
        form,
        seen.source,
        target.rig,
        _gains(ask, seen, target, kept),
        base=np.asarray(cv2.GaussianBlur(bright, (0, 0), _TEXTURE * form.unit), np.float32),
        albedo=np.asarray(bright / np.maximum(seen.source.shading, 0.05), np.float32),
        contrast=_contrast(form, bright),
        is_rembrandt=ask.pattern == "rembrandt" and ask.strength == 1,
        preserve_detail=ask.preserve_detail,
        strength=ask.strength,
        eyes=eyes,
        catchlight=catchlight_of(target.rig.key, ask.strength, space, grey=kept >= 1),
    )


def _kept_color(ask: RelightAsk, seen: _Seen, target: Target, notes: list[str]) -> float:
    """Return how much of the picture's colour stays as it is, 0..1: all of it where there is none."""
    if not seen.was_grey:
        return ask.preserve_color
    if target.rig.key.kelvin is not None or target.backdrop.warmth:
        notes.append("The picture is black-and-white: the light's brightness was applied, its colour was not.")
    return 1.0


def _gains(ask: RelightAsk, seen: _Seen, target: Target, kept: float) -> Gains:
    form, space = seen.form, seen.space
    thrown = illuminate(form, target.lamps, FINISHES[ask.finish or DEFAULT_FINISH], space, target.seen)
    person, exposure = person_gain(form, seen.source, thrown, seen.light, target.stops)
    behind = background_gain(form, target.rig, target.backdrop, space)
    return Gains(
        person=of_strength(without_color(person, kept, space), ask.strength),
        background=of_strength(without_color(behind, kept, space), ask.strength),
        gloss=_gloss(seen, thrown.gloss * np.float32(exposure), kept) * np.float32(ask.strength),
        background_grey=background_grey(target.backdrop) * ask.strength,
        lost=lost_color(form, seen.light),
        skin_color=skin_color_of(form, seen.light),
    )


def _gloss(seen: _Seen, thrown: NDArray[np.float32], kept: float) -> NDArray[np.float32]:
    """Return the light (h, w, 3) that surfaces mirror, of what is thrown at them."""
    form, space = seen.form, seen.space
    # Dark skin mirrors as much as light skin and scatters less; in full, it would look wet.
    shine = np.clip(np.sqrt(luminance(seen.light, space) / _SHINES_IN_FULL), 0.3, 1)
    gloss = thrown * (form.own * (1 - form.skin * (1 - shine)))[..., None]
    if kept:
        gloss += np.float32(kept) * ((gloss @ luminance_weights(space))[..., None] - gloss)
    return np.asarray(gloss, np.float32)


def _contrast(form: Form, bright: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how many times brighter (h, w) the person is than the background beside it."""
    person, behind = (
        spread(bright[..., None], np.clip(2 * mask - 1, 0, 1), _BESIDE * form.unit)[..., 0]
        for mask in (form.person, 1 - form.person)
    )
    return np.asarray(np.clip((person + 0.005) / (behind + 0.005), 0.05, 20), np.float32)
