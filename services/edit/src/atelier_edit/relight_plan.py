"""From what is asked of a light to what a picture is multiplied by."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import decode_transfer, luminance, luminance_weights

from atelier_edit.form.field import sampled, spread
from atelier_edit.form.form import Form, form_of
from atelier_edit.light.aim import Skin, aimed
from atelier_edit.light.background import Backdrop, background_gain, background_grey
from atelier_edit.light.catchlights import Catchlight, Eye, catchlight_of, eyes_of
from atelier_edit.light.contrast import ratio_of, skin_nodes, with_ratio
from atelier_edit.light.estimate import SourceLight, estimate
from atelier_edit.light.finish import DEFAULT_FINISH, FINISHES
from atelier_edit.light.gains import Gains, lost_color, of_strength, person_gain, skin_color_of, without_color
from atelier_edit.light.illumination import illuminate
from atelier_edit.light.patterns import Pattern, moods, patterns
from atelier_edit.light.rig import Lamp, Rig
from atelier_edit.light.shadows import visibility
from atelier_edit.relight_ask import RelightAsk, Side, check_ask

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

__all__ = ["RelightAsk", "RelightPlan", "RelightRecipe", "Side", "plan_relight"]

DEFAULT_FALLOFF: Final = 0.3
# Below this a face is as bright on one side as on the other.
_EVEN_DEGREES: Final = 8.0
# A key that goes round with the head stays where it lights some of the face that the lens sees.
_FARTHEST_ROUND: Final = 100.0
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
class _Target:
    """A rig, its lamps as set up, what nodes see of the key, exposure (None: as the lamps say), and background."""

    rig: Rig
    lamps: Rig
    seen: NDArray[np.float32]
    stops: float | None
    backdrop: Backdrop
    name: str = ""


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
    target = _target(ask, face, form, source, skin)
    finish = ask.finish or DEFAULT_FINISH
    recipe = _recipe(ask, portrait, face, form, light, source, target, finish, notes)
    told |= {"target": target.rig.parameters, "finish": finish, "background_falloff": target.backdrop.falloff}
    told |= {"background_warmth": target.backdrop.warmth, "strength": ask.strength}
    told |= {"preserve_detail": ask.preserve_detail, "preserve_color": ask.preserve_color}
    if target.name:
        told["preset"] = target.name
    return RelightPlan(recipe, told, tuple(notes))


def read_form(portrait: Portrait, face: Face) -> tuple[Form, NDArray[np.float32]]:
    """Model a person, and average the picture's linear light (h, w, 3) over the model's grid."""
    form = form_of(portrait, face)
    return form, sampled(portrait.picture.pixels, form.grid, decode_transfer)


def _remarks(source: SourceLight) -> Iterator[str]:
    """Yield what a person should know of the light that the picture has already."""
    if float(np.abs(source.uneven).max()) > _HARD:
        yield (
            "The picture has a hard shadow or a second lamp on one side of the face: it was evened out as far as the"
            " other side shows how; the rest of it stays."
        )


def _told(rig: Rig, shading: NDArray[np.float32], form: Form) -> dict[str, object]:
    return rig.parameters | {"ratio": round(ratio_of(shading[skin_nodes(form)]), 2)}


def _target(ask: RelightAsk, face: Face, form: Form, source: SourceLight, skin: Skin) -> _Target:
    """Find the rig that is meant, with everything that is given beside it."""
    pattern = _pattern(ask)
    stops: float | None
    if pattern is not None:
        rig = _rig_of(pattern, _side(ask, pattern, face, source), face)
        stops = pattern.exposure_stops
        backdrop = Backdrop(pattern.falloff, pattern.background_stops, pattern.warmth)
    else:
        stops = None if ask.rig is not None else 0.0
        rig = ask.rig or _measured(ask, form, source)
        backdrop = Backdrop(DEFAULT_FALLOFF, 0.0, 0.0)
    key = rig.key
    key = replace(
        key,
        softness=key.softness if ask.softness is None else ask.softness,
        kelvin=key.kelvin if ask.kelvin is None else ask.kelvin,
    )
    ratio = rig.ratio if ask.ratio is None else ask.ratio
    rig, seen = replace(rig, key=key, ratio=ratio), visibility(form, key)
    if ratio is not None:
        rig = with_ratio(form, rig, ratio, seen)
        key, set_up = aimed(form, source, rig, ratio, seen, skin)
        seen = visibility(form, key)
        lamps = with_ratio(form, replace(rig, key=key), set_up, seen)
    else:
        lamps = rig
    backdrop = replace(
        backdrop,
        falloff=backdrop.falloff if ask.background_falloff is None else ask.background_falloff,
        stops=0.0 if ask.background_falloff == 0 else backdrop.stops,
        warmth=backdrop.warmth if ask.background_warmth is None else ask.background_warmth,
    )
    return _Target(rig, lamps, seen, stops, backdrop, ask.mood or ask.pattern or "")


def _pattern(ask: RelightAsk) -> Pattern | None:
    """Return the mood's or the pattern's figures; a pattern beside a mood lends the mood its geometry."""
    if ask.mood and ask.pattern:
        own, mood = patterns()[ask.pattern], moods()[ask.mood]
        return replace(
            mood, azimuth=own.azimuth, elevation=own.elevation, turned=own.turned, fill=own.fill, rim=own.rim
        )
    if ask.mood and ask.rig is None and ask.reference is None:
        return moods()[ask.mood]
    return patterns()[ask.pattern] if ask.pattern else None


def _side(ask: RelightAsk, pattern: Pattern, face: Face, source: SourceLight) -> float:
    """Return 1 for a key on the subject's left, -1 for one on its right."""
    if ask.side is not None:
        return float(ask.side.value)
    if pattern.turned:
        # A face that turns to its left shows the lens its right.
        nearer = -1.0 if face.pose.yaw_degrees > 0 else 1.0
        return nearer if pattern.turned == "broad" else -nearer
    return -1.0 if source.rig.key.azimuth_degrees < -_EVEN_DEGREES else 1.0


