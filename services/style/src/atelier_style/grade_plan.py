"""From what is asked of a grade to the recipe that is carried out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.color import decode_transfer, linear_to_lab
from atelier_imaging.region import Region

from atelier_style.cube import Cube, identity, parse_cube
from atelier_style.grade import GradeRecipe
from atelier_style.look import Look, bake, has_colour
from atelier_style.lut import resample
from atelier_style.match import Colour, MatchMethod, match
from atelier_style.presets import find, grades
from atelier_style.skin_tone import MIN_CHROMA, MIN_PIXELS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

DEFAULT_PROTECT_SKIN = 0.5


@dataclass(frozen=True, slots=True, eq=False)
class GradeAsk:
    """A grade as it is asked for; at most one of `preset`, `lut` and `reference`.

    `lut` is the text of a `.cube` file. None stands for the preset's own halation and vignette, else 0, and for the
    default of `protect_skin`.
    """

    preset: str | None = None
    lut: bytes | None = None
    reference: Picture | None = None
    method: MatchMethod | None = None
    strength: float = 1.0
    protect_skin: float | None = None
    halation: float | None = None
    vignette: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class GradePlan:
    """A grade ready to be carried out, its effective parameters, and sentences for people.

    `cube` is the colour part at its strength, the identity where there is none.
    """

    recipe: GradeRecipe
    cube: Cube
    parameters: Mapping[str, object]
    notes: tuple[str, ...]


def plan_grade(ask: GradeAsk, portrait: Portrait) -> GradePlan:
    """Work out a grade for a portrait.

    Raises PresetUnknownError and LutMalformedError.
    """
    notes: list[str] = []
    skin = _skin(ask, portrait)
    colour = _skin_colour(portrait.picture, skin)
    look, cube, parameters = _look(ask, portrait, colour, notes)
    halation = ask.halation if ask.halation is not None else look.halation
    vignette = ask.vignette if ask.vignette is not None else look.vignette
    protect = _protection(ask, cube, notes, skin_has_colour=colour is not None)
    neutral = ask.strength == 0.0
    recipe = GradeRecipe(
        cube=None if neutral or cube is None else cube.at_strength(ask.strength),
        skin=skin if protect > 0.0 else None,
        protect_skin=protect,
        halation=halation * ask.strength,
        vignette=vignette * ask.strength,
    )
    effective = {
        **parameters,
        "strength": ask.strength,
        "protect_skin": protect,
        "halation": halation,
        "vignette": vignette,
    }
    return GradePlan(recipe, recipe.cube or identity(), effective, tuple(notes))


def export(plan: GradePlan, space_name: str) -> Cube:
    """Express the colour part of a grade as a table of 33 points on display-encoded values of the picture's space."""
    cube = resample(plan.cube)
    return Cube(cube.table, title=f"{plan.cube.title or 'identity'}, for {space_name}")


def _look(
    ask: GradeAsk, portrait: Portrait, skin: Colour | None, notes: list[str]
) -> tuple[Look, Cube | None, dict[str, object]]:
    """Find the look's table and what it says of halation and vignette."""
    space = portrait.picture.space
    if ask.preset is not None:
        look = find("grade", ask.preset, grades(), "grade.preset")
        return look, bake(look, space, ask.preset), {"preset": ask.preset}
    if ask.lut is not None:
        cube = parse_cube(ask.lut)
        dimensions = 1 if cube.table.ndim == 2 else 3
        return Look(""), cube, {"lut": {"title": cube.title, "size": cube.size, "dimensions": dimensions}}
    if ask.reference is not None:
        picture, reference = portrait.picture, ask.reference
        found = match(picture.pixels, space, reference.pixels, reference.space, ask.method, skin)
        notes.extend(found.notes)
        return Look(""), found.cube, {"reference": _described(reference), "match_method": found.method.value}
    return Look(""), None, {}


def _skin(ask: GradeAsk, portrait: Portrait) -> NDArray[np.float32] | None:
    """Give the skin and lips of every face where the grade may have to protect them; None where there is none.

    Lips count as skin, or a pale look would leave them grey in a face that keeps its colour.
    """
    has_look = ask.preset is not None or ask.lut is not None or ask.reference is not None
    if not has_look or ask.strength == 0.0 or ask.protect_skin == 0.0 or not portrait.faces:
        return None
    return np.asarray(np.maximum(portrait.mask(Region.SKIN), portrait.mask(Region.LIPS)), np.float32)


def _skin_colour(picture: Picture, skin: NDArray[np.float32] | None) -> Colour | None:
    """Give the median of the skin in linear light; None where there is too little of it, or no colour in it."""
    found = picture.pixels[skin > 0.5] if skin is not None else picture.pixels[:0, 0]
    if len(found) < MIN_PIXELS:
        return None
    median = np.median(decode_transfer(found), axis=0).astype(np.float32)
    if np.hypot(*linear_to_lab(median, picture.space)[1:]) < MIN_CHROMA:
        return None
    return float(median[0]), float(median[1]), float(median[2])


def _protection(ask: GradeAsk, cube: Cube | None, notes: list[str], *, skin_has_colour: bool) -> float:
    """Give the effective protection of skin.

    Where nothing is said and either the look or the picture is black-and-white, it is none: half-coloured skin in a
    grey picture, or grey skin in a toned one, is a fault and not a protection.
    """
    if ask.protect_skin is not None:
        return ask.protect_skin
    if cube is not None and not has_colour(cube):
        notes.append("Skin follows the look wholly, because the look has no colour; set protect_skin to keep skin's.")
        return 0.0
    return DEFAULT_PROTECT_SKIN if skin_has_colour else 0.0


def _described(picture: Picture) -> dict[str, object]:
    """Describe a reference picture for the report."""
    info = picture.source_info
    return {"width": info.width, "height": info.height, "format": str(info.format), "sha256": info.sha256}
