"""From a brief to attributes of the population: what is asked, what is beyond the data, and what is left to chance."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_generate.director import People

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_generate.brief import Brief, Light, Sitter

Colour = tuple[float, float, float]

# Asked for by a range: what the training portraits hold, of each attribute in its own unit.
RANGES: Final = {
    "age_years": (30.0, 74.0),
    "skin_ita_degrees": (-45.0, 62.0),
    "yaw_degrees": (-16.0, 16.0),
    "light_log_ratio": (-1.8, 1.8),
}
# Left open, age and skin are drawn evenly: nobody is the usual sitter. All else follows from them and from chance.
PEOPLE: Final = People((32, 70), (-30.0, 58.0), ())
_OPEN: Final = {"age_years": PEOPLE.ages, "skin_ita_degrees": PEOPLE.skin_ita_degrees}
# Left open, light is softer than chance would have it: the cheeks' ratio in stops, as a deviation either way.
_OPEN_LIGHT: Final = 0.35
# Left open, glasses are worn or not, and not by half: by how many of the portraits' sitters of an age.
_WEARERS: Final = ((35.0, 0.04), (50.0, 0.12), (60.0, 0.20), (72.0, 0.40))
# The measures of the two ends of a control, as the training portraits have them; glasses and a bald head beyond that,
# as less comes out halfway.
_WOMANHOOD: Final = (0.03, 0.92)
_SMILE: Final = {"smile": (0.065, 0.155), "mouth_open": (0.01, 0.21)}
_GLASSES: Final = {False: 0.15, True: 2.8}
_BEARD: Final = {False: 3.0, True: 20.0}
_HAIR: Final[dict[str, dict[str, float]]] = {
    "black": {"hair_lightness": 9.0, "hair_chroma": 3.0},
    "brown": {"hair_lightness": 25.0, "hair_chroma": 13.0},
    "blond": {"hair_lightness": 55.0, "hair_chroma": 22.0},
    "red": {"hair_lightness": 31.0, "hair_chroma": 27.0},
    "grey": {"hair_lightness": 47.0, "hair_chroma": 3.0},
    "white": {"hair_lightness": 76.0, "hair_chroma": 3.0},
    "bald": {"hair_share": -0.25},
}
# Backdrops of a studio, sRGB, that one is drawn from where the brief names none: near the population's own, since what
# lies further away shows in the outline of hair.
_BACKDROPS: Final[tuple[tuple[str, Colour | None], ...]] = (
    ("blue", None),
    ("blue", None),
    ("blue", None),
    ("charcoal", (0.25, 0.24, 0.25)),
    ("warm grey", (0.50, 0.48, 0.46)),
    ("green grey", (0.36, 0.41, 0.35)),
    ("slate", (0.33, 0.37, 0.43)),
    ("steel", (0.45, 0.50, 0.55)),
    ("navy", (0.20, 0.25, 0.34)),
)
_FIELDS: Final = {
    "age_years": "subject.age_years",
    "skin_ita_degrees": "subject.skin_ita_degrees",
    "yaw_degrees": "pose",
    "light_log_ratio": "lighting.ratio",
}
_WORDS: Final = {
    "age_years": "An age of {asked:.0f} years",
    "skin_ita_degrees": "A skin tone of {asked:.0f} degrees",
    "yaw_degrees": "A head turned by {asked:.0f} degrees",
    "light_log_ratio": "So strong a light from the side",
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for.

    Attributes in their own units, the backdrop's colour (None keeps the population's, blue and grey), sentences on what
    was not honoured, and what was chosen, by field.
    """

    attributes: Mapping[str, float]
    backdrop: Colour | None
    notes: tuple[str, ...]
    chosen: Mapping[str, object]


def wishes(brief: Brief, generator: np.random.Generator) -> Wishes:
    """Read a brief; what it leaves open of age, sex and skin tone is drawn by the generator.

    A backdrop is no wish of the population's, whose backdrops are nearly all alike: the finish sees to it.
    """
    asked: dict[str, float] = {**_of_sitter(brief.sitter), **_of_light(brief.light)}
    if brief.yaw_degrees is not None:
        asked["yaw_degrees"] = brief.yaw_degrees
    notes = []
    for name, (low, high) in RANGES.items():
        if name in asked and not low <= asked[name] <= high:
            notes.append(
                f"{_WORDS[name].format(asked=asked[name])} lies beyond what the generator has learnt; "
                "it drew the nearest that it knows."
            )
            asked[name] = min(max(asked[name], low), high)
    chosen = _choose(asked, generator)
    backdrop = _backdrop(brief, generator, chosen)
    return Wishes(asked, backdrop, (*notes, *_unheard(brief)), chosen)


