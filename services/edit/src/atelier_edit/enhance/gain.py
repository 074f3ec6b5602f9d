"""How strongly the detail of each octave and place is brought out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.enhance.bands import LEVELS, Bands, collapsed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_edit.enhance.view import View

# Of a level's power, this many times the power of noise is taken for noise: noise is uneven, and what is left of it
# would be seen first in smooth places.
_NOISE_MARGIN: Final = 2.5
_ENERGY_PIXELS: Final = 5
# How far a result may leave the range of the source around a pixel, as a share of that range: little at edges, so that
# no halo appears; half at faint texture, whose every pore is an extreme of its own.
_OVERSHOOT_AT_EDGES: Final = 0.02
_OVERSHOOT_OF_TEXTURE: Final = 0.5
_EDGE: Final = 0.07
# What a result may not leave is looked for near by; how large the step of an edge is, across all of the edge.
_NEAR_PIXELS: Final = 5
_EDGE_PIXELS: Final = 9


@dataclass(frozen=True, slots=True)
class Tuning:
    """What a control of 100 does: gain on detail whose waves are up to `fine` long, falling to none at `coarse`.

    Lengths are in distances between the pupils.
    """

    gain: float
    fine: float
    coarse: float

    def at(self, wave: float) -> float:
        """Return the gain on waves of a length."""
        share = np.clip(np.log(self.coarse / wave) / np.log(self.coarse / self.fine), 0.0, 1.0)
        return self.gain * float(share)


SKIN: Final = Tuning(gain=0.32, fine=0.06, coarse=0.20)
EYES: Final = Tuning(gain=1.1, fine=0.05, coarse=0.15)
LIPS: Final = Tuning(gain=0.9, fine=0.08, coarse=0.25)
HAIR: Final = Tuning(gain=0.9, fine=0.10, coarse=0.30)


def wave(level: int, interocular: float) -> float:
    """Return the middle length of a level's waves, in distances between the pupils."""
    return float(2 ** (level + 1.5) / max(interocular, 1.0))


def levels_needed(interocular: float) -> int:
    """Return how many octaves reach to the coarsest detail that any control brings out."""
    coarsest = max(tuning.coarse for tuning in (SKIN, EYES, LIPS, HAIR))
    return max(1, min(LEVELS, sum(wave(level, interocular) < coarsest for level in range(LEVELS))))


def brought_out(
    bands: Bands,
    weights: Sequence[tuple[Tuning, NDArray[np.float32]]],
    floors: Sequence[float],
    steady: Sequence[NDArray[np.float32]],
    view: View,
) -> NDArray[np.float32]:
    """Return what is added to the lightness (h, w) of a view: each octave, as strongly as its places ask.

    `weights` pairs tunings with float32 (h, w), 0..1: how far each is asked for, and where. `floors` is the deviation
    of noise in each octave, which is never brought out. `steady` are parts (h, w), 0..1, that become neither brighter
    nor darker as a whole.
    """
    added = []
    for level, detail in enumerate(bands.detail):
        size = detail.shape[::-1]
        gain = np.zeros(detail.shape, np.float32)
        for tuning, weight in weights:
            strength = tuning.at(wave(level, view.interocular))
            if strength > 0:
                gain += np.float32(strength) * cv2.resize(weight, size, interpolation=cv2.INTER_AREA)
        added.append(detail * gain * above_noise(detail, floors[level]))
    least, greatest = limits(view.lightness)
    total = _steadied(collapsed(tuple(added)), steady)
    return np.asarray(np.clip(total, least - view.lightness, greatest - view.lightness), np.float32)


def _steadied(added: NDArray[np.float32], parts: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    """Take the mean off what is added within each of some parts, float32 (h, w), 0..1.

    So an iris beside its white becomes no darker as a whole: its colour is what people know.
    """
    for part in parts:
        total = float(part.sum())
        if total > 0:
            added = added - part * np.float32(float((added * part).sum()) / total)
    return added


def above_noise(detail: NDArray[np.float32], floor: float) -> NDArray[np.float32]:
    """Return the share (h, w) of local power that is no noise: Wiener's gain, from the power around each pixel."""
    if floor == 0.0:
        return np.ones_like(detail)
    power = cv2.blur(detail * detail, (_ENERGY_PIXELS, _ENERGY_PIXELS))
    return np.asarray(
        np.maximum(1 - np.float32(_NOISE_MARGIN * floor**2) / np.maximum(power, np.float32(1e-12)), 0), np.float32
    )


def limits(lightness: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the least and the greatest lightness (h, w) that each pixel may take without an overshoot that shows."""
    low, high = _range(lightness, _NEAR_PIXELS)
    least, greatest = _range(lightness, _EDGE_PIXELS)
    step = greatest - least
    room = step * (_OVERSHOOT_AT_EDGES + _OVERSHOOT_OF_TEXTURE / (1 + (step * np.float32(1 / _EDGE)) ** 2))
    return np.asarray(low - room, np.float32), np.asarray(high + room, np.float32)


def _range(lightness: NDArray[np.float32], side: int) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the least and the greatest lightness within a square around each pixel."""
    window = np.ones((side, side), np.uint8)
    return np.asarray(cv2.erode(lightness, window), np.float32), np.asarray(cv2.dilate(lightness, window), np.float32)
