"""All lamps of a rig on a form: light that is scattered back in the skin's own colour, and light that is mirrored.

Skin is softer than a matt board: light that enters it leaves some way off, red light farthest, so that the edge of a
shadow is wider in red. Hair scatters light around each strand and mirrors it in a band across them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from atelier_edit.light.kelvin import tint
from atelier_edit.light.shading import facing, lambert, opened, thrown

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from numpy.typing import NDArray

    from atelier_edit.form.form import Form
    from atelier_edit.light.finish import Finish
    from atelier_edit.light.rig import Lamp, Rig

# How much wider light spreads in skin, as a source's size, in red, green and blue.
_SCATTER: Final = (0.16, 0.06, 0.02)
# How wide the shine of a lamp from behind blurs, in pupil distances.
_RIM_BLUR: Final = 0.045
# Light from behind reaches so far in from the silhouette.
_RIM_REACH: Final = 0.8
# A surface seen edge-on mirrors this many times more light than one seen from the front.
_GRAZING: Final = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Illumination:
    """Light on every node of a form, linear, float32 (h, w, 3).

    `diffuse` multiplies what the surface scatters back; `gloss` is added to it.
    """

    diffuse: NDArray[np.float32]
    gloss: NDArray[np.float32]


def illuminate(form: Form, rig: Rig, finish: Finish, space: ColorSpace, seen: NDArray[np.float32]) -> Illumination:
    """Light a form by a rig, in a colour space whose white is the picture's own light.

    `seen` (h, w) is how much of the key each node sees; what opens shadows throws none.
    """
    room = np.float32(rig.ambient) * tint(rig.ambient_kelvin, space)
    diffuse = opened(form)[..., None] * room
    gloss = np.zeros_like(diffuse)
    for lamp, is_key in ((rig.key, True), (rig.fill, False)):
        if lamp is None or lamp.intensity <= 0:
            continue
        light = np.float32(lamp.intensity) * tint(lamp.kelvin, space)
        free = seen if is_key else np.ones_like(seen)
        diffuse += np.stack([thrown(form, lamp, free, scatter) for scatter in _SCATTER], axis=-1) * light
        mirrored = _skin_gloss(form, lamp, finish) + _hair_sheen(form, lamp)
        gloss += (mirrored * free)[..., None] * light
    if rig.rim is not None and rig.rim.intensity > 0:
        _add_rim(diffuse, gloss, form, rig.rim, space)
    return Illumination(diffuse, gloss)


def _skin_gloss(form: Form, lamp: Lamp, finish: Finish) -> NDArray[np.float32]:
    """Return what skin mirrors towards the lens (Blinn and Phong, with Schlick's Fresnel term), (h, w)."""
    half = lamp.direction + np.array([0, 0, 1], np.float32)
    half /= np.float32(max(float(np.linalg.norm(half)), 1e-3))
    power = finish.power / (1 + 4 * lamp.size)
    peak = np.maximum(form.normals @ half, 0) ** np.float32(power)
    edge = 1 + np.float32(_GRAZING) * (1 - np.clip(form.normals[..., 2], 0, 1)) ** 3
    return np.asarray(np.float32(finish.strength) * peak * edge * form.skin, np.float32)


def _hair_sheen(form: Form, lamp: Lamp) -> NDArray[np.float32]:
    """Return the band that strands mirror (Kajiya and Kay, 1989), strands taken to fall downwards over the head."""
    down = np.array([0, -1, 0], np.float32)
    along = down - form.normals * (form.normals @ down)[..., None]
    along /= np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 0.2)
    half = lamp.direction + np.array([0, 0, 1], np.float32)
    half /= np.float32(max(float(np.linalg.norm(half)), 1e-3))
    slope = along @ half
    band = np.clip(1 - slope * slope, 0, 1) ** np.float32(14)
    return np.asarray(np.float32(0.035) * band * np.clip(facing(form.normals, lamp), 0, 1) * form.hair, np.float32)


def _add_rim(
    diffuse: NDArray[np.float32],
    gloss: NDArray[np.float32],
    form: Form,
    lamp: Lamp,
    space: ColorSpace,
) -> None:
    """Add the light from behind, which shows where the surface turns away, scattered and mirrored."""
    light = np.float32(lamp.intensity) * tint(lamp.kelvin, space)
    edge = (1 - np.clip(form.normals[..., 2], 0, 1)) ** np.float32(1.4)
    # The face turns its front to the lens, and its border is too rough to end light at.
    beside_face = 1 - np.clip(1.6 * cv2.GaussianBlur(form.face, (0, 0), 2 * _RIM_BLUR * form.unit), 0, 1)
    facing_it = lambert(facing(form.normals, lamp), lamp.size) * beside_face * _outline(form)
    # Hairs and cloth blur what a lamp from behind would draw as a line.
    lit, shine = (
        np.asarray(cv2.GaussianBlur(each, (0, 0), _RIM_BLUR * form.unit), np.float32)
        for each in (facing_it, facing_it * edge)
    )
    diffuse += (0.9 * lit + 3.0 * shine)[..., None] * light
    gloss += (shine * (0.24 + 0.42 * form.hair))[..., None] * light


def _outline(form: Form) -> NDArray[np.float32]:
    """Return 1 along the person's silhouette, falling to 0 inside: the person stands before the rest."""
    inside = cv2.copyMakeBorder((form.person > 0.5).astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    depth = cv2.distanceTransform(inside, cv2.DIST_L2, 5)[1:-1, 1:-1] / form.unit
    return np.asarray(np.exp(-((depth / _RIM_REACH) ** 2)), np.float32)