def _choose(asked: dict[str, float], generator: np.random.Generator) -> dict[str, object]:
    """Fill in what was left open. Always draws as many numbers, so that one wish does not change the rest."""
    chosen: dict[str, object] = {}
    for name, (low, high) in _OPEN.items():
        value = float(generator.uniform(low, high))
        if name not in asked:
            asked[name] = value
            chosen[_FIELDS[name]] = round(value)
    light = float(generator.normal(0, _OPEN_LIGHT))
    asked.setdefault("light_log_ratio", light)
    woman, wearer = bool(generator.random() < 0.5), float(generator.random())
    words = []
    if "womanhood" not in asked:
        asked["womanhood"] = _WOMANHOOD[woman]
        words.append("a woman" if woman else "a man")
    if "glasses" not in asked:
        ages, shares = np.array(_WEARERS).T
        worn = bool(wearer < np.interp(asked["age_years"], ages, shares))
        asked["glasses"] = _GLASSES[worn]
        words += ["with glasses"] if worn else []
    if words:
        chosen["subject.description"] = " ".join(words)
    return chosen


def _backdrop(brief: Brief, generator: np.random.Generator, chosen: dict[str, object]) -> Colour | None:
    name, colour = _BACKDROPS[int(generator.integers(len(_BACKDROPS)))]
    if brief.background is not None:
        return brief.background
    chosen["scene"] = f"a {name} backdrop"
    return colour


def _of_sitter(sitter: Sitter) -> dict[str, float]:
    asked: dict[str, float] = {}
    if sitter.age_years is not None:
        asked["age_years"] = sitter.age_years
    if sitter.womanhood is not None:
        asked["womanhood"] = _between(_WOMANHOOD, sitter.womanhood)
    if sitter.skin_ita_degrees is not None:
        asked["skin_ita_degrees"] = sitter.skin_ita_degrees
    if sitter.hair is not None:
        asked.update(_HAIR.get(sitter.hair, {}))
    if sitter.smile is not None:
        asked.update({name: _between(ends, sitter.smile) for name, ends in _SMILE.items()})
    if sitter.glasses is not None:
        asked["glasses"] = _GLASSES[sitter.glasses]
    if sitter.beard is not None:
        asked["beard"] = _BEARD[sitter.beard]
    return asked


def _of_light(light: Light) -> dict[str, float]:
    """Return the cheeks' ratio that a key of this side and ratio makes: none from the front, all from the side."""
    if light.azimuth_degrees is None:
        return {}
    side = math.sin(math.radians(light.azimuth_degrees))
    return {"light_log_ratio": side * math.log2(max(light.ratio or 3.0, 1.0))}


def _unheard(brief: Brief) -> list[str]:
    """Say what the brief holds that the generator has no control for, or only half of one."""
    unset = {
        "The lens": brief.focal_mm or brief.aperture,
        "The light's height, softness and colour": brief.light.elevation_degrees
        or brief.light.softness
        or brief.light.kelvin,
        "Mood and grade": brief.mood or brief.grade,
    }
    tried = {"Glasses": brief.sitter.glasses, "A bald head": brief.sitter.hair == "bald"}
    return [f"{what} cannot be set in this generator." for what, value in unset.items() if value] + [
        f"{what} may come out faint, or not at all, in this generator." for what, value in tried.items() if value
    ]


def _between(ends: tuple[float, float], share: float) -> float:
    return ends[0] + (ends[1] - ends[0]) * share


HONOURS: Final = frozenset(
    {
        "subject.description",
        "subject.sex",
        "subject.age_years",
        "subject.hair",
        "subject.skin_ita_degrees",
        "subject.facial_hair",
        "scene",
        "pose",
        "expression",
        "lighting.pattern",
        "lighting.azimuth_degrees",
        "lighting.ratio",
        "composition.aspect",
        "composition.size",
        "composition.framing",
        "text",
        "preset",
    }
)
