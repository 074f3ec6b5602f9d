"""Moving a face's points so that its proportions become what they should be.

Each feature has a field: how the landmarks of the face go while the feature grows. Between landmarks it is a thin-plate
spline (Bookstein, "Principal Warps", TPAMI 1989) in the head's frame, seen from the front. Proportions are linear in
the points as long as the pupils stay, so the amounts that give the wanted proportions, and leave all others as they
are, are one small system of equations.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging import topology
from atelier_imaging.pose import head_frame
from scipy.interpolate import RBFInterpolator

from atelier_identity.proportions import FEATURES, Axis, Feature, in_head, pupil_distance

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

# Points of nose, chin and jaw on the subject's right, or in the middle, and their mirror points.
_NOSE_MIRROR: Final = {64: 294, 48: 278, 129: 358, 98: 327, 115: 344, 49: 279, 102: 331}
_JAW_MIRROR: Final = {148: 377, 176: 400, 149: 378, 150: 379, 136: 365, 172: 397, 58: 288, 132: 361, 93: 323}
_MIRROR: Final = _NOSE_MIRROR | _JAW_MIRROR
_NOSE_BRIDGE: Final = (168, 6, 197, 195, 5, 4, 1, 2)
# How far those points go while their feature grows by 1: outwards, or upwards. All other landmarks stay.
_SHARES: Final[Mapping[str, Mapping[int, float]]] = {
    "nose_width": {64: 0.5, 48: 0.45, 129: 0.45, 98: 0.35, 115: 0.4, 49: 0.4, 102: 0.42},
    "nose_length": {2: -1.0, 1: -0.9, 4: -0.85, 5: -0.7, 195: -0.5, 197: -0.3, 6: -0.1}
    | {98: -0.9, 64: -0.8, 48: -0.7, 129: -0.7, 115: -0.6, 49: -0.65, 102: -0.75},
    "chin_height": {152: -1.0, 148: -0.95, 176: -0.85, 149: -0.65, 150: -0.4, 136: -0.2, 172: -0.05},
    "jaw_width": {172: 0.5, 58: 0.45, 136: 0.42, 132: 0.3, 150: 0.3, 149: 0.15, 93: 0.12},
}
_EYES: Final = (
    (topology.RIGHT_EYE, topology.RIGHT_EYE_CORNERS, topology.RIGHT_IRIS[0]),
    (topology.LEFT_EYE, topology.LEFT_EYE_CORNERS, topology.LEFT_IRIS[0]),
)
_OUTLINES: Final = (topology.RIGHT_EYE, topology.LEFT_EYE, topology.RIGHT_BROW, topology.LEFT_BROW)
_LANDMARKS: Final = sorted(
    {*(point for outline in _OUTLINES for point in outline), *topology.LIPS_OUTER, *topology.FACE_OVAL}
    | {*_NOSE_BRIDGE, *_MIRROR.keys(), *_MIRROR.values()}
)
_SMOOTHING: Final = 1e-3


def moulded(mesh: NDArray[np.float32], changes: Mapping[str, float]) -> NDArray[np.float32]:
    """Move the points of a mesh (478, 3) so that each feature changes as asked and no other does; pupils stay.

    `changes` are by feature, in units of the distance between the pupils. Points go across and along the face, not in
    its depth. The answer is float32 (478, 3), in pixels.
    """
    frame, head = head_frame(mesh), in_head(mesh)
    fields = _fields(head)
    now = np.array([feature.measure(head) for feature in FEATURES])
    effects = np.array([[one.measure(head + field) for one in FEATURES] - now for field in fields]).T
    amounts = np.linalg.solve(effects, np.array([changes.get(feature.name, 0.0) for feature in FEATURES]))
    shift = np.tensordot(amounts, fields, axes=1)
    return np.asarray(mesh + frame.scale * shift @ frame.rotation.T * (1.0, -1.0, 1.0), np.float32)


def _fields(head: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how all points go while each feature grows by the distance between the pupils: (features, 478, 3)."""
    unit = pupil_distance(head)
    places = head[: topology.FACE_POINTS, :2] / unit
    moves = np.array([_moves(feature, head[:, 0] / unit) for feature in FEATURES])
    spline = RBFInterpolator(
        places[_LANDMARKS], moves[:, _LANDMARKS].T, kernel="thin_plate_spline", smoothing=_SMOOTHING
    )
    fields = np.zeros((len(FEATURES), *head.shape))
    for field, feature, along_axis in zip(fields, FEATURES, spline(places).T, strict=True):
        field[: topology.FACE_POINTS, feature.axis] = unit * along_axis
    return fields


def _moves(feature: Feature, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each landmark goes along the feature's axis; `x` is where points are across the face."""
    moves = np.zeros(len(x))
    if feature.name in _SHARES:
        outwards = feature.axis is Axis.ACROSS
        for point, share in _SHARES[feature.name].items():
            moves[point] = -share if outwards else share
            if point in _MIRROR:
                moves[_MIRROR[point]] = share
    elif feature.name.startswith("eye"):
        for outline, corners, iris in _EYES:
            moves[list(outline)] = _of_eye(feature, x[list(outline)], x[list(corners)], x[iris])
    elif feature.name == "brow_height":
        moves[[*topology.RIGHT_BROW, *topology.LEFT_BROW]] = 1.0
    else:
        right, left = topology.MOUTH_CORNERS
        lips = list(topology.LIPS_OUTER)
        moves[lips] = (x[lips] - (x[left] + x[right]) / 2) / (x[left] - x[right])
    return moves


def _of_eye(feature: Feature, x: NDArray[np.float64], corners: NDArray[np.float64], iris: float) -> NDArray[np.float64]:
    """Widen an eye's outline around its iris, or move its inner half away from the nose."""
    outer, inner = corners
    if feature.name == "eye_width":
        return np.asarray((x - iris) / abs(outer - inner))
    return np.asarray(0.5 * np.clip((x - outer) / (inner - outer), 0, 1) * np.sign(outer - inner))
