"""Shadows that one part of a form casts on another: nose on cheek, brow on socket, jaw on neck."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.rig import Lamp

_STEPS: Final = 18
# Where a ray's walk over the surface begins and ends, in pupil distances. What is nearer than the beginning is the
# surface's own curvature, which the cosine has dealt with.
_NEAREST: Final = 0.10
_FARTHEST: Final = 2.6
_TOLERANCE: Final = 0.02
# The form is sure nearby only: what stands far off must rise this much more to throw a shadow.
_FADING: Final = 0.5
_OUTSIDE: Final = -4.0
_BOUNCED: Final = 0.2
# Nodes along one pupil distance while walking: penumbras need no more.
_NODES: Final = 17.0


def visibility(form: Form, lamp: Lamp) -> NDArray[np.float32]:
    """Return how much of a lamp each node of a form (h, w) sees, float32 0..1.

    A ray walks from every node towards the lamp; by how much the head rises above it, seen from the node, says how much
    of the source's disc is covered. Only the head throws shadows: clothes and locks are not known well enough, and
    theirs are in the picture already.
    """
    scale = min(1.0, _NODES / form.unit)
    height, width = form.height.shape
    size = (max(2, round(width * scale)), max(2, round(height * scale)))
    field = np.asarray(cv2.resize(form.height, size, interpolation=cv2.INTER_AREA), np.float32)
    share = cv2.resize(form.throws, size, interpolation=cv2.INTER_AREA)
    thrower = np.where(share > 0.9, field, np.float32(_OUTSIDE))
    covered = _walk(field, thrower, form.unit * size[0] / width, lamp)
    seen = np.clip(0.5 - 0.5 * covered, 0, 1)
    seen = seen * seen * (3 - 2 * seen)
    # Light from chin and shoulders comes into the shadow on the neck.
    seen = np.where(share > 0.9, seen, _BOUNCED + (1 - _BOUNCED) * seen).astype(np.float32)
    return np.asarray(cv2.resize(seen, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)


def _walk(height: NDArray[np.float32], thrower: NDArray[np.float32], unit: float, lamp: Lamp) -> NDArray[np.float32]:
    """Return how far over the middle of the source the thrower reaches, in radii of the source; -1 and less is free."""
    x, y, z = (float(value) for value in lamp.direction)
    radius = max(lamp.size, 0.06)
    covered = np.full(height.shape, -1.0, np.float32)
    extent = height.shape[::-1]
    for distance in np.geomspace(_NEAREST, _FARTHEST, _STEPS).tolist():
        shift = np.array([[1, 0, x * distance * unit], [0, 1, -y * distance * unit]])
        flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
        ahead = cv2.warpAffine(
            thrower, shift, extent, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=(_OUTSIDE,)
        )
        rise = ahead - height
        rise -= np.float32(z * distance + _TOLERANCE + _FADING * (distance / _FARTHEST) ** 2)
        rise *= np.float32(1 / (distance * radius))
        np.maximum(covered, rise, out=covered)
    return covered
