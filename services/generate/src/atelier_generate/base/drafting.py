"""Who will be drawn: a sitter of the population in somebody's styling, and all that the network is told of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_generate.base.conditions import Condition, condition, joined
from atelier_generate.base.dress import dyed
from atelier_generate.base.frame import HEIGHT, WIDTH
from atelier_generate.base.knowledge import knowledge
from atelier_generate.base.quiet import face_share, halved, matched
from atelier_generate.base.wishes import Wishes, wishes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from atelier_generate.backend import Sketch
    from atelier_generate.base.knowledge import Knowledge

# How wide sitters are spread, as a share of the population's spread: the rim of a normal distribution is no face.
SPREAD: Final = 0.95
# How far a drawn low-rank picture is off a real one's, as the network was told in training.
OFF: Final = 0.5
# What is drawn is seen nearer to a middle than it was asked, since a network that is not sure answers with what is
# usual. So it is asked for further from there: the middle in the attribute's unit, and how much further.
_FURTHER: Final = {"age_years": (58.0, 2.0), "skin_ita_degrees": (23.0, 1.4)}
# CIE b* of skin, about: with it, the typology angle is one of lightness (Chardon et al., 1991).
_SKIN_B: Final = 16.0


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A candidate before it is drawn.

    What the networks are told, normal noise (H, W, 3) to draw from and to refine with, where the face is (H, W, 1), and
    what became of the brief.
    """

    condition: Condition
    noise: NDArray[np.float32]
    refining_noise: NDArray[np.float32]
    face: NDArray[np.float32]
    wishes: Wishes


def drafted(sketch: Sketch, known: Knowledge | None = None) -> Draft:
    """Choose the sitter of a sketch, the same for the same sketch, of what the service knows or of what is given."""
    generator = np.random.Generator(np.random.Philox(sketch.seed))
    known = known or knowledge()
    asked = wishes(sketch.brief, generator)
    chance = SPREAD * generator.standard_normal((1, len(known.population.covariance)), np.float32)
    chosen = known.stylings.choose(known.population.levels(asked.attributes), generator)
    levels = known.population.levels(_exposed(_further(asked.attributes), asked.attributes))
    around = known.stylings.texture(chosen, levels, known.population, generator)
    posed = {**known.stylings.pose(chosen), **levels}
    sitter = known.population.draw(posed, chance, known.stylings.visible, around)
    places = known.appearance.origins(known.appearance.points(sitter.shape[0]))
    face = face_share(known.appearance, places)
    inner, outer = (
        condition(known.appearance, places, texture, sitter.attributes[0], OFF)
        for texture in (sitter.texture[0], around)
    )
    noise, refining_noise = (generator.standard_normal((HEIGHT, WIDTH, 3), np.float32) for _ in range(2))
    outer = replace(outer, low=dyed(outer.low, known.stylings.cloth(around), asked.attributes["womanhood"], generator))
    return Draft(joined(inner, outer, halved(face)), matched(noise), refining_noise, face, asked)


def _exposed(further: dict[str, float], asked: Mapping[str, float]) -> dict[str, float]:
    """Add the lightness that skin of the angle asked for has when it is well exposed.

    The angle alone could as well be had by a face in the dark, and of dark skin the population knows few.
    """
    if (angle := asked.get("skin_ita_degrees")) is None:
        return further
    return {**further, "skin_lightness": 50 + _SKIN_B * math.tan(math.radians(angle))}


def _further(asked: Mapping[str, float]) -> dict[str, float]:
    further = dict(asked)
    for name, (middle, factor) in _FURTHER.items():
        if name in asked:
            further[name] = middle + factor * (asked[name] - middle)
    return further
