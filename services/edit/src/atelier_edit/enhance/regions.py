"""Where each control acts: soft weights over the view of a face."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging import topology
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

    from atelier_edit.enhance.view import View

# How far lids and lashes reach beyond the outline of an eye, in distances between the pupils.
_LASHES: Final = 0.045
# The white of an eye gets this share: what shows there first is veins.
_WHITE: Final = 0.35
_SOFT: Final = 0.02
_EYES: Final = ((topology.LEFT_EYE, topology.LEFT_IRIS), (topology.RIGHT_EYE, topology.RIGHT_IRIS))
_ALL: Final = (Region.SKIN, Region.HAIR, Region.FACE, Region.EYES, Region.LIPS, Region.BROWS)


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """Weights of the parts of a face, each float32 (h, w), 0..1, over a view.

    `eyes` is irises, lids and lashes, with the white at a third; `irises` are the two of them, one by one; `hair` is
    hair, brows and beard. `whole` is 0 where nothing of the face lies.
    """

    skin: NDArray[np.float32]
    eyes: NDArray[np.float32]
    irises: tuple[NDArray[np.float32], ...]
    lips: NDArray[np.float32]
    hair: NDArray[np.float32]
    whole: NDArray[np.float32]


def reach(portrait: Portrait, face: Face) -> NDArray[np.float32]:
    """Return the mask (H, W), 0..1, of all that enhancing a face may touch."""
    whole = np.zeros(portrait.picture.pixels.shape[:2], np.float32)
    for region in _ALL:
        np.maximum(whole, portrait.mask(region, face), out=whole)
    return whole


def regions_of(portrait: Portrait, face: Face, whole: NDArray[np.float32], view: View) -> Regions:
    """Work out the weights of a face's parts; `whole` is the mask of `reach`."""
    mask = {region: view.of(portrait.mask(region, face)) for region in _ALL}
    mesh = (face.mesh[:, :2] - (view.columns.start, view.rows.start)) / view.by
    limit = view.of(whole)
    irises = tuple(_iris(mesh, *each, view) for each in _EYES)
    eyes = _eyes(mesh, irises, view) * limit
    lips = mask[Region.LIPS] * (1 - eyes)
    hair = np.maximum(mask[Region.HAIR], np.maximum(mask[Region.BROWS], _beard(mask, mesh, view)))
    hair *= (1 - eyes) * (1 - lips)
    skin = mask[Region.SKIN] * (1 - eyes) * (1 - hair)
    return Regions(skin, eyes, irises, lips, hair, limit)


def _eyes(mesh: NDArray[np.floating], irises: Sequence[NDArray[np.float32]], view: View) -> NDArray[np.float32]:
    """Draw irises and the lids with their lashes in full, the white within the lids at its share."""
    lids, inside = np.zeros(view.shape, np.uint8), np.zeros(view.shape, np.uint8)
    width = max(1, round(_LASHES * view.interocular))
    for outline, _ in _EYES:
        points = _fixed(mesh[list(outline)])
        cv2.fillPoly(inside, [points], 255, cv2.LINE_AA, shift=4)
        cv2.polylines(lids, [points], True, 255, thickness=2 * width, lineType=cv2.LINE_AA, shift=4)
    weight = np.maximum(lids / np.float32(255), inside * np.float32(_WHITE / 255))
    return _softened(np.maximum.reduce([weight, *irises]), view)


def _iris(
    mesh: NDArray[np.floating], outline: tuple[int, ...], iris: tuple[int, ...], view: View
) -> NDArray[np.float32]:
    """Draw the visible part of an iris: its disc within the lids."""
    disc, inside = np.zeros(view.shape, np.uint8), np.zeros(view.shape, np.uint8)
    middle, rim = mesh[iris[0]], mesh[list(iris[1:])]
    radius = float(np.linalg.norm(rim - middle, axis=1).mean())
    x, y = _fixed(middle)
    cv2.circle(disc, (int(x), int(y)), int(16 * radius), 255, -1, cv2.LINE_AA, shift=4)
    cv2.fillPoly(inside, [_fixed(mesh[list(outline)])], 255, cv2.LINE_AA, shift=4)
    return np.asarray(np.minimum(disc, inside) / np.float32(255), np.float32)


def _beard(mask: dict[Region, NDArray[np.float32]], mesh: NDArray[np.floating], view: View) -> NDArray[np.float32]:
    """Find what is face below the nose and neither skin nor lips nor mouth."""
    oval, mouth = np.zeros(view.shape, np.uint8), np.zeros(view.shape, np.uint8)
    cv2.fillPoly(oval, [_fixed(mesh[list(topology.FACE_OVAL)])], 255, cv2.LINE_AA, shift=4)
    cv2.fillPoly(mouth, [_fixed(mesh[list(topology.LIPS_INNER)])], 255, cv2.LINE_AA, shift=4)
    up = mesh[10] - mesh[152]
    y, x = np.indices(view.shape, dtype=np.float32)
    height = ((x - mesh[2][0]) * up[0] + (y - mesh[2][1]) * up[1]) / max(float(up @ up), 1e-6)
    found = mask[Region.FACE] - mask[Region.SKIN] - mask[Region.LIPS] - mouth / np.float32(255)
    found *= oval / np.float32(255)
    return _softened(np.clip(found, 0, 1) * (height < 0), view)


def _softened(mask: NDArray[np.floating], view: View) -> NDArray[np.float32]:
    sigma = max(_SOFT * view.interocular, 0.5)
    return np.clip(np.asarray(cv2.GaussianBlur(np.asarray(mask, np.float32), (0, 0), sigma), np.float32), 0, 1)


def _fixed(points: NDArray[np.floating]) -> NDArray[np.int32]:
    """Give points in sixteenths of a pixel, as OpenCV draws them; it counts from the middle of the first pixel."""
    return np.asarray(np.rint((points - 0.5) * 16), np.int32)