def _rig_of(pattern: Pattern, side: float, face: Face) -> Rig:
    """Set a pattern's lamps up on a side; what they open the shadows by is scaled to the ratio later.

    A pattern is drawn on the face: the key goes round with a head that turns, as a photographer's does.
    """
    azimuth = float(np.clip(side * pattern.azimuth + face.pose.yaw_degrees, -_FARTHEST_ROUND, _FARTHEST_ROUND))
    elevation = float(np.clip(pattern.elevation + face.pose.pitch_degrees / 2, -80, 85))
    key = Lamp(azimuth, elevation, 1.0, pattern.softness, pattern.kelvin)
    fill, rim = pattern.fill, pattern.rim
    share = 0.0
    lamps: dict[str, Lamp | None] = {"fill": None, "rim": None}
    if fill is not None:
        share = fill.share
        lamps["fill"] = Lamp(side * fill.azimuth, fill.elevation, 0.3 * share, fill.softness, fill.kelvin)
    if rim is not None:
        lamps["rim"] = Lamp(side * rim.azimuth, rim.elevation, rim.intensity, rim.softness, rim.kelvin)
    ambient = 0.3 * (1 - share) + 0.02
    return Rig(key, lamps["fill"], lamps["rim"], ambient, pattern.ratio, pattern.ambient_kelvin)


def _measured(ask: RelightAsk, form: Form, source: SourceLight) -> Rig:
    """Return the light of the reference, or the picture's own where only figures are given."""
    found, on = source, form
    if ask.reference is not None:
        face = ask.reference.require_face(ask.reference_face)
        on, light = read_form(ask.reference, face)
        found = estimate(on, luminance(light, ask.reference.picture.space))
    return replace(found.rig, ratio=ratio_of(found.explained[skin_nodes(on)]))


def _recipe(
    ask: RelightAsk,
    portrait: Portrait,
    face: Face,
    form: Form,
    light: NDArray[np.float32],
    source: SourceLight,
    target: _Target,
    finish: str,
    notes: list[str],
) -> RelightRecipe:
    space = portrait.picture.space
    kept = ask.preserve_color
    if portrait.picture.source.was_grey:
        kept = 1.0
        if target.rig.key.kelvin is not None or target.backdrop.warmth:
            notes.append("The picture is black-and-white: the light's brightness was applied, its colour was not.")
    thrown = illuminate(form, target.lamps, FINISHES[finish], space, target.seen)
    gain, exposure = person_gain(form, source, thrown, light, target.stops)
    behind = background_gain(form, target.rig, target.backdrop, space)
    # Dark skin mirrors as much as light skin and scatters less; in full, it would look wet.
    shine = np.clip(np.sqrt(luminance(light, space) / _SHINES_IN_FULL), 0.3, 1)
    gloss = thrown.gloss * np.float32(exposure) * (form.own * (1 - form.skin * (1 - shine)))[..., None]
    if kept:
        gloss += np.float32(kept) * ((gloss @ luminance_weights(space))[..., None] - gloss)
    gains = Gains(
        person=of_strength(without_color(gain, kept, space), ask.strength),
        background=of_strength(without_color(behind, kept, space), ask.strength),
        gloss=gloss * np.float32(ask.strength),
        background_grey=background_grey(target.backdrop) * ask.strength,
        lost=lost_color(form, light),
        skin_color=skin_color_of(form, light),
    )
    bright = luminance(light, space)
    base = np.asarray(cv2.GaussianBlur(bright, (0, 0), _TEXTURE * form.unit), np.float32)
    albedo = np.asarray(bright / np.maximum(source.shading, 0.05), np.float32)
    is_rembrandt = ask.pattern == "rembrandt" and ask.strength == 1
    eyes = eyes_of(face)
    if not eyes:
        notes.append("The catchlights were left alone: the eyes have too few pixels.")
    return RelightRecipe(
        form,
        source,
        target.rig,
        gains,
        base,
        albedo,
        _contrast(form, bright),
        is_rembrandt,
        ask.preserve_detail,
        ask.strength,
        eyes,
        catchlight_of(target.rig.key, ask.strength, space, grey=kept >= 1),
    )


def _contrast(form: Form, bright: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return how many times brighter (h, w) the person is than the background beside it."""
    person, behind = (
        spread(bright[..., None], np.clip(2 * mask - 1, 0, 1), _BESIDE * form.unit)[..., 0]
        for mask in (form.person, 1 - form.person)
    )
    return np.asarray(np.clip((person + 0.005) / (behind + 0.005), 0.05, 20), np.float32)
