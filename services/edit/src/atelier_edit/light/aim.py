"""Lamps moved until the light that can be read off the face is the one that was asked for.

What of the old light could not be told from skin stays in the picture and mixes with the new one. A photographer would
meter and move the lamp a little; so does this: the picture in the new light is read as any picture, and key and ratio
go the other way by what they are found off.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.color import luminance_weights

from atelier_edit.light.contrast import ratio_of, skin_nodes
from atelier_edit.light.estimate import shading_of
from atelier_edit.light.evidence import evidence_of
from atelier_edit.light.kelvin import tint
from atelier_edit.light.rig import Lamp, Rig
from atelier_edit.light.search import find_key
from atelier_edit.light.shading import opened, thrown

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.estimate import SourceLight

# How far lamps are moved at most, and by how much a ratio is changed.
_FARTHEST_DEGREES: Final = 12.0
_MOST: Final = 1.5
# The scatter of green light in skin, as a source's size.
_SCATTER: Final = 0.06
# Below this ratio a face is lit so evenly that its light has no direction to correct.
_DIRECTED: Final = 1.6


@dataclass(frozen=True, slots=True, eq=False)
class Skin:
    """The mean linear colour (3,) of a face's skin, in a space."""

    color: NDArray[np.float32]
    space: ColorSpace

    def brightness(self, kelvin: float | None) -> float:
        """Return how bright the skin is in a light of some temperature, against its own light."""
        weights = luminance_weights(self.space) * self.color
        return float(weights @ tint(kelvin, self.space) / max(float(weights.sum()), 1e-6))


def aimed(
    form: Form, source: SourceLight, rig: Rig, ratio: float, seen: NDArray[np.float32], skin: Skin
) -> tuple[Lamp, float]:
    """Return the key and the ratio that are to be set up so that `rig`, made for a `ratio`, is what can be read.

    `seen` (h, w) is how much of the rig's key each node sees.
    """
    wanted = _light(form, _as_seen(rig, skin), seen)
    turned = source.luminance * wanted / np.maximum(source.shading, np.float32(1e-3))
    evidence = evidence_of(form, np.asarray(turned, np.float32))
    start = replace(rig.key, intensity=rig.key.intensity / max(rig.ambient, 1e-3))
    found, depth = find_key(form, evidence, near=start)
    read = shading_of(form, Rig(found, ambient=1.0), depth)
    off = ratio_of(read[skin_nodes(form)]) / ratio
    corrected = max(1.0, ratio / float(np.clip(off, 1 / _MOST, _MOST)))
    if ratio < _DIRECTED:
        return rig.key, corrected
    turn = float(np.clip(rig.key.azimuth_degrees - found.azimuth_degrees, -_FARTHEST_DEGREES, _FARTHEST_DEGREES))
    return replace(rig.key, azimuth_degrees=rig.key.azimuth_degrees + turn), corrected


def _as_seen(rig: Rig, skin: Skin) -> Rig:
    """Return a rig whose intensities are those that the skin's brightness shows: warm light shows more than cool."""
    key, fill = (
        None if lamp is None else replace(lamp, intensity=lamp.intensity * skin.brightness(lamp.kelvin))
        for lamp in (rig.key, rig.fill)
    )
    return replace(rig, key=key or rig.key, fill=fill, ambient=rig.ambient * skin.brightness(rig.ambient_kelvin))


def _light(form: Form, rig: Rig, seen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the light (h, w) of key, fill and ambient on a form, scattered as green light is in skin."""
    light = rig.key.intensity * thrown(form, rig.key, seen, _SCATTER) + rig.ambient * opened(form)
    if rig.fill is not None:
        light = light + rig.fill.intensity * thrown(form, rig.fill, np.ones_like(seen), _SCATTER)
    return np.asarray(np.maximum(light, 1e-3), np.float32)
