"""How a head is turned: a rigid mean face laid onto the mesh.

The similarity (scale, rotation, shift) that lays 59 rigid points of a mean face onto a mesh is Umeyama's closed form
("Least-squares estimation of transformation parameters between two point patterns", TPAMI 1991). Lips, lids, brows and
the jaw move with the expression and are left out. The mean face is our own: the symmetric Procrustes mean of 759 meshes
of official portraits, turned so that the median pitch of those that face the lens is 0 (`docs/adr/0026`).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np

from atelier_imaging.face import HeadPose

if TYPE_CHECKING:
    from numpy.typing import NDArray

_UPWARDS: Final = (1.0, -1.0, 1.0)

# Point on the subject's right (or the middle), its mirror point, and x, y, z of the former: x to the picture's right, y
# upwards, z towards the lens, in units of the distance between the outer eye corners.
_RIGID: Final[tuple[tuple[int, int, float, float, float], ...]] = (
    (10, 10, 0.000, 0.620, 0.282),
    (151, 151, 0.000, 0.424, 0.308),
    (9, 9, 0.000, 0.205, 0.327),
    (8, 8, 0.000, 0.108, 0.304),
    (168, 168, 0.000, 0.034, 0.293),
    (6, 6, 0.000, -0.050, 0.340),
    (197, 197, 0.000, -0.137, 0.392),
    (195, 195, 0.000, -0.218, 0.451),
    (5, 5, 0.000, -0.305, 0.514),
    (4, 4, 0.000, -0.411, 0.536),
    (33, 263, -0.500, -0.006, 0.019),
    (133, 362, -0.211, -0.023, 0.079),
    (127, 356, -0.831, -0.053, -0.568),
    (234, 454, -0.824, -0.225, -0.636),
    (93, 323, -0.815, -0.400, -0.656),
    (116, 345, -0.752, -0.194, -0.144),
    (117, 346, -0.622, -0.185, 0.002),
    (50, 280, -0.596, -0.365, 0.063),
    (118, 347, -0.530, -0.209, 0.065),
    (54, 284, -0.703, 0.400, -0.113),
    (21, 251, -0.777, 0.268, -0.268),
    (103, 332, -0.587, 0.507, 0.044),
    (67, 297, -0.412, 0.579, 0.181),
    (109, 338, -0.223, 0.613, 0.259),
    (129, 358, -0.263, -0.421, 0.174),
    (122, 351, -0.068, -0.069, 0.308),
    (193, 417, -0.089, 0.023, 0.238),
    (114, 343, -0.163, -0.161, 0.215),
    (128, 357, -0.160, -0.112, 0.161),
    (162, 389, -0.817, 0.127, -0.432),
    (139, 368, -0.768, 0.086, -0.241),
    (34, 264, -0.809, -0.061, -0.332),
    (143, 372, -0.737, -0.064, -0.153),
    (35, 265, -0.674, -0.050, -0.079),
    (111, 340, -0.672, -0.140, -0.058),
)


@dataclass(frozen=True, slots=True, eq=False)
class HeadFrame:
    """Where a head is: `mesh point = scale * rotation @ head point + origin`.

    Both sides have x to the picture's right, y upwards and z towards the lens; the picture's side is in pixels, the
    head's in distances between the outer eye corners of the mean face.
    """

    scale: float
    rotation: NDArray[np.float64]
    origin: NDArray[np.float64]

    def to_head(self, mesh: NDArray[np.float32]) -> NDArray[np.float64]:
        """Carry mesh points (…, 3) (y downwards, as in `Face.mesh`) into the head's own frame."""
        return np.asarray(((mesh * _UPWARDS) - self.origin) @ self.rotation / self.scale)


def head_frame(mesh: NDArray[np.float32]) -> HeadFrame:
    """Lay the mean face onto a mesh (468 or more, 3) whose y points down and z towards the lens."""
    indices, model = _rigid_points()
    target = mesh[indices].astype(np.float64) * _UPWARDS
    centre_model, centre_target = model.mean(axis=0), target.mean(axis=0)
    a, b = model - centre_model, target - centre_target
    u, strength, vt = np.linalg.svd(b.T @ a)
    signs = np.array([1.0, 1.0, np.sign(np.linalg.det(u @ vt))])
    rotation = (u * signs) @ vt
    scale = float((strength * signs).sum() / (a**2).sum())
    return HeadFrame(scale, rotation, centre_target - scale * rotation @ centre_model)


def head_pose(frame: HeadFrame) -> HeadPose:
    """Read pitch, yaw and roll: a head at rest is pitched first, then turned, then rolled in the picture's plane."""
    turn = frame.rotation
    pitch, yaw, roll = np.degrees(
        [
            -np.arctan2(turn[2, 1], turn[2, 2]),
            -np.arcsin(np.clip(turn[2, 0], -1.0, 1.0)),
            -np.arctan2(turn[1, 0], turn[0, 0]),
        ]
    )
    return HeadPose(float(pitch), float(yaw), float(roll))


@cache
def _rigid_points() -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the rigid points' indices (59,) and places (59, 3), both halves of the face."""
    places = {right: (x, y, z) for right, _, x, y, z in _RIGID}
    places |= {left: (-x, y, z) for _, left, x, y, z in _RIGID}
    return np.array(list(places), np.intp), np.array(list(places.values()))
