"""What a portrait is to show, in numbers and names: the director's reading of a direction.

A value of None was left open. Whoever draws chooses it, by the seed, and says what it chose.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sitter:
    """Who is to be seen.

    `age_years` is 18 to 100; `womanhood` is 0 for a man, 1 for a woman, and anything between. `skin_ita_degrees` is the
    individual typology angle, -60 (very dark) to 75 (very light). `hair` is a tone by name (`black`, `brown`, `blond`,
    `red`, `grey`, `white`, `bald`). `smile` is 0 for a closed, calm mouth, 1 for a broad smile.
    """

    age_years: float | None = None
    womanhood: float | None = None
    skin_ita_degrees: float | None = None
    hair: str | None = None
    smile: float | None = None
    glasses: bool | None = None
    beard: bool | None = None


@dataclass(frozen=True, slots=True)
class Light:
    """The light: angles in degrees and sides as in `atelier.v1.Lamp`, `ratio` of lit to shadow side, 1 to 16.

    `pattern` is a pattern of the edit service, `softness` 0 (a point) to 1 (a dome), `kelvin` the key's colour.
    """

    pattern: str | None = None
    azimuth_degrees: float | None = None
    elevation_degrees: float | None = None
    ratio: float | None = None
    softness: float | None = None
    kelvin: float | None = None


@dataclass(frozen=True, slots=True)
class Frame:
    """The frame: width and height in pixels, and `close-up`, `head-and-shoulders` or `three-quarter`."""

    width: int = 816
    height: int = 1020
    framing: str = "head-and-shoulders"


@dataclass(frozen=True, slots=True)
class Brief:
    """All that the embedded generator could honour.

    `yaw_degrees` turns the head to the subject's left (positive) or right. `background` is a tone or colour as sRGB,
    three numbers of 0..1. `focal_mm` and `aperture` are the lens's, `mood` and `grade` names for whoever finishes.
    """

    sitter: Sitter = Sitter()
    light: Light = Light()
    frame: Frame = Frame()
    yaw_degrees: float | None = None
    background: tuple[float, float, float] | None = None
    focal_mm: float | None = None
    aperture: float | None = None
    mood: str | None = None
    grade: str | None = None
