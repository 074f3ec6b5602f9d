"""The lights that relighting is measured with: eight ways from one studio light to another."""

from __future__ import annotations

from typing import Final

from tests.services.edit.truth.render import Lamp, Light


def _lit(azimuth: float, elevation: float, ambient: float, softness: float = 0.25, fill: Lamp | None = None) -> Light:
    key = Lamp(azimuth, elevation, 1.0, softness)
    return Light((key,) if fill is None else (key, fill), ambient)


LIGHTS: Final[dict[str, Light]] = {
    "flat": _lit(0, 15, 0.6, 0.7),
    "overcast": _lit(0, 60, 0.5, 0.9),
    "butterfly": _lit(0, 45, 0.25),
    "loop_left": _lit(35, 30, 0.15, fill=Lamp(-30, 0, 0.2, 0.6)),
    "loop_right": _lit(-35, 30, 0.15, fill=Lamp(30, 0, 0.2, 0.6)),
    "rembrandt_left": _lit(48, 42, 0.22),
    "rembrandt_right": _lit(-48, 42, 0.22),
    "split_left": _lit(85, 8, 0.25, 0.35),
    "window_left": _lit(60, 15, 0.25, 0.55),
}
"""Left and right are the subject's own, as everywhere."""

PAIRS: Final[tuple[tuple[str, str], ...]] = (
    ("flat", "rembrandt_left"),
    ("loop_right", "loop_left"),
    ("butterfly", "split_left"),
    ("window_left", "rembrandt_right"),
    ("overcast", "butterfly"),
    ("rembrandt_left", "flat"),
    ("loop_left", "window_left"),
    ("flat", "loop_right"),
)
