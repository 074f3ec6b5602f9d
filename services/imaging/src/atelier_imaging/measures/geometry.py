"""Whether the face kept its proportions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from atelier_imaging.measures.measure import Gate, Measure, judged, not_measurable
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

# Operations that are not about geometry: at most 1.5 % of the distance between the pupils.
GEOMETRY_DRIFT = Gate(maximum=0.015, fail_above=0.03)
_PERCENTILE = 95


def geometry_drift(
    before: NDArray[np.floating],
    after: NDArray[np.floating],
    interocular_pixels: float,
    gate: Gate | None = GEOMETRY_DRIFT,
) -> Measure:
    """Measure how far landmarks have moved against each other, in units of the distance between the pupils.

    `before` and `after` are (N, 2) or (N, 3), in pixels, N at least 3. The face as a whole may have moved, turned and
    grown: `after` is first laid onto `before` by the similarity of least squares. The value is the 95th percentile of
    what distances remain, so that one region that moved is not averaged away.
    """
    name, unit = "geometry_drift", "interocular"
    if before.shape != after.shape or before.ndim != 2 or len(before) < 3:
        raise ValueError(f"landmarks differ: before {before.shape}, after {after.shape}")
    finite = np.isfinite(before).all() and np.isfinite(after).all()
    if not finite or interocular_pixels <= 0 or np.ptp(after, axis=0).max() == 0:
        return not_measurable(name, unit, gate, "The landmarks are not a face.", Region.FACE)
    residual = np.linalg.norm(aligned(after, before) - before, axis=1)
    value = float(np.percentile(residual, _PERCENTILE)) / interocular_pixels
    explanation = f"Landmarks moved by {100 * value:.2f} % of the distance between the pupils."
    return judged(name, value, unit, gate, explanation, Region.FACE)


def aligned(points: NDArray[np.floating], onto: NDArray[np.floating]) -> NDArray[np.float64]:
    """Lay points (N, D) onto others by the rotation, scale and shift of least squares, without mirroring.

    Umeyama: Least-squares estimation of transformation parameters between two point patterns. IEEE TPAMI 13 (1991).
    """
    centre, goal = points.mean(axis=0), onto.mean(axis=0)
    p, q = (points - centre).astype(np.float64), (onto - goal).astype(np.float64)
    u, singular, vt = np.linalg.svd(q.T @ p)
    signs = np.ones(len(singular))
    signs[-1] = np.sign(np.linalg.det(u @ vt))
    rotation = (u * signs) @ vt
    scale = (singular * signs).sum() / (p**2).sum()
    return np.asarray(scale * p @ rotation.T + goal, dtype=np.float64)
