"""A head in profile: the astronaut's mesh, textured with her own picture, turned about the vertical axis."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from scipy.spatial import Delaunay

if TYPE_CHECKING:
    from numpy.typing import NDArray

SIZE = 512
SCALE = 2.0
WALL = 90


def turned_head(picture: NDArray[np.uint8], mesh: NDArray[np.float32], yaw_degrees: float) -> NDArray[np.uint8]:
    """Render the face of `picture` turned to the subject's left, before a grey wall, uint8 (512, 512, 3).

    `mesh` is (468, 3), pixels, z towards the lens. Triangles are drawn from the far ones to the near ones.
    """
    angle = np.deg2rad(yaw_degrees)
    turn = np.array([[np.cos(angle), 0, np.sin(angle)], [0, 1, 0], [-np.sin(angle), 0, np.cos(angle)]])
    turned = (mesh - mesh.mean(axis=0)) @ turn.T
    corners = (turned[:, :2] * SCALE + SIZE / 2).astype(np.float32)
    triangles = Delaunay(mesh[:, :2]).simplices
    canvas = np.full((SIZE, SIZE, 3), WALL, np.uint8)
    for triangle in triangles[np.argsort(turned[triangles, 2].mean(axis=1))]:
        texture = cv2.getAffineTransform(mesh[triangle, :2].astype(np.float32), corners[triangle])
        stencil = np.zeros((SIZE, SIZE), np.uint8)
        cv2.fillConvexPoly(stencil, np.rint(corners[triangle]).astype(np.int32), 255)
        left, top, width, height = cv2.boundingRect(corners[triangle])
        window = np.s_[max(top - 1, 0) : top + height + 1, max(left - 1, 0) : left + width + 1]
        warped = cv2.warpAffine(picture, texture, (SIZE, SIZE))
        canvas[window][stencil[window] > 0] = warped[window][stencil[window] > 0]
    return canvas
