"""From the light that is and the light that is asked for to factors on the picture.

A pixel is light times albedo. Multiplying it by the ratio of the new light to the old one changes the light and keeps
everything else, pores, freckles and hairs; predicting that ratio rather than pixels is what keeps detail (Hou et al.,
"Towards High Fidelity Face Relighting with Realistic Shadows", CVPR 2021).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import luminance_weights
from atelier_imaging.guided import step

from atelier_edit.light.contrast import skin_nodes

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.estimate import SourceLight
    from atelier_edit.light.illumination import Illumination

# No light was so low, outside the face, that hair and cloth could not be made out: what the form says of their
# light is only a guess.
_LEAST_SOURCE: Final = 0.5
# Stops by which a picture is made darker or brighter at most.
_DARKEST: Final = 4.5
_BRIGHTEST: Final = 2.2
# The brightest of the skin, by which a photographer exposes: this percentile.
_EXPOSED_FOR: Final = 85.0
# This percentile of the skin stays below this share of white, in its brightest channel, unless it was above it.
_HIGHLIGHTS: Final = 95.0
_BELOW_WHITE: Final = 0.85
# Where the brightest channel lies here, colour begins to be lost, and is.
_CLIPPED: Final = (0.82, 0.98)
_COMES_BACK: Final = 0.6
_HAIR_STAYS: Final = 0.35
_OPENINGS_STAY: Final = 0.3
# Skin in shadow is a little more saturated: light that reaches it has been on skin before.
_SHADOW_SATURATION: Final = 0.16


@dataclass(frozen=True, slots=True, eq=False)
class Gains:
    """What a picture is multiplied by, and what is added to it, on the form's grid, in linear light.

    `person` (h, w, 3) multiplies the person, `background` (h, w, 3) what is behind, `gloss` (h, w, 3) is added to the
    person where the picture's own texture lets it. `background_grey` is how much of its colour the background loses
    before it takes on another. `lost` (h, w) is how much of the skin's colour clipped light has lost, 0..1, and
    `skin_color` (3,) what it is, its mean 1.
    """

    person: NDArray[np.float32]
    background: NDArray[np.float32]
    gloss: NDArray[np.float32]
    background_grey: float
    lost: NDArray[np.float32]
    skin_color: NDArray[np.float32]


def person_gain(
    form: Form, source: SourceLight, target: Illumination, light: NDArray[np.float32], stops: float | None
) -> tuple[NDArray[np.float32], float]:
    """Return the factors (h, w, 3) that turn the source's light into the target's, and the exposure they contain.

    `light` (h, w, 3) is the picture's, linear. Exposed as a photographer does it, for the brightest skin, which stays
    below white, and by `stops` over that; as the lamps' own intensities say where `stops` is None.
    """
    guess = 1 - form.face
    old = np.maximum(source.shading, np.float32(_LEAST_SOURCE) * guess)
    gain = target.diffuse / np.maximum(old, np.float32(0.05))[..., None]
    exposure = _exposure(form, source, target, stops)
    if stops is not None:
        exposure *= _headroom(form, light, gain * np.float32(exposure))
    stops_of = np.log2(np.maximum(gain * np.float32(exposure), 1e-3))
    # A soft knee at both ends, instead of a clamp whose edge would show.
    reach = np.where(stops_of < 0, np.float32(_DARKEST), np.float32(_BRIGHTEST))
    fourth = np.square(np.square(stops_of / reach))
    stops_of /= np.sqrt(np.sqrt(1 + fourth))
    # Teeth and the whites of eyes have no colour of their own to stay alive by: they darken less.
    stops_of -= _OPENINGS_STAY * form.openings[..., None] * np.minimum(stops_of, 0)
    tinted = np.maximum(form.skin, form.openings)
    mean = np.maximum(-stops_of.mean(axis=-1, keepdims=True), 0) * tinted[..., None]
    stops_of += np.float32(_SHADOW_SATURATION) * np.minimum(mean, 2) * np.log2(_skin_color(form, light))
    # What was dark in hair was dark for more than the light: it is opened up by half.
    stops_of -= _HAIR_STAYS * form.hair[..., None] * np.maximum(stops_of, 0)
    stops_of *= form.own[..., None]
    return _over_the_edge(np.exp2(stops_of).astype(np.float32), form), exposure


def _exposure(form: Form, source: SourceLight, target: Illumination, stops: float | None) -> float:
    """Return the factor that makes the brightest skin as bright as it was, and by `stops` brighter.

    None leaves the lamps' own intensities, in whose unit the brightest skin gets 1 now.
    """
    nodes = skin_nodes(form)
    before = float(np.percentile(source.explained[nodes], _EXPOSED_FOR))
    if stops is None:
        return before
    return (
        before * float(2.0**stops) / max(float(np.percentile(target.diffuse[nodes].mean(axis=-1), _EXPOSED_FOR)), 1e-4)
    )


def _headroom(form: Form, light: NDArray[np.float32], gain: NDArray[np.float32]) -> float:
    """Return the factor, 1 at most, that keeps the brightest skin below white, where its texture would go."""
    nodes = skin_nodes(form)
    before, after = (float(np.percentile(each[nodes].max(axis=-1), _HIGHLIGHTS)) for each in (light, light * gain))
    return min(1.0, max(_BELOW_WHITE, before) / max(after, 1e-4))


def lost_color(form: Form, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return where the skin is so bright that its colour is lost, (h, w), 0..1."""
    face = np.maximum(form.skin, form.face * (1 - form.openings))
    return np.asarray(_COMES_BACK * step(light.max(axis=-1), *_CLIPPED) * face * form.own, np.float32)


