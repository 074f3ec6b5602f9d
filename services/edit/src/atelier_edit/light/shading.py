"""How much light a surface gets from lamps of any size, in linear light."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.rig import Lamp

# Light from everywhere is not quite even: rooms are lit from the lens's side and from above more than from below.
_AMBIENT_FROM: Final = np.array([0.0, 0.12, 0.28], np.float32)
_AMBIENT_EVEN: Final = 0.68
# Hair is lit as if by a source at least this large, and takes this share of a shadow that the face throws.
_HAIR_SIZE: Final = 0.6
_HAIR_SHADOW: Final = 0.25


def lambert(cosine: NDArray[np.float32], size: float | NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a matt surface gets from a source of that size, by the cosine between normal and source.

    The clamped cosine max(0, c), averaged over sources spread evenly over c ± size: (c + s)² / 4s between -s and s.
    """
    c, s = cosine, np.asarray(size, np.float32)
    # Beyond s the parabola's tangent goes on, which is the cosine itself.
    around = np.clip(c + s, 0, 2 * s)
    around *= around / (4 * s)
    around += np.maximum(c - s, 0)
    return np.asarray(around, np.float32)


def facing(normals: NDArray[np.float32], lamp: Lamp) -> NDArray[np.float32]:
    """Return the cosine between normals (…, 3) and the direction to a lamp."""
    return np.asarray(normals @ lamp.direction, np.float32)


def ambient(normals: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what normals (…, 3) get of an ambient light of 1: from 0.4 behind the head to 1 towards lens and sky."""
    return np.asarray(normals @ _AMBIENT_FROM + np.float32(_AMBIENT_EVEN), np.float32)


def thrown(form: Form, lamp: Lamp, seen: NDArray[np.float32], scatter: float = 0.0) -> NDArray[np.float32]:
    """Return what a form's surface (h, w) gets from a lamp of intensity 1, of which its nodes see `seen` (h, w).

    Skin scatters light, as if the lamp were larger by `scatter`; hair is lit around each of its strands.
    """
    cosine = facing(form.normals, lamp)
    own = lambert(cosine, lamp.size)
    if scatter:
        own = own + form.skin * (lambert(cosine, min(lamp.size + scatter, 1.0)) - own)
    around = lambert(cosine, max(lamp.size, _HAIR_SIZE)) * (1 - _HAIR_SHADOW * (1 - seen))
    own = own * seen
    return np.asarray(own + form.hair * (around - own), np.float32)


def opened(form: Form) -> NDArray[np.float32]:
    """Return what a form's surface (h, w) gets of an ambient light of 1."""
    return np.asarray(ambient(form.normals) * form.openness, np.float32)
