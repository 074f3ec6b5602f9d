"""What a face's skin says of the light on it, at the points of its mesh."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.form.symmetry import LEFT, RIGHT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form

# Skin is looked at through a blur of this share of the pupils' distance: pores and hairs say nothing about light.
_BLUR: Final = 0.06
# A point counts if this much of its surroundings is skin, and in full if it faces the lens by this cosine.
_LEAST_SKIN: Final = 0.3
_FACING: Final = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """Log light (468,) at the mesh's points, up to a constant, and how much each is to be trusted, 0..1.

    `normals` (468, 3) and `openness` (468,) are the form's; `right` and `left` (220,) are indices of mirrored points.
    """

    light: NDArray[np.float32]
    weight: NDArray[np.float32]
    normals: NDArray[np.float32]
    openness: NDArray[np.float32]
    right: NDArray[np.intp]
    left: NDArray[np.intp]


def evidence_of(form: Form, luminance: NDArray[np.float32]) -> Evidence:
    """Read the light at the mesh's points from a picture's linear luminance (h, w) on the form's grid."""
    weight = form.skin * form.face
    total = np.asarray(cv2.GaussianBlur(weight, (0, 0), _BLUR * form.unit), np.float32)
    smooth = smoothed(form, luminance * weight) / (total + np.float32(1e-4))
    light = np.log(np.maximum(at_points(form, np.asarray(smooth, np.float32)), 1e-4)) - usual_albedo()
    # The normals that the picture is lit by, rather than the mesh's own.
    normals = np.stack([at_points(form, np.ascontiguousarray(form.normals[..., i])) for i in range(3)], axis=-1)
    trust = at_points(form, np.asarray(total * form.face, np.float32))
    trust = np.where(trust > _LEAST_SKIN, trust, 0) * np.clip(normals[:, 2] / _FACING, 0, 1)
    return Evidence(
        np.asarray(light, np.float32),
        np.asarray(trust, np.float32),
        normals,
        at_points(form, form.openness),
        np.array(RIGHT),
        np.array(LEFT),
    )


def smoothed(form: Form, field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Blur a field (h, w) as skin is blurred before it is read."""
    return np.asarray(cv2.GaussianBlur(field, (0, 0), _BLUR * form.unit), np.float32)


def at_points(form: Form, field: NDArray[np.float32]) -> NDArray[np.float32]:
    """Sample a field (h, w) at the mesh's points, (468,)."""
    x, y = (np.ascontiguousarray(form.points[:, i]).reshape(-1, 1) for i in range(2))
    found = cv2.remap(field, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found, np.float32).reshape(-1)


@cache
def usual_albedo() -> NDArray[np.float32]:
    """Return the log albedo (468,) that skin usually has at each point of the mesh, up to a constant.

    The median over 380 official portraits of what a key 27° above the lens leaves unexplained, made symmetric.
    """
    with resources.files("atelier_edit.light").joinpath("albedo.npy").open("rb") as file:
        return np.asarray(np.load(file), np.float32)
