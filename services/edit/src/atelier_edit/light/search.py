"""The lamp that explains best how light lies on a face: a search over directions, strengths and sizes.

Brightness is light times albedo, and albedo is nearly the same at mirrored points of a face: the difference of their
logarithms is the light's alone, whatever beard, cheeks or make-up do. So pairs weigh most; single points only say what
pairs cannot, how high the light stands. Everything is compared in log light with a robust cost, over a coarse grid and
ever more finely around its best.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_edit.light.evidence import at_points, smoothed
from atelier_edit.light.rig import Lamp
from atelier_edit.light.shading import ambient, lambert
from atelier_edit.light.shadows import visibility

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.evidence import Evidence

_AZIMUTHS: Final = range(-105, 106, 15)
_ELEVATIONS: Final = range(-15, 76, 15)
# Candidates of the key over the ambient light, and of its softness.
_STRENGTHS: Final = (0.0, 0.3, 0.7, 1.3, 2.2, 3.8, 7.0, 14.0)
_SOFTNESSES: Final = (0.15, 0.4, 0.7)
_MIDDLE_SOFTNESS: Final = 0.4
# How deep shadows may be, against those that the form throws.
_DEPTHS: Final = (1.0, 0.6, 0.2)
# Rounds of refinement: the step in degrees, by which factors strengths are spread, which softnesses (that found, where
# none is named) and which depths are tried.
_ROUNDS: Final = ((6.0, 0.35, _SOFTNESSES, (1.0,)), (2.0, 0.15, (), _DEPTHS))
# A single point counts as much as this share of a pair: its albedo is its own.
_SINGLE: Final = 0.6
# Differences of log light beyond this are somebody's mole, beard or glasses.
_ROBUST: Final = 0.25
# Of single points every second is looked at, and the median is taken of every third of those.
_SINGLES_OF: Final = 2
_MEDIAN_OF: Final = 3
# A key straight ahead and above is likelier than any other, where nothing speaks against it.
_LIKELY_ELEVATION: Final = 35.0
_PRIOR: Final = 0.001


def find_key(form: Form, evidence: Evidence, near: Lamp | None = None) -> tuple[Lamp, float]:
    """Return the key that explains the evidence, its intensity over an ambient light of 1, and its shadows' depth.

    A depth of 1 is that of shadows as the form throws them; less says that the picture does not show them so.
    `near` says where to begin; without it all directions are looked at first.
    """
    best = near if near is not None else _cheapest(evidence, _everywhere(), _STRENGTHS, None)[0]
    depth = 1.0
    for step, spread, softnesses, depths in _ROUNDS:
        seen = at_points(form, smoothed(form, visibility(form, best)))
        strengths = [max(0.0, (best.intensity + 0.05) * math.exp(spread * k) - 0.05) for k in range(-2, 3)]
        candidates = _around(best, step, softnesses or (best.softness,))
        found = {deep: _cheapest(evidence, candidates, strengths, 1 - np.float32(deep) * (1 - seen)) for deep in depths}
        depth = min(found, key=lambda deep: found[deep][1])
        best = found[depth][0]
    return best, depth


def _everywhere() -> list[Lamp]:
    return [
        Lamp(float(azimuth), float(elevation), softness=_MIDDLE_SOFTNESS)
        for azimuth, elevation in itertools.product(_AZIMUTHS, _ELEVATIONS)
    ]


def _around(lamp: Lamp, step: float, softnesses: Sequence[float]) -> list[Lamp]:
    """Return candidates around a lamp: 5 x 5 directions, each with every softness."""
    return [
        replace(
            lamp,
            azimuth_degrees=lamp.azimuth_degrees + step * i,
            elevation_degrees=float(np.clip(lamp.elevation_degrees + step * j, -80, 88)),
            softness=softness,
        )
        for i, j, softness in itertools.product(range(-2, 3), range(-2, 3), softnesses)
    ]


def _cheapest(
    evidence: Evidence, lamps: Sequence[Lamp], strengths: Sequence[float], seen: NDArray[np.float32] | None
) -> tuple[Lamp, float]:
    """Return the candidate that leaves least unexplained, its intensity over an ambient light of 1, and its cost."""
    used = evidence.weight > 0
    lit = _lambert_of(evidence.normals, lamps)
    if seen is not None:
        lit *= seen
    # Candidates first, points last: (lamps, strengths, points).
    error = lit[:, None, :] * np.asarray(strengths, np.float32)[:, None]
    error += ambient(evidence.normals) * evidence.openness
    np.log(error, out=error)
    np.subtract(evidence.light, error, out=error)
    both = used[evidence.right] & used[evidence.left]
    right, left = evidence.right[both], evidence.left[both]
    uneven = np.take(error, right, axis=-1) - np.take(error, left, axis=-1)
    cost = _mean_cost(uneven, np.minimum(evidence.weight[right], evidence.weight[left]))
    single = np.take(error, np.flatnonzero(used)[::_SINGLES_OF], axis=-1)
    single -= np.median(single[..., ::_MEDIAN_OF], axis=-1, keepdims=True)
    cost += np.float32(_SINGLE) * _mean_cost(single, evidence.weight[used][::_SINGLES_OF])
    share = np.asarray(strengths, np.float32) / (1 + np.asarray(strengths, np.float32))
    cost += np.float32(_PRIOR) * np.array([_unlikely(lamp) for lamp in lamps], np.float32)[:, None] * share
    one, strength = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return replace(lamps[int(one)], intensity=float(strengths[int(strength)])), float(cost.min())


def _lambert_of(normals: NDArray[np.float32], lamps: Sequence[Lamp]) -> NDArray[np.float32]:
    """Return what points of some normals (n, 3) get from each of some lamps, (lamps, n)."""
    cosines = np.stack([lamp.direction for lamp in lamps]) @ normals.T
    return np.stack([lambert(cosine, lamp.size) for cosine, lamp in zip(cosines, lamps, strict=True)])


def _mean_cost(error: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the robust cost of errors (…, n): a square near 0, bounded far away (Geman and McClure, 1987)."""
    square = error * error
    square /= square + np.float32(_ROBUST**2)
    return np.asarray(square @ weight / max(float(weight.sum()), 1e-6), np.float32)


def _unlikely(lamp: Lamp) -> float:
    return (lamp.azimuth_degrees / 45) ** 2 + ((lamp.elevation_degrees - _LIKELY_ELEVATION) / 35) ** 2
