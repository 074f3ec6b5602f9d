"""A rig said in words, from the templates of `instructions.toml`."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_edit.light.rig import Lamp, Rig

# Below this a lamp is not worth a sentence.
_FAINT = 0.05


def instruction(rig: Rig, name: str = "") -> str:
    """Say to an editing network how a portrait is to be lit; `name` is the pattern's or mood's, where there is one."""
    words = _templates()
    key = rig.key
    return str(words["whole"]["relight"]).format(
        name=words["names"].get(name, ""),
        hardness=_chosen("hardness", key.softness),
        temperature="" if key.kelvin is None else _chosen("temperature", key.kelvin),
        azimuth=_azimuth(key),
        elevation=_chosen("elevation", key.elevation_degrees),
        fill=_of_lamp("fill", rig.fill),
        rim=_of_lamp("rim", rig.rim),
        contrast=_chosen("contrast", rig.contrast if rig.ratio is None else rig.ratio),
    )


def _of_lamp(kind: str, lamp: Lamp | None) -> str:
    if lamp is None or lamp.intensity < _FAINT:
        return ""
    return str(_templates()["lamps"][kind]).format(azimuth=_azimuth(lamp), side=_side(lamp))


def _azimuth(lamp: Lamp) -> str:
    return _chosen("azimuth", abs(lamp.azimuth_degrees)).format(side=_side(lamp))


def _side(lamp: Lamp) -> str:
    return "right side of the picture" if lamp.azimuth_degrees > 0 else "left side of the picture"


def _chosen(kind: str, number: float) -> str:
    entries = _templates()[kind]
    return str(next((each["words"] for each in entries if number <= each["upto"]), entries[-1]["words"]))


@cache
def _templates() -> Mapping[str, Any]:
    text = resources.files("atelier_edit.diffusion").joinpath("instructions.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)
