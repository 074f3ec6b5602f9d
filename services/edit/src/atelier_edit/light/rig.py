"""Lamps around a head, as values.

Azimuth runs from 0 at the lens to 90 at the subject's left, which is the picture's right, and 180 behind the head;
elevation is above the eyes. Directions have x to the picture's right, y upwards and z towards the lens.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

# The angular radius of the softest source has this sine: nearly a dome.
_LARGEST_SOURCE: Final = 0.95
_SMALLEST_SOURCE: Final = 0.03


@dataclass(frozen=True, slots=True)
class Lamp:
    """One source: where it stands, in degrees, how strong it is, how soft, and its colour.

    `intensity` is in linear light, where 1 lights a facing surface as strongly as the picture is lit now; `softness` is
    0 (a point) to 1 (a dome); `kelvin` None is the colour of the picture's own light.
    """

    azimuth_degrees: float
    elevation_degrees: float
    intensity: float = 1.0
    softness: float = 0.5
    kelvin: float | None = None

    @property
    def direction(self) -> NDArray[np.float32]:
        """Return the unit vector (3,) towards the lamp."""
        azimuth, elevation = math.radians(self.azimuth_degrees), math.radians(self.elevation_degrees)
        flat = math.cos(elevation)
        return np.array([flat * math.sin(azimuth), math.sin(elevation), flat * math.cos(azimuth)], np.float32)

    @property
    def parameters(self) -> dict[str, object]:
        """Give the lamp as the report says it: the fields of `atelier.v1.Lamp`."""
        told: dict[str, object] = {
            "azimuth_degrees": round(self.azimuth_degrees, 1),
            "elevation_degrees": round(self.elevation_degrees, 1),
            "intensity": round(self.intensity, 3),
            "softness": round(self.softness, 3),
        }
        return told if self.kelvin is None else told | {"kelvin": round(self.kelvin)}

    @property
    def size(self) -> float:
        """Return the sine of the source's angular radius."""
        return _SMALLEST_SOURCE + (_LARGEST_SOURCE - _SMALLEST_SOURCE) * self.softness


@dataclass(frozen=True, slots=True)
class Rig:
    """A set of lamps: the key gives the form, the fill opens its shadows, the rim parts the person from the background.

    `ambient` comes from everywhere, in the unit of `Lamp.intensity`. `ratio` is the light on the lit side of the face
    over that on its shadow side; where it is given, fill and ambient are scaled to make it.
    """

    key: Lamp
    fill: Lamp | None = None
    rim: Lamp | None = None
    ambient: float = 0.1
    ratio: float | None = None
    ambient_kelvin: float | None = None

    @property
    def contrast(self) -> float:
        """Return how much more light a surface that faces the key gets than one that the key does not reach."""
        opened = self.ambient + (self.fill.intensity if self.fill is not None else 0.0)
        return (self.key.intensity + opened) / max(opened, 1e-6)

    @property
    def parameters(self) -> dict[str, object]:
        """Give the rig as the report says it: the fields of `atelier.v1.LightRig`."""
        lamps = {"key": self.key, "fill": self.fill, "rim": self.rim}
        told: dict[str, object] = {name: lamp.parameters for name, lamp in lamps.items() if lamp is not None}
        told["ambient"] = round(self.ambient, 3)
        if self.ambient_kelvin is not None:
            told["ambient_kelvin"] = round(self.ambient_kelvin)
        if self.ratio is not None:
            told["ratio"] = round(self.ratio, 2)
        return told


# What a lamp is where nothing is said of it (`atelier.v1.Lamp`).
KEY: Final = Lamp(45.0, 45.0, 1.0)
FILL: Final = Lamp(-45.0, 0.0, 0.25)
RIM: Final = Lamp(150.0, 30.0, 0.0)
