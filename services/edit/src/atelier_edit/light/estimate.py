"""What light a portrait was taken in: one key and an ambient light, found from how bright the skin's points are.

Brightness is light times albedo, and albedo is nearly the same at mirrored points of a face: the difference of their
logarithms is the light's alone, whatever beard, cheeks or make-up do. So pairs weigh most; single points only say what
pairs cannot, how high the light stands. Everything is compared in log light with a robust cost, over a grid of
directions and ratios and once more finely around the best.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.form.symmetry import LEFT, RIGHT
from atelier_edit.light.rig import Lamp, Rig
from atelier_edit.light.shading import ambient, facing, lambert
from atelier_edit.light.shadows import visibility

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_edit.form.form import Form

# Skin is looked at through a blur of this share of the pupils' distance: pores and hairs say nothing about light.
_BLUR: Final = 0.06
_AZIMUTHS: Final = np.arange(-105, 106, 15)
_ELEVATIONS: Final = np.arange(-15, 76, 15)
# Candidates of the key over the ambient light, and of its softness.
_STRENGTHS: Final = (0.0, 0.3, 0.7, 1.3, 2.2, 3.8, 7.0, 14.0)
_SOFTNESSES: Final = (0.15, 0.4, 0.7)
_MIDDLE_SOFTNESS: Final = 0.4
# Rounds of refinement: the step in degrees, and by which factors strengths are spread.
_ROUNDS: Final = ((6.0, 0.3), (2.0, 0.12))
# A single point counts as much as this share of a pair: its albedo is its own.
_SINGLE: Final = 0.6
# Differences of log light beyond this are somebody's mole, beard or glasses.
_ROBUST: Final = 0.25
# Most of what the rig leaves unexplained between mirrored points, in log light; how sure both must be; and how smooth
# it is over the face, in pupil distances.
_MOST_UNEVEN: Final = 0.7
_TRUSTED: Final = 0.5
_UNEVEN_BLUR: Final = 0.07
# The median is taken of every so many points.
_MEDIAN_OF: Final = 3
# A key straight ahead and above is likelier than any other, where nothing speaks against it.
_LIKELY_ELEVATION: Final = 35.0
_PRIOR: Final = 0.001


@dataclass(frozen=True, slots=True, eq=False)
class SourceLight:
    """The light of a picture: its rig, where a surface that faces the key gets 1, and how sure it is, 0..1.

    `explained` (h, w) is the light of that rig on every node of the form. `shading` (h, w) is what really lies there:
    what mirrored points of the face tell of shadows and further lamps is added, `uneven` in log light.
    """

    rig: Rig
    confidence: float
    explained: NDArray[np.float32]
    shading: NDArray[np.float32]
    uneven: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """Log light (n,) and normals (n, 3) of single points, and the same of pairs (m, 2)."""

    normals: NDArray[np.float32]
    light: NDArray[np.float32]
    weight: NDArray[np.float32]
    openness: NDArray[np.float32]
    right: NDArray[np.intp]
    left: NDArray[np.intp]


def estimate(form: Form, luminance: NDArray[np.float32]) -> SourceLight:
    """Find the light of a picture from its linear luminance (h, w) on the form's grid."""
    evidence = _evidence(form, luminance)
    coarse = itertools.product(_AZIMUTHS.tolist(), _ELEVATIONS.tolist())
    best = _search(evidence, [Lamp(a, e, softness=_MIDDLE_SOFTNESS) for a, e in coarse], _STRENGTHS, None)
    for step, spread in _ROUNDS:
        smooth = cv2.GaussianBlur(visibility(form, best), (0, 0), _BLUR * form.unit)
        seen = _at_points(form, np.asarray(smooth, np.float32))
        strengths = [max(0.0, (best.intensity + 0.05) * math.exp(spread * k) - 0.05) for k in range(-3, 4)]
        best = _search(evidence, _around(best, step), strengths, seen)
    scale = 1 / (1 + best.intensity)
    rig = Rig(replace(best, intensity=best.intensity * scale), ambient=scale)
    explained = shading_of(form, rig)
    uneven = _uneven(form, evidence, explained)
    return SourceLight(rig, _confidence(best.intensity), explained, explained * np.exp(uneven), uneven)


def _around(lamp: Lamp, step: float) -> list[Lamp]:
    """Return candidates around a lamp: 5 x 5 directions, each with every softness."""
    return [
        replace(
            lamp,
            azimuth_degrees=lamp.azimuth_degrees + step * i,
            elevation_degrees=float(np.clip(lamp.elevation_degrees + step * j, -80, 88)),
            softness=softness,
        )
        for i, j, softness in itertools.product(range(-2, 3), range(-2, 3), _SOFTNESSES)
    ]


def shading_of(form: Form, rig: Rig) -> NDArray[np.float32]:
    """Return the light (h, w) that a key and an ambient light throw on a form, cast shadows included."""
    key = rig.key
    seen = visibility(form, key)
    lit = lambert(form.normals @ key.direction, key.size) * seen
    return np.asarray(key.intensity * lit + rig.ambient * ambient(form.normals) * form.openness, np.float32)


