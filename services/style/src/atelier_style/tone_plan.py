"""From what is asked of a skin tone to the recipe that is carried out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.region import Region
from atelier_sdk.errors import FaceTooSmallError, NoFaceError, PoseTooExtremeError, SkinNotVisibleError

from atelier_style.skin_tone import (
    CERTAIN,
    SkinColour,
    ToneRecipe,
    measure_skin,
    towards_angle,
    towards_reference,
    towards_warmth,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

# Below this a cheek has too few pixels to be measured, above these angles one cheek is hidden.
MIN_INTEROCULAR_PIXELS = 24.0
MAX_YAW_DEGREES = 45.0
MAX_PITCH_DEGREES = 45.0
# Further than this, in L*, skin parts from lips, eyes and hair, and the picture from the person.
MAX_LIGHTNESS_MOVE = 18.0
_BROW_SHARE = np.float32(0.7)
_MEASURED = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)


@dataclass(frozen=True, slots=True, eq=False)
class ToneAsk:
    """A skin tone as it is asked for; at most one of `reference`, `ita_degrees` and `warmth`."""

    reference: Portrait | None = None
    ita_degrees: float | None = None
    warmth: float | None = None
    strength: float = 1.0
    match_lightness: bool = False

    @property
    def is_neutral(self) -> bool:
        """Tell whether nothing is asked for."""
        return self.strength == 0.0 or (
            self.reference is None and self.ita_degrees is None and self.warmth in (None, 0.0)
        )


@dataclass(frozen=True, slots=True, eq=False)
class TonePlan:
    """A tone ready to be given (None: nothing is asked for), its effective parameters, and sentences for people."""

    recipe: ToneRecipe | None
    parameters: Mapping[str, object]
    notes: tuple[str, ...]


def plan_tone(ask: ToneAsk, portrait: Portrait, face: Face | None) -> TonePlan:
    """Work out a tone for one face of a portrait, the largest where None.

    Raises NoFaceError, FaceTooSmallError, PoseTooExtremeError and SkinNotVisibleError, about the portrait or about the
    reference; metadata says which.
    """
    parameters: dict[str, object] = {"strength": ask.strength, "match_lightness": ask.match_lightness}
    if ask.is_neutral:
        return TonePlan(None, parameters, ())
    own = measured_skin(portrait, face, "image")
    parameters["own"] = _described(own)
    notes = []
    if ask.match_lightness and ask.reference is None:
        notes.append("match_lightness was left out: there is no reference to take lightness from.")
    mask = _mask(ask, portrait, face)
    if ask.reference is not None:
        target = measured_skin(ask.reference, None, "reference")
        parameters["reference"] = _described(target) | {"sha256": ask.reference.picture.source_info.sha256}
        recipe = towards_reference(mask, own, target, ask.strength, match_lightness=ask.match_lightness)
    elif ask.ita_degrees is not None:
        parameters["ita_degrees"] = ask.ita_degrees
        recipe = towards_angle(mask, own, ask.ita_degrees, ask.strength)
    else:
        warmth = ask.warmth or 0.0
        parameters["warmth"] = warmth
        recipe = towards_warmth(mask, own, warmth, ask.strength)
    recipe = _within_reach(recipe)
    if recipe.strength < ask.strength:
        parameters["effective_strength"] = round(recipe.strength, 3)
        notes.append(
            f"The tone lies more than {MAX_LIGHTNESS_MOVE:g} L* from the person's own; it is applied at strength "
            f"{recipe.strength:.2f}, because further away the picture would not be the person any more."
        )
    return TonePlan(recipe, parameters, tuple(notes))


def _within_reach(recipe: ToneRecipe) -> ToneRecipe:
    """Lower the strength of a recipe that would move lightness too far."""
    if recipe.lightness is None:
        return recipe
    move = abs(recipe.lightness - recipe.own.lightness)
    return replace(recipe, strength=min(recipe.strength, MAX_LIGHTNESS_MOVE / max(move, MAX_LIGHTNESS_MOVE)))


def _mask(ask: ToneAsk, portrait: Portrait, face: Face | None) -> NDArray[np.float32]:
    """Give the mask of what is toned: skin, and where lightness moves, lips and brows as well, or they would glow."""
    skin = portrait.mask(Region.SKIN, face)
    if not ask.match_lightness and ask.ita_degrees is None:
        return skin
    lips, brows = portrait.mask(Region.LIPS, face), portrait.mask(Region.BROWS, face)
    return np.asarray(np.maximum.reduce([skin, lips, _BROW_SHARE * brows]), np.float32)


def measured_skin(portrait: Portrait, face: Face | None, image: str) -> SkinColour:
    """Measure the skin of a face on cheeks and forehead; `image` names the picture in errors.

    Raises NoFaceError, FaceTooSmallError, PoseTooExtremeError and SkinNotVisibleError.
    """
    try:
        face = portrait.require_face(
            face,
            min_interocular_pixels=MIN_INTEROCULAR_PIXELS,
            max_yaw_degrees=MAX_YAW_DEGREES,
            max_pitch_degrees=MAX_PITCH_DEGREES,
        )
    except (NoFaceError, FaceTooSmallError, PoseTooExtremeError) as error:
        error.metadata["image"] = image
        raise
    where = np.max([portrait.mask(region, face) for region in _MEASURED], axis=0)
    picture = portrait.picture
    found = None if picture.source.was_grey else measure_skin(picture.pixels, picture.space, where)
    if found is None:
        raise SkinNotVisibleError(
            "The skin of cheeks and forehead cannot be measured: it is covered, or the picture is black-and-white.",
            metadata={"image": image, "skin_pixels": str(int((where > CERTAIN).sum()))},
        )
    return found


def _described(skin: SkinColour) -> dict[str, object]:
    """Describe a skin's colour for the report, rounded: it is a measurement and about a person."""
    return {
        "ita_degrees": round(skin.ita_degrees, 1),
        "lightness": round(skin.lightness, 1),
        "a": round(skin.a, 1),
        "b": round(skin.b, 1),
    }
