"""From what is wished to the figures of a brief."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from atelier_generate.brief import Brief, Frame, Light, Sitter
from atelier_generate.director.phrases import Phrases
from atelier_generate.director.vocabulary import data, phrases_in, phrases_of
from atelier_generate.director.wishes import Origin

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_generate.director.wishes import Wishes

AROUND_DEGREES: Final = 45.0
"""How far from the lens a key stands of which only the side is known, or the ratio."""

_LONG_EDGE: Final[Mapping[str, int]] = {"1K": 1024, "2K": 2048, "4K": 3840}
_MULTIPLE: Final = 16
_DEEPER: Final = frozenset({"dark", "deep"})
_PALER: Final = frozenset({"light", "pale"})


def brief_of(wishes: Wishes) -> Brief:
    """Make a brief. The light's side is left open where nothing says it, and so is a lens that nobody asked for."""
    yaw = _figure("yaw_degrees", wishes.text("pose"))
    grades = wishes.text("grade").split(", ")
    return Brief(
        sitter=_sitter(wishes),
        light=_light(wishes),
        frame=frame_of(
            wishes.text("composition.aspect"), wishes.text("composition.size"), wishes.text("composition.framing")
        ),
        yaw_degrees=None if yaw is None else float(yaw),
        background=background_of(wishes.text("scene")),
        focal_mm=_asked(wishes, "lens.focal_mm"),
        aperture=_asked(wishes, "lens.aperture"),
        mood=wishes.text("mood") or None,
        grade=grades[0] or None,
    )


def _asked(wishes: Wishes, path: str) -> float | None:
    """Return a number that somebody asked for: the usual one stands in the prompt, and is no wish."""
    wish = wishes.of.get(path)
    return None if wish is None or wish.origin is Origin.DEFAULT else wishes.number(path)


def frame_of(aspect: str, size: str, framing: str) -> Frame:
    """Return the frame of an aspect (`4:5`) and a size (`1K`, `2K`, `4K`).

    The long edge is the size's (1024, 2048 or 3840 pixels), the other the nearest multiple of 16, which every model's
    grid divides. An aspect is kept within 1 %.
    """
    wide, high = (int(part) for part in aspect.split(":"))
    long_edge = _LONG_EDGE[size]
    short_edge = max(_MULTIPLE, round(long_edge * min(wide, high) / max(wide, high) / _MULTIPLE) * _MULTIPLE)
    width, height = (long_edge, short_edge) if wide >= high else (short_edge, long_edge)
    return Frame(width, height, framing)


def background_of(scene: str) -> tuple[float, float, float] | None:
    """Return the colour that a scene names first, as sRGB of 0..1; None where it names none."""
    found = phrases_in(scene, _known()["background"])
    if not found:
        return None
    digits = str(found[0].value)
    colour = tuple(int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4))
    before = scene[: scene.casefold().find(found[0].words.casefold())].casefold().split()
    shade = before[-1].rsplit("-", 1)[-1] if before else ""
    if shade in _DEEPER:
        colour = tuple(part / 2 for part in colour)
    elif shade in _PALER:
        colour = tuple((part + 1) / 2 for part in colour)
    red, green, blue = colour
    return red, green, blue


@cache
def patterns() -> Mapping[str, Mapping[str, float]]:
    """Return the figures of the patterns of light, by name: azimuth, elevation, ratio, softness, kelvin."""
    return {
        name: {figure: float(value) for figure, value in one.items()} for name, one in data("patterns.toml").items()
    }


def _sitter(wishes: Wishes) -> Sitter:
    womanhood = _figure("sitter.womanhood", wishes.text("subject.sex"))
    smile = _figure("sitter.smile", wishes.text("expression"))
    beard = _figure("sitter.beard", wishes.text("subject.facial_hair"))
    glasses = _figure("sitter.glasses", wishes.text("subject.eyewear"))
    return Sitter(
        age_years=wishes.number("subject.age_years"),
        womanhood=None if womanhood is None else float(womanhood),
        skin_ita_degrees=wishes.number("subject.skin_ita_degrees"),
        hair=_figure("sitter.hair", wishes.text("subject.hair")),
        smile=None if smile is None else float(smile),
        glasses=None if glasses is None else glasses == "true",
        beard=None if beard is None else beard == "true",
    )


def _light(wishes: Wishes) -> Light:
    """Fill a pattern's figures in; what is said of one figure wins, then where the light comes from."""
    name = wishes.text("lighting.pattern")
    pattern = dict(patterns().get(name, {}))
    source = patterns().get(wishes.text("lighting.source"), {})
    pattern |= {figure: source[figure] for figure in ("softness", "kelvin") if figure in source}

    def figure(of: str, short: str) -> float | None:
        said = wishes.number(f"lighting.{of}")
        return pattern.get(short) if said is None else said

    return Light(
        pattern=name or None,
        azimuth_degrees=_azimuth(wishes, pattern.get("azimuth")),
        elevation_degrees=figure("elevation_degrees", "elevation"),
        ratio=figure("ratio", "ratio"),
        softness=figure("softness", "softness"),
        kelvin=figure("kelvin", "kelvin"),
    )


def _azimuth(wishes: Wishes, of_pattern: float | None) -> float | None:
    """Say where the key stands: None where only its side is open, which the seed then draws."""
    said = wishes.number("lighting.azimuth_degrees")
    side = wishes.text("lighting.side")
    if said is not None or of_pattern == 0.0:
        return of_pattern if said is None else said
    if not side:
        return None
    around = AROUND_DEGREES if of_pattern is None else abs(of_pattern)
    return around if side == "left" else -around


def _figure(of: str, words: str) -> str | None:
    """Return what words say of a figure: the first meaning in the order of the data."""
    found = phrases_in(words, _known()[of]) if words else []
    return str(min(found, key=lambda one: one.order).value) if found else None


@cache
def _known() -> Mapping[str, Phrases]:
    tables = data("meanings.toml")
    return {name: Phrases(phrases_of({name: table})) for name, table in tables.items()}