def skin_color_of(form: Form, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the linear colour (3,) of the skin that is not overexposed, its mean 1."""
    skin = light[skin_nodes(form)]
    brightest = skin.max(axis=-1)
    mean = skin[brightest <= max(_CLIPPED[0], float(np.percentile(brightest, 20)))].mean(axis=0)
    return np.asarray(mean / max(float(mean.mean()), 1e-6), np.float32)


def _skin_color(form: Form, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the mean linear colour (3,) of the face's skin, its mean 1."""
    mean = light[skin_nodes(form)].mean(axis=0)
    return np.asarray(np.maximum(mean / max(float(mean.mean()), 1e-6), 0.05), np.float32)


def without_color(gain: NDArray[np.float32], kept: float, space: ColorSpace) -> NDArray[np.float32]:
    """Take a share of the colour out of factors (h, w, 3); what remains at 1 is brightness."""
    if kept <= 0:
        return gain
    grey = (gain @ luminance_weights(space))[..., None]
    return np.asarray(gain + np.float32(kept) * (grey - gain), np.float32)


def of_strength(gain: NDArray[np.float32], strength: float) -> NDArray[np.float32]:
    """Return factors at a strength 0..1: none at 0, all at 1, even in stops between."""
    return gain if strength == 1 else np.asarray(np.power(gain, np.float32(strength)), np.float32)


def _over_the_edge(gain: NDArray[np.float32], form: Form) -> NDArray[np.float32]:
    """Carry the person's factors on beyond the silhouette, so that none of the background's get into its edge."""
    trust = np.clip((form.person - 0.5) * 2, 0, 1)
    trust = trust * trust
    sigma = max(1.0, 0.05 * form.unit)
    weight = cv2.GaussianBlur(trust, (0, 0), sigma)
    spread = cv2.GaussianBlur(gain * trust[..., None], (0, 0), sigma) / (weight + np.float32(1e-5))[..., None]
    known = np.clip(weight / np.float32(0.02), 0, 1)[..., None]
    carried = gain * trust[..., None] + (1 - trust[..., None]) * (known * spread + (1 - known))
    # Somebody else's light stays exactly what it is.
    return np.asarray(1 + form.own[..., None] * (carried - 1), np.float32)
