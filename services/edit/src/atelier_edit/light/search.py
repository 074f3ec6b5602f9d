"""The lamp that explains best how light lies on a face: a search over directions, strengths and sizes.

Brightness is light times albedo, and albedo is nearly the same at mirrored points of a face: the difference of their
logarithms is the light's alone, whatever beard, cheeks or make-up do. So pairs weigh most; single points only say what
pairs cannot, how high the light stands. Everything is compared in log light with a robust cost, over a coarse grid and
ever more finely around its best.
"""

from __future__ import annotations

import itertools
import math
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
# By how much more, of the lowest cost, a candidate is a third as likely.
_TELLS: Final = 0.05


def find_key(form: Form, evidence: Evidence, near: Lamp | None = None) -> tuple[Lamp, float]:
    """Return the key that explains the evidence, its intensity over an ambient light of 1, and its shadows' depth.

    A depth of 1 is that of shadows as the form throws them; less says that the picture does not show them so.
    `near` says where to begin; without it all directions are looked at first.
    """
    best, depth = near, 1.0
    if best is None:
        everywhere = itertools.product(_AZIMUTHS, _ELEVATIONS, (_MIDDLE_SOFTNESS,))
        best, _ = _cheapest(evidence, np.array(list(everywhere), np.float32), _STRENGTHS, None)
    for step, spread, softnesses, depths in _ROUNDS:
        seen = at_points(form, smoothed(form, visibility(form, best)))
        strengths = [max(0.0, (best.intensity + 0.05) * math.exp(spread * k) - 0.05) for k in range(-2, 3)]
        lamps = _around(best, step, softnesses or (best.softness,))
        found = {deep: _cheapest(evidence, lamps, strengths, 1 - np.float32(deep) * (1 - seen)) for deep in depths}
        depth = min(found, key=lambda deep: found[deep][1])
        best = found[depth][0]
    return best, depth


def _around(lamp: Lamp, step: float, softnesses: Sequence[float]) -> NDArray[np.float32]:
    """Return candidates (n, 3) around a lamp, azimuth, elevation, softness: 5 x 5 directions with each softness."""
    steps = np.arange(-2, 3) * step
    azimuths = lamp.azimuth_degrees + steps
    elevations = np.clip(lamp.elevation_degrees + steps, -80, 88)
    return np.array(list(itertools.product(azimuths, elevations, softnesses)), np.float32)


def _cheapest(
    evidence: Evidence, lamps: NDArray[np.float32], strengths: Sequence[float], seen: NDArray[np.float32] | None
) -> tuple[Lamp, float]:
    """Return which of some lamps (n, 3) leaves least unexplained, its intensity over an ambient of 1, and its cost."""
    used = evidence.weight > 0
    lit = _lit(evidence.normals, lamps)
    if seen is not None:
        lit *= seen
    strength = np.asarray(strengths, np.float32)
    # Candidates first, points last: (lamps, strengths, points).
    error = lit[:, None, :] * strength[:, None]
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
    cost += np.float32(_PRIOR) * _unlikely(lamps)[:, None] * (strength / (1 + strength))
    lowest = float(cost.min())
    # Candidates that are hardly worse count nearly as much: the mean moves little where the lowest would jump.
    share = np.exp((lowest - cost) / np.float32(_TELLS * lowest + 1e-4))
    share /= share.sum()
    azimuth, elevation, softness = (float(value) for value in share.sum(axis=1) @ lamps)
    return Lamp(azimuth, elevation, float(share.sum(axis=0) @ strength), softness), lowest


def _lit(normals: NDArray[np.float32], lamps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what points of some normals (n, 3) get from each of some lamps (m, 3), (m, n)."""
    azimuth, elevation = np.radians(lamps[:, 0]), np.radians(lamps[:, 1])
    level = np.cos(elevation)
    toward = np.stack([level * np.sin(azimuth), np.sin(elevation), level * np.cos(azimuth)], axis=-1)
    sizes = np.array([Lamp(0.0, 0.0, softness=float(softness)).size for softness in lamps[:, 2]], np.float32)
    return lambert(np.asarray(toward @ normals.T, np.float32), sizes[:, None])


def _mean_cost(error: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the robust cost of errors (…, n): a square near 0, bounded far away (Geman and McClure, 1987)."""
    square = error * error
    square /= square + np.float32(_ROBUST**2)
    return np.asarray(square @ weight / max(float(weight.sum()), 1e-6), np.float32)


def _unlikely(lamps: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((lamps[:, 0] / 45) ** 2 + ((lamps[:, 1] - _LIKELY_ELEVATION) / 35) ** 2, np.float32)
