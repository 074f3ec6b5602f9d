"""The lamps that are meant by a request: from its pattern, rig or reference to lamps as they are set up."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.color import decode_transfer, luminance

from atelier_edit.form.field import sampled
from atelier_edit.form.form import Form, form_of
from atelier_edit.light.aim import Skin, aimed
from atelier_edit.light.background import Backdrop
from atelier_edit.light.contrast import ratio_of, skin_nodes, with_ratio
from atelier_edit.light.estimate import SourceLight, estimate
from atelier_edit.light.patterns import Pattern, moods, patterns
from atelier_edit.light.rig import Lamp, Rig
from atelier_edit.light.shadows import visibility

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

    from atelier_edit.relight_ask import RelightAsk

DEFAULT_FALLOFF: Final = 0.3
# Below this a face is as bright on one side as on the other.
_EVEN_DEGREES: Final = 8.0
# A key that goes round with the head stays where it lights some of the face that the lens sees.
_FARTHEST_ROUND: Final = 100.0


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A rig, its lamps as set up, what nodes see of the key, exposure (None: as the lamps say), and background."""

    rig: Rig
    lamps: Rig
    seen: NDArray[np.float32]
    stops: float | None
    backdrop: Backdrop
    name: str = ""


def read_form(portrait: Portrait, face: Face) -> tuple[Form, NDArray[np.float32]]:
    """Model a person, and average the picture's linear light (h, w, 3) over the model's grid."""
    form = form_of(portrait, face)
    return form, sampled(portrait.picture.pixels, form.grid, decode_transfer)


def target_of(ask: RelightAsk, face: Face, form: Form, source: SourceLight, skin: Skin) -> Target:
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
    rig = _with_figures(ask, rig)
    lamps, seen = _set_up(form, source, rig, skin)
    return Target(rig, lamps, seen, stops, _with_background(ask, backdrop), ask.mood or ask.pattern or "")


def _with_figures(ask: RelightAsk, rig: Rig) -> Rig:
    """Put the figures that are given beside a light before its own."""
    key = replace(
        rig.key,
        softness=rig.key.softness if ask.softness is None else ask.softness,
        kelvin=rig.key.kelvin if ask.kelvin is None else ask.kelvin,
    )
    return replace(rig, key=key, ratio=rig.ratio if ask.ratio is None else ask.ratio)


def _with_background(ask: RelightAsk, backdrop: Backdrop) -> Backdrop:
    """Put what is asked of the background before what the light says; no falloff leaves it as it is."""
    return Backdrop(
        falloff=backdrop.falloff if ask.background_falloff is None else ask.background_falloff,
        stops=0.0 if ask.background_falloff == 0 else backdrop.stops,
        warmth=backdrop.warmth if ask.background_warmth is None else ask.background_warmth,
    )


def _set_up(form: Form, source: SourceLight, rig: Rig, skin: Skin) -> tuple[Rig, NDArray[np.float32]]:
    """Set lamps up so that the rig is what can be read off the result, and say what each node sees of the key."""
    seen = visibility(form, rig.key)
    if rig.ratio is None:
        return rig, seen
    first = with_ratio(form, rig, rig.ratio, seen)
    key, ratio = aimed(form, source, first, rig.ratio, seen, skin)
    seen = visibility(form, key)
    return with_ratio(form, replace(rig, key=key), ratio, seen), seen


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
