"""What a new light does to the background: nearer to the key it is brighter, away from it it falls off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_edit.light.kelvin import tint

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.rig import Rig

# Stops between the two sides of a head's surroundings at full falloff, and how far they reach at most.
_SLOPE: Final = 0.55
_FARTHEST: Final = 1.5
# A wall takes this share of the key's colour: other light falls on it too.
_COLOUR_OF_KEY: Final = 0.5
# A background of full warmth keeps a quarter of its own colour.
_GREY_PER_WARMTH: Final = 0.75
_WARM_KELVIN: Final = 3400.0
_COOL_KELVIN: Final = 9500.0


@dataclass(frozen=True, slots=True)
class Backdrop:
    """What is asked of a background: falloff 0..1, stops, and warmth -1..1."""

    falloff: float
    stops: float
    warmth: float


def background_grey(backdrop: Backdrop) -> float:
    """Return how much of its own colour a background loses, 0..1: a blue wall in amber light would be green."""
    return _GREY_PER_WARMTH * abs(backdrop.warmth)


def background_gain(form: Form, rig: Rig, backdrop: Backdrop, space: ColorSpace) -> NDArray[np.float32]:
    """Return the factors (h, w, 3) on the linear light of the background, on the form's grid."""
    height, width = form.person.shape
    x = (np.arange(width, dtype=np.float32) - form.points[1, 0]) / (3 * form.unit)
    y = (form.points[1, 1] - np.arange(height, dtype=np.float32)) / (3 * form.unit)
    side, up = float(rig.key.direction[0]), float(rig.key.direction[1])
    reach = side * x[None, :] + up * y[:, None] + (abs(side) + abs(up)) * -0.35
    smooth = _FARTHEST * np.tanh(_SLOPE * reach / _FARTHEST * 2)
    stops = backdrop.falloff * smooth + backdrop.stops
    colour = tint(rig.key.kelvin, space) ** np.float32(_COLOUR_OF_KEY)
    if backdrop.warmth:
        toward = tint(_WARM_KELVIN if backdrop.warmth > 0 else _COOL_KELVIN, space)
        colour = colour * toward ** np.float32(abs(backdrop.warmth))
    return np.asarray(np.exp2(stops)[..., None] * colour, np.float32)
