"""What is measured of a styled picture: the contract of every edit, as far as it concerns style."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.grain.drawing import GrainRecipe, deviation_table
from atelier_imaging.measures import (
    Gate,
    Measure,
    global_shift,
    judged,
    not_measurable,
    outside_mask_difference,
    seam,
    skin_delta_e,
    texture_ratio,
)
from atelier_imaging.measures.colour import SKIN_DELTA_E
from atelier_imaging.measures.texture import TEXTURE_RATIO
from atelier_imaging.region import Region
from atelier_imaging.strips import to_float

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

    from atelier_style.apply import Plan

# Grain as the model says, within a tenth.
_GRAIN_MARGIN = 0.1
_GRAIN_SAMPLES = 20_000
_TEXTURE_REGIONS = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)


def measure(portrait: Portrait, styled: Picture, plan: Plan, face: Face | None) -> tuple[Measure, ...]:
    """Measure a styled picture against the portrait it was made from.

    `face` is the one that skin is measured on, None where there is none. A measure that an operation changes on
    purpose, the colour of skin by a grade, its texture by grain, is given for information.
    """
    picture = portrait.picture
    taken = [global_shift(picture.pixels, styled.pixels, picture.space)]
    taken += _on_skin(portrait, styled, plan, face)
    if plan.tone is not None and plan.tone.recipe is not None:
        taken += _of_tone(portrait, styled, plan, plan.tone.recipe.mask)
    if plan.grain is not None and plan.grain.recipe is not None:
        taken.append(_grain_deviation(picture, styled, plan, plan.grain.recipe))
    return tuple(taken)


def _on_skin(portrait: Portrait, styled: Picture, plan: Plan, face: Face | None) -> Iterator[Measure]:
    """Measure texture and colour of the skin."""
    texture_gate = TEXTURE_RATIO if plan.grain is None or plan.grain.recipe is None else None
    colour_gate = None if plan.changes_colour else SKIN_DELTA_E
    if face is None:
        why = "There is no face in the picture whose skin could be measured."
        yield not_measurable("texture_ratio", "ratio", texture_gate, why, Region.SKIN)
        yield not_measurable("skin_delta_e", "delta_e_2000", colour_gate, why, Region.SKIN)
        return
    before, after, space = portrait.picture.pixels, styled.pixels, portrait.picture.space
    distance = face.interocular_pixels
    for region in _TEXTURE_REGIONS:
        mask = portrait.mask(region, face)
        yield texture_ratio(before, after, mask, space, distance, region, texture_gate)
    yield skin_delta_e(before, after, portrait.mask(Region.SKIN, face), space, distance, colour_gate)


def _of_tone(portrait: Portrait, styled: Picture, plan: Plan, mask: NDArray[np.float32]) -> Iterator[Measure]:
    """Measure whether the toning of skin stayed where it belongs."""
    picture = portrait.picture
    yield seam(picture.pixels, styled.pixels, mask, picture.space)
    if plan.is_tone_alone:
        yield outside_mask_difference(picture.pixels, styled.pixels, mask)
    else:
        why = "Grade and grain, asked for as well, change the whole picture."
        yield not_measurable("outside_mask_difference", "levels", Gate(maximum=0.0), why)


def _grain_deviation(before: Picture, after: Picture, plan: Plan, recipe: GrainRecipe) -> Measure:
    """Measure the deviation of the grain in the middle tones, in steps of 8 bits, against what the model says."""
    name, unit = "grain_deviation", "levels_of_255"
    if plan.changes_colour:
        return not_measurable(
            name, unit, None, "Grain can be told from the rest only where nothing else was asked for."
        )
    step = max(1, int(np.sqrt(before.pixels.size / 3 / 1_000_000)))
    own = to_float(before.pixels[::step, ::step])
    middle = (own > 0.2) & (own < 0.8)
    if middle.sum() < _GRAIN_SAMPLES:
        return not_measurable(name, unit, None, "The picture has too few middle tones to measure grain in.")
    added = to_float(after.pixels[::step, ::step]) - own
    table = deviation_table(recipe)
    gains = np.broadcast_to(np.array(recipe.layer_gains, np.float32), own.shape)[middle]
    expected = table[(own[middle] * 65_535.0).astype(np.uint16)] * gains
    value = 255.0 * float(np.sqrt(np.mean(added[middle] ** 2)))
    target = 255.0 * float(np.sqrt(np.mean(expected**2)))
    # Rounding adds the variance of an even distribution over one step.
    target = float(np.sqrt(target**2 + (255.0 / np.iinfo(before.pixels.dtype).max) ** 2 / 12.0))
    gate = Gate(minimum=(1.0 - _GRAIN_MARGIN) * target, maximum=(1.0 + _GRAIN_MARGIN) * target)
    return judged(name, value, unit, gate, f"Grain deviates by {value:.2f} steps; the model says {target:.2f}.")
