"""What is measured of a picture in its new light: the light it shows, and the contract of every edit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.color import decode_transfer, luminance
from atelier_imaging.measures import (
    Gate,
    Measure,
    global_shift,
    judged,
    not_measurable,
    skin_delta_e,
    texture_ratio,
)
from atelier_imaging.region import Region

from atelier_edit.form.field import sampled
from atelier_edit.light.contrast import ratio_of, skin_nodes
from atelier_edit.light.estimate import SourceLight, estimate
from atelier_edit.light.triangle import triangle_area
from atelier_edit.together import together

if TYPE_CHECKING:
    from collections.abc import Iterator

    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

    from atelier_edit.relight_plan import RelightPlan, RelightRecipe

# Light multiplies skin and leaves its texture; highlights and the roll-off to white take and give a little.
RELIGHT_TEXTURE: Final = Gate(0.9, 1.1, 0.8, 1.25)
_AZIMUTH_DEGREES: Final = 10.0
_RATIO_MARGIN: Final = 0.15
_TRIANGLE: Final = Gate(minimum=0.012, fail_below=0.004)
# Below this ratio a face is lit so evenly that the light has no direction.
_DIRECTED: Final = 1.4
_TEXTURE_REGIONS: Final = (Region.FOREHEAD, Region.LEFT_CHEEK, Region.RIGHT_CHEEK)


def relight_measures(portrait: Portrait, relit: Picture, plan: RelightPlan, face: Face) -> tuple[Measure, ...]:
    """Measure a relit picture against the portrait it was made from and the light that was asked for."""
    picture = portrait.picture
    before, after, space = picture.pixels, relit.pixels, picture.space
    masks = {region: portrait.mask(region, face) for region in (*_TEXTURE_REGIONS, Region.SKIN)}
    distance = face.interocular_pixels

    def on_skin() -> Iterator[Measure]:
        for region in _TEXTURE_REGIONS:
            yield texture_ratio(before, after, masks[region], space, distance, region, RELIGHT_TEXTURE)
        yield skin_delta_e(before, after, masks[Region.SKIN], space, distance, None)

    return together(
        lambda: () if plan.recipe is None else _of_light(plan.recipe, relit),
        lambda: (global_shift(before, after, space),),
        on_skin,
    )


def _of_light(recipe: RelightRecipe, relit: Picture) -> Iterator[Measure]:
    """Find the light of the result as that of a source is found, and compare it with the one asked for."""
    form = recipe.form
    bright = luminance(sampled(relit.pixels, form.grid, decode_transfer), relit.space)
    found = estimate(form, bright)
    whole = recipe.strength == 1
    asked = recipe.target.ratio
    yield _azimuth(recipe, found, whole=whole)
    ratio = ratio_of(found.explained[skin_nodes(form)])
    gate = None
    if asked is not None and whole:
        gate = Gate(minimum=asked * (1 - _RATIO_MARGIN), maximum=asked * (1 + _RATIO_MARGIN))
    told = f"The lit side of the face gets {ratio:.1f} times the light of its shadow side"
    yield judged("light_ratio", ratio, "ratio", gate, told + (f"; {asked:.1f} was asked for." if asked else "."))
    if recipe.is_rembrandt:
        yield _triangle(recipe, bright)


def _azimuth(recipe: RelightRecipe, found: SourceLight, *, whole: bool) -> Measure:
    name, unit = "key_azimuth", "degrees"
    asked, seen = recipe.target.key.azimuth_degrees, found.rig.key.azimuth_degrees
    gate = Gate(minimum=asked - _AZIMUTH_DEGREES, maximum=asked + _AZIMUTH_DEGREES) if whole else None
    if (recipe.target.ratio or found.rig.contrast) < _DIRECTED:
        return not_measurable(name, unit, gate, "The light is so even that it comes from nowhere in particular.")
    return judged(name, seen, unit, gate, f"The key is found {seen:.0f}° around the head; {asked:.0f}° was asked for.")


def _triangle(recipe: RelightRecipe, bright: NDArray[np.float32]) -> Measure:
    """Measure the lit triangle on the shadow cheek, in light freed of the skin's own albedo."""
    form = recipe.form
    light = bright / np.maximum(recipe.albedo, 1e-4)
    side = -1 if recipe.target.key.azimuth_degrees > 0 else 1
    area = triangle_area(form, np.asarray(light, np.float32), side)
    told = "The lit triangle under the eye of the shadow side covers {:.3f} squares of the distance between the pupils."
    return judged("rembrandt_triangle", area, "square_interocular", _TRIANGLE, told.format(area))
