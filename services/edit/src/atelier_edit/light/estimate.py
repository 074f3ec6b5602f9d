"""What light a portrait was taken in: one key and an ambient light, found from how bright the skin's points are.

Brightness is light times albedo, and albedo is nearly the same at mirrored points of a face: the difference of their
logarithms is the light's alone, whatever beard, cheeks or make-up do. So pairs weigh most; single points only say what
pairs cannot, how high the light stands. Everything is compared in log light with a robust cost, over a grid of
directions and ratios and once more finely around the best.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.form.symmetry import LEFT, RIGHT
from atelier_edit.light.rig import Lamp, Rig
from atelier_edit.light.shading import ambient, lambert
from atelier_edit.light.shadows import visibility

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form

# Skin is looked at through a blur of this share of the pupils' distance: pores and hairs say nothing about light.
_BLUR: Final = 0.06
_AZIMUTHS: Final = np.arange(-100, 101, 10)
_ELEVATIONS: Final = np.arange(-20, 81, 10)
# Candidates of the key over the ambient light.
_STRENGTHS: Final = np.array([0.0, 0.25, 0.5, 0.8, 1.2, 1.8, 2.6, 4.0, 6.5, 11.0], np.float32)
_SOFTNESS: Final = 0.4
# A single point counts as much as this share of a pair: its albedo is its own.
_SINGLE: Final = 0.6
# Differences of log light beyond this are somebody's mole, beard or glasses.
_ROBUST: Final = 0.25
# A key straight ahead and above is likelier than any other, where nothing speaks against it.
_LIKELY_ELEVATION: Final = 35.0
_PRIOR: Final = 0.004


@dataclass(frozen=True, slots=True, eq=False)
class SourceLight:
    """The light of a picture: its rig, where a surface that faces the key gets 1, and how sure it is, 0..1.

    `shading` (h, w) is the light on every node of the form; `residual` the part of its spread over the face, in log
    light, that the rig does not explain.
    """

    rig: Rig
    confidence: float
    shading: NDArray[np.float32]


@dataclass(frozen=True, slots=True, eq=False)
class _Evidence:
    """Log light (n,) and normals (n, 3) of single points, and the same of pairs (m, 2)."""

    normals: NDArray[np.float32]
    light: NDArray[np.float32]
    weight: NDArray[np.float32]
    right: NDArray[np.intp]
    left: NDArray[np.intp]


def estimate(form: Form, luminance: NDArray[np.float32]) -> SourceLight:
    """Find the light of a picture from its linear luminance (h, w) on the form's grid."""
    evidence = _evidence(form, luminance)
    seen = np.ones(len(evidence.light), np.float32)
    directions = np.stack(np.meshgrid(_AZIMUTHS, _ELEVATIONS), axis=-1).reshape(-1, 2).astype(np.float32)
    azimuth, elevation, strength = _search(evidence, directions, _STRENGTHS, seen)
    for step in (4.0, 1.5):
        lamp = Lamp(azimuth, elevation, softness=_SOFTNESS)
        seen = _at_points(form, visibility(form, lamp))
        near = np.stack(np.meshgrid(np.arange(-2, 3), np.arange(-2, 3)), axis=-1).reshape(-1, 2) * step
        around = np.asarray(near + np.array([azimuth, elevation]), np.float32)
        strengths = np.asarray((strength + 0.05) * np.exp(np.linspace(-0.1, 0.1, 9) * step) - 0.05, np.float32)
        azimuth, elevation, strength = _search(evidence, around, np.maximum(strengths, 0), seen)
    scale = 1 / (1 + strength)
    rig = Rig(Lamp(azimuth, elevation, strength * scale, _SOFTNESS), ambient=scale)
    return SourceLight(rig, _confidence(strength), shading_of(form, rig))


def shading_of(form: Form, rig: Rig) -> NDArray[np.float32]:
    """Return the light (h, w) that a key and an ambient light throw on a form, cast shadows included."""
    key = rig.key
    seen = visibility(form, key)
    lit = lambert(form.normals @ key.direction, key.size) * seen
    return np.asarray(key.intensity * lit + rig.ambient * ambient(form.normals), np.float32)


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
    trust = np.where(trust > 0.3, trust, 0) * np.clip(form.point_normals[:, 2] / 0.35, 0, 1)
    return _Evidence(
        form.point_normals,
        (light - usual_albedo()).astype(np.float32),
        trust.astype(np.float32),
        np.array(RIGHT),
        np.array(LEFT),
    )


def _at_points(form: Form, field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample a field (h, w) at the mesh's points."""
    x, y = (np.ascontiguousarray(form.points[:, i]).reshape(-1, 1) for i in range(2))
    found = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(-1)


def _search(
    evidence: _Evidence,
    directions: NDArray[np.float32],
    strengths: NDArray[np.float32],
    seen: NDArray[np.float32],
) -> tuple[float, float, float]:
    """Return azimuth, elevation and strength of the cheapest candidate."""
    used = evidence.weight > 0
    normals, weight = evidence.normals[used], evidence.weight[used]
    toward = np.stack([Lamp(float(a), float(e)).direction for a, e in directions], axis=-1)
    lit = lambert(np.asarray(normals @ toward, np.float32), Lamp(0, 0, softness=_SOFTNESS).size) * seen[used, None]
    model = np.log(ambient(normals)[:, None, None] + lit[..., None] * strengths)
    error = evidence.light[used][:, None, None] - model
    pair = _pairs(evidence, used)
    uneven = error[pair[0]] - error[pair[1]]
    pair_weight = np.minimum(weight[pair[0]], weight[pair[1]])
    error = np.asarray(error - np.median(error, axis=0), np.float32)
    cost = _mean_cost(uneven, pair_weight) + _SINGLE * _mean_cost(error, weight)
    cost = cost + _PRIOR * _unlikely(directions)[:, None] * (strengths / (1 + strengths))
    best = np.unravel_index(int(np.argmin(cost)), cost.shape)
    return float(directions[best[0], 0]), float(directions[best[0], 1]), float(strengths[best[1]])


def _pairs(evidence: _Evidence, used: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where, among the used points, both of a pair are."""
    place = np.cumsum(used) - 1
    both = used[evidence.right] & used[evidence.left]
    return place[evidence.right[both]], place[evidence.left[both]]


def _mean_cost(error: NDArray[np.float32], weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """Average the robust cost of errors (n, …): a square near 0, bounded far away (Geman and McClure, 1987)."""
    square = np.asarray(error * error, np.float32)
    square /= square + np.float32(_ROBUST**2)
    return np.asarray(np.tensordot(weight, square, axes=1) / max(float(weight.sum()), 1e-6), np.float32)


def _unlikely(directions: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray((directions[:, 0] / 45) ** 2 + ((directions[:, 1] - _LIKELY_ELEVATION) / 35) ** 2, np.float32)
