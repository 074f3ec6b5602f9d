"""What a brief leaves open of a person, drawn by the seed: everybody is as likely as everybody else."""

from __future__ import annotations

import dataclasses
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from atelier_generate.director.briefing import AROUND_DEGREES, patterns

if TYPE_CHECKING:
    from atelier_generate.brief import Brief, Light

HAIR: Final = ("black", "brown", "blond", "red", "grey", "white")


@dataclass(frozen=True, slots=True)
class People:
    """Whom a backend can draw: those that an open brief is drawn from, each as likely as the next.

    `ages` in years, both ends included; `skin_ita_degrees` typology angles, from dark to very light in the classes of
    Del Bino and Bernerd (2013); `hair` tones, none where the backend has hair follow from the rest.
    """

    ages: tuple[int, int] = (18, 80)
    skin_ita_degrees: tuple[float, float] = (-50.0, 60.0)
    hair: tuple[str, ...] = HAIR


ANYBODY: Final = People()


def open_fields(brief: Brief, seed: int, people: People = ANYBODY) -> Brief:
    """Return a brief whose age, sex, skin tone, hair and side of light are settled, each drawn uniformly by the seed.

    Each is drawn whether or not it is open, so that what is said of one does not change another. None is guessed from
    another. `seed` is 0 to 2**64 - 1; the same seed draws the same.
    """
    drawn = random.Random(seed)  # noqa: S311 - a seed that reproduces is wanted, not a secret
    (youngest, oldest), (darkest, lightest) = people.ages, people.skin_ita_degrees
    age = float(youngest + int(drawn.random() * (oldest - youngest + 1)))
    womanhood = float(int(drawn.random() * 2))
    ita = darkest + drawn.random() * (lightest - darkest)
    chance = drawn.random()
    hair = people.hair[int(chance * len(people.hair))] if people.hair else None
    side = 1.0 if drawn.random() < 0.5 else -1.0
    sitter = brief.sitter
    settled = dataclasses.replace(
        sitter,
        age_years=age if sitter.age_years is None else sitter.age_years,
        womanhood=womanhood if sitter.womanhood is None else sitter.womanhood,
        skin_ita_degrees=round(ita, 1) if sitter.skin_ita_degrees is None else sitter.skin_ita_degrees,
        hair=hair if sitter.hair is None else sitter.hair,
    )
    return dataclasses.replace(brief, sitter=settled, light=_sided(brief.light, side))


def _sided(light: Light, side: float) -> Light:
    """Put the key on a side where a pattern or a ratio needs one and none is said."""
    if light.azimuth_degrees is not None:
        return light
    if light.pattern is not None and light.pattern in patterns():
        return dataclasses.replace(light, azimuth_degrees=side * abs(patterns()[light.pattern]["azimuth"]))
    if light.ratio is not None:
        return dataclasses.replace(light, azimuth_degrees=side * AROUND_DEGREES)
    return light
