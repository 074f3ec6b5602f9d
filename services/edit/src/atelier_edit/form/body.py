"""The rest of a person: a silhouette blown up, joined to the face, with the neck set back under the jaw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.form.field import normalised, spread
from atelier_edit.form.inflation import inflate

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.form.face import FaceSurface

# All lengths are distances of the pupils. Bodies wider than twice this are flat in the middle.
_ROUNDNESS: Final = 1.1
# Chests are less deep than wide.
_DEPTH: Final = 0.6
# The head's outline lies this far behind the plane of its centre; the neck this far behind the jaw.
_OUTLINE_BEHIND: Final = 0.75
_NECK_BEHIND: Final = 0.55
_NECK_LENGTH: Final = 1.0
# What stands around a node at this distance shades it from the room by this much per unit of height.
_AROUND: Final = 0.3
_CLOSED: Final = 1.6
# How far the face's border goes on around it, and how smoothly hair's form is read.
_GOES_ON: Final = 0.4
_HAIR_BLUR: Final = 0.12
_CHIN: Final = 152


def blown_up(person: NDArray[np.float32], face: FaceSurface) -> NDArray[np.float32]:
    """Blow a silhouette (h, w) up to a height in units, the torso flatter than the head."""
    height = inflate(person, _ROUNDNESS * face.unit) / np.float32(face.unit)
    t = np.clip(_below_chin(person, face) / 2.0 + 0.5, 0, 1)
    torso = t * t * (3 - 2 * t)
    return np.asarray(height * (1 - (1 - _DEPTH) * torso) - _OUTLINE_BEHIND * (1 + torso), np.float32)


def joined_height(body: NDArray[np.float32], hair: NDArray[np.float32], face: FaceSurface) -> NDArray[np.float32]:
    """Lay the face's height into the body's, which comes to meet it on the head and lies behind it on the neck."""
    behind = _set_back(hair, face)
    flush = 1 - behind / _NECK_BEHIND
    away, nearest = cv2.distanceTransformWithLabels(
        1 - face.inside.astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    border = np.zeros(int(nearest.max()) + 1, np.float32)
    border[nearest[face.inside]] = face.height[face.inside]
    # Hair that stands before the face would throw shadows that the picture has already, and more.
    beside = np.minimum(body - behind, border[nearest] - 0.25 * away / face.unit)
    height = np.where(face.inside, face.height, body - behind + flush * (beside - body + behind)).astype(np.float32)
    smooth = _without_rays(height, np.asarray(away / face.unit, np.float32), face.unit)
    # The mesh's last rows fall off steeply behind the face, where the lens sees hair and ears.
    rim = face.height + (1 - face.share) * np.maximum(smooth - face.height, 0)
    return np.asarray(np.where(face.inside, rim, height + flush * (smooth - height)), np.float32)


def joined_normals(body: NDArray[np.float32], hair: NDArray[np.float32], face: FaceSurface) -> NDArray[np.float32]:
    """Join the face's normals to the body's (h, w, 3): its border goes on for a while, under hair and over ears.

    Where there is hair, whose own form is not known, normals are smoother.
    """
    away = cv2.distanceTransform(1 - face.inside.astype(np.uint8), cv2.DIST_L2, 5) / face.unit
    on_head = 1 / (1 + np.exp((_below_chin(body[..., 0], face) + 0.5) / 0.15))
    goes_on = (np.exp(-((away / _GOES_ON) ** 2)) * on_head)[..., None]
    border = spread(face.normals, face.inside.astype(np.float32), 0.25 * face.unit)
    beside = body + goes_on * (border - body)
    share = face.share[..., None]
    normals = normalised(np.asarray(share * face.normals + (1 - share) * beside, np.float32))
    smooth = cv2.GaussianBlur(normals, (0, 0), _HAIR_BLUR * face.unit)
    return normalised(np.asarray(normals + hair[..., None] * (smooth - normals), np.float32))


def head_of(person: NDArray[np.float32], face: FaceSurface) -> NDArray[np.float32]:
    """Return 1 on the face and on what is of the person above the mouth's height, 0 elsewhere, (h, w)."""
    above = _below_chin(person, face) < np.float32(-0.6)
    return np.asarray(face.inside | ((person > 0.5) & above), np.float32)


def openness_of(height: NDArray[np.float32], person: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return how open each node is to the room, 0..1, by how deep it lies below what is around it."""
    inside = (person > 0.5).astype(np.float32)
    around = spread(height[..., None], inside, _AROUND * unit)[..., 0]
    return np.asarray(1 / (1 + _CLOSED * np.maximum(around - height, 0) * inside), np.float32)


def _below_chin(field: NDArray[np.float32], face: FaceSurface) -> NDArray[np.float32]:
    """Return how far below the chin each row of a field lies, in units, (h, 1)."""
    rows = np.arange(field.shape[0], dtype=np.float32)[:, None]
    return np.asarray((rows - face.points[_CHIN, 1]) / face.unit, np.float32)


def _set_back(hair: NDArray[np.float32], face: FaceSurface) -> NDArray[np.float32]:
    """Return how far the neck lies behind the jaw, in units: most at the chin's height, nothing on chest and hair."""
    below = _below_chin(hair, face)
    depth = np.exp(-((np.maximum(below, 0) / _NECK_LENGTH) ** 2)) / (1 + np.exp(-(below + 0.5) / 0.15))
    return np.asarray(_NECK_BEHIND * depth * (1 - hair), np.float32)


def _without_rays(height: NDArray[np.float32], away: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Smooth what nodes that all go by their nearest border leave, the more the farther from it they lie."""
    narrow, wide = (cv2.GaussianBlur(height, (0, 0), sigma * unit) for sigma in (0.08, 0.3))
    return np.asarray(narrow + np.clip(2 * away, 0, 1) * (wide - narrow), np.float32)