def _uneven(form: Form, evidence: _Evidence, explained: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the log light (h, w) that tells mirrored points of a face apart and that the rig leaves unexplained."""
    left_over = evidence.light - np.log(np.maximum(_at_points(form, explained), 1e-3))
    both = np.minimum(evidence.weight[evidence.right], evidence.weight[evidence.left])
    half = np.clip((left_over[evidence.right] - left_over[evidence.left]) / 2, -_MOST_UNEVEN, _MOST_UNEVEN)
    half *= np.clip(both / _TRUSTED, 0, 1)
    at_points = np.zeros((len(left_over), 1), np.float32)
    at_points[evidence.right, 0] = half
    at_points[evidence.left, 0] = -half
    drawn = form.raster.values(at_points)
    smooth = cv2.GaussianBlur(drawn[..., 0] * form.face, (0, 0), _UNEVEN_BLUR * form.unit)
    return np.asarray(smooth, np.float32)


def _confidence(strength: float) -> float:
    return float(1 - np.exp(-strength))


@cache
def usual_albedo() -> NDArray[np.float32]:
    """Return the log albedo (468,) that skin usually has at each point of the mesh, up to a constant.

    The median over some 380 official portraits of what a key 35° above the lens leaves unexplained, made symmetric.
    """
    with resources.files("atelier_edit.light").joinpath("albedo.npy").open("rb") as file:
        return np.asarray(np.load(file), np.float32)


def _evidence(form: Form, luminance: NDArray[np.float32]) -> _Evidence:
    weight = form.skin * form.face
    sigma = _BLUR * form.unit
    total = cv2.GaussianBlur(weight, (0, 0), sigma)
    smooth = cv2.GaussianBlur(luminance * weight, (0, 0), sigma) / (total + np.float32(1e-4))
    light = np.log(np.maximum(_at_points(form, np.asarray(smooth, np.float32)), 1e-4))
    trust = _at_points(form, np.asarray(total * form.face, np.float32))
    # The normals that the picture is lit by, rather than the mesh's own.
    normals = np.stack([_at_points(form, np.ascontiguousarray(form.normals[..., i])) for i in range(3)], axis=-1)
    trust = np.where(trust > 0.3, trust, 0) * np.clip(normals[:, 2] / 0.35, 0, 1)
    return _Evidence(
        normals,
        (light - usual_albedo()).astype(np.float32),
        trust.astype(np.float32),
        _at_points(form, form.openness),
        np.array(RIGHT),
        np.array(LEFT),
    )


def _at_points(form: Form, field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample a field (h, w) at the mesh's points."""
    x, y = (np.ascontiguousarray(form.points[:, i]).reshape(-1, 1) for i in range(2))
    found = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(-1)


def _search(
    evidence: _Evidence, lamps: Sequence[Lamp], strengths: Sequence[float], seen: NDArray[np.float32] | None
) -> Lamp:
    """Return the cheapest candidate, its strength over an ambient light of 1 as its intensity."""
    used = evidence.weight > 0
    normals, weight = evidence.normals[used], evidence.weight[used]
    lit = np.stack([lambert(facing(normals, lamp), lamp.size) for lamp in lamps])
    if seen is not None:
        lit *= seen[used]
    # Candidates first, points last: (lamps, strengths, points).
    error = lit[:, None, :] * np.asarray(strengths, np.float32)[:, None]
    error += ambient(normals) * evidence.openness[used]
    np.log(error, out=error)
    np.subtract(evidence.light[used], error, out=error)
    right, left = _pairs(evidence, used)
    cost = _mean_cost(error[..., right] - error[..., left], np.minimum(weight[right], weight[left]))
    error -= np.median(error[..., ::_MEDIAN_OF], axis=-1, keepdims=True)
    cost += np.float32(_SINGLE) * _mean_cost(error, weight)
    share = np.asarray(strengths, np.float32) / (1 + np.asarray(strengths, np.float32))
    cost += np.float32(_PRIOR) * np.array([_unlikely(lamp) for lamp in lamps], np.float32)[:, None] * share
    one, strength = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return replace(lamps[int(one)], intensity=float(strengths[int(strength)]))


def _pairs(evidence: _Evidence, used: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where, among the used points, both of a pair are."""
    place = np.cumsum(used) - 1
    both = used[evidence.right] & used[evidence.left]
    return place[evidence.right[both]], place[evidence.left[both]]


def _mean_cost(error: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the robust cost of errors (…, n): a square near 0, bounded far away (Geman and McClure, 1987)."""
    square = error * error
    square /= square + np.float32(_ROBUST**2)
    return np.asarray(square @ weight / max(float(weight.sum()), 1e-6), np.float32)


def _unlikely(lamp: Lamp) -> float:
    return (lamp.azimuth_degrees / 45) ** 2 + ((lamp.elevation_degrees - _LIKELY_ELEVATION) / 35) ** 2
