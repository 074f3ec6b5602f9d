"""A head and shoulders whose form and texture are known: built from a portrait, to be lit as one likes.

The face is the mesh that was fitted to the portrait; the rest is the person's silhouette, rounded, with the neck set
back under the jaw. It is a sculpture after the portrait, not the person: what counts is that it is known exactly.
Nothing here shares code with the service that is measured by it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import decode_transfer, luminance
from atelier_imaging.region import Region
from atelier_imaging.topology import FACE_OVAL, FACE_POINTS
from scipy.interpolate import RBFInterpolator

from tests.services.edit.truth.occlusion import openness, points_of

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from atelier_imaging.picture import Picture
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

# Lengths in widths of the face: how round the silhouette is, how far it lies behind the face's rim, how far the neck
# lies behind the jaw, and over what height it goes there.
_ROUNDNESS: Final = 0.62
_RIM: Final = 0.25
_NECK: Final = 0.4
_UNDER: Final = 0.07
_SMOOTH: Final = 0.012
# The mesh's rim falls off in steps; from here inwards it is believed.
_WRAPPED: Final = 0.06
# Of the oval's 36 points, those of the jaw from ear to ear (the subject's right to left is from left to right).
_JAW: Final = (132, 58, 172, 136, 150, 149, 176, 148, 152, 377, 400, 378, 379, 365, 397, 288, 361)
# Shading that the portrait itself had, as it was found, is undone within these bounds.
_UNDONE: Final = (0.35, 2.2)


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """A sculpture on the portrait's own pixels (H, W).

    `depth` is in pixels towards the lens, `normals` (H, W, 3) have x to the right, y upwards, z to the lens. `texture`
    is the portrait's linear light, `shading` what is divided out of it to make albedo (mean 1 on the face's skin),
    `open_sky` the share of an even sky that a place sees. `person`, `skin` (of the face) and `face` are masks 0..1;
    `points` are places (N, 3) all over the surface, `unit` is the face's width in pixels.
    """

    picture: Picture
    depth: NDArray[np.float32]
    normals: NDArray[np.float32]
    texture: NDArray[np.float32]
    shading: NDArray[np.float32]
    open_sky: NDArray[np.float32]
    person: NDArray[np.float32]
    skin: NDArray[np.float32]
    face: NDArray[np.float32]
    points: NDArray[np.float32]
    unit: float


def head_of(portrait: Portrait, face: Face) -> Head:
    """Sculpt the head of a face."""
    person = portrait.mask(Region.PERSON)
    unit = float(np.ptp(face.mesh[list(FACE_OVAL), 0]))
    oval = _polygon(face.mesh[list(FACE_OVAL), :2], person.shape)
    depth = _depth(face, person > 0.5, oval, portrait.mask(Region.HAIR, face), unit)
    normals = normals_of(depth)
    points = points_of(depth, person > 0.5)
    sky = openness(points, depth, normals, unit)
    skin = portrait.mask(Region.SKIN, face) * cv2.erode(oval.astype(np.float32), np.ones((3, 3)))
    texture = decode_transfer(portrait.picture.pixels)
    shading = _own_shading(luminance(texture, portrait.picture.space), normals, sky, skin)
    return Head(
        portrait.picture,
        depth,
        normals,
        texture,
        shading,
        sky,
        person,
        np.asarray(skin, np.float32),
        oval.astype(np.float32),
        points,
        unit,
    )


def normals_of(depth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return unit normals (H, W, 3) of a depth in pixels."""
    down, across = np.gradient(depth)
    normals = np.dstack([-across, down, np.ones_like(depth)])
    return np.asarray(normals / np.linalg.norm(normals, axis=2, keepdims=True), np.float32)


def _depth(
    face: Face, person: NDArray[np.bool_], oval: NDArray[np.bool_], hair: NDArray[np.float32], unit: float
) -> NDArray[np.float32]:
    """Join face and body: the body comes to meet the face's rim, but for the jaw's, under which it falls back."""
    inner = _mesh_depth(face, oval)
    rim = face.mesh[list(FACE_OVAL), 2]
    body = _rounded(person, unit) + float(np.median(rim)) - _RIM * unit
    inward = cv2.distanceTransform(oval.astype(np.uint8), cv2.DIST_L2, 5) / unit
    core = inward > _WRAPPED
    away = cv2.distanceTransform((~core).astype(np.uint8), cv2.DIST_L2, 5) / unit
    under = _under_jaw(face, person.shape, unit) * (1 - hair)
    meets = np.exp(-((away / 0.45) ** 2)) * (1 - under)
    outer = body + meets * _carried(inner - body, core & (inward < 2 * _WRAPPED), 0.12 * unit) - _NECK * unit * under
    share = np.clip(inward / _WRAPPED - 0.5, 0, 1)
    depth = share * inner + (1 - share) * outer
    return _joined(depth, share, 1 - _near_jaw(face, person.shape, unit), unit)


def _joined(
    depth: NDArray[np.float32], share: NDArray[np.float32], smooth: NDArray[np.float32], unit: float
) -> NDArray[np.float32]:
    """Smooth a depth a little everywhere, and more where face and body meet, but for the edge of the jaw."""
    calm, own = (cv2.GaussianBlur(depth, (0, 0), times * _SMOOTH * unit) for times in (3, 1))
    seam = cv2.GaussianBlur((share < 0.99).astype(np.float32), (0, 0), 2 * _SMOOTH * unit) * smooth
    return np.asarray(own + seam * (calm - own), np.float32)


def _mesh_depth(face: Face, oval: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Draw one smooth sheet through the mesh's points: a thin plate, which shows no triangles."""
    points = face.mesh[:FACE_POINTS].astype(np.float64)
    plate = RBFInterpolator(points[:, :2], points[:, 2], smoothing=2.0, kernel="thin_plate_spline")
    rows, columns = np.nonzero(oval)
    drawn = np.zeros(oval.shape, np.float32)
    drawn[rows, columns] = plate(np.column_stack([columns + 0.5, rows + 0.5]))
    return drawn


def _rounded(person: NDArray[np.bool_], unit: float) -> NDArray[np.float32]:
    """Blow the silhouette up: a quarter circle from its edge inwards. The picture's own edges are none."""
    radius = _ROUNDNESS * unit
    border = round(radius) + 1
    padded = np.pad(person.astype(np.uint8), ((0, border), (border, border)), mode="edge")
    inward = cv2.distanceTransform(np.pad(padded, ((1, 0), (0, 0))), cv2.DIST_L2, 5)[1:-border, border:-border]
    share = np.clip(inward / radius, 0, 1)
    return np.asarray(radius * np.sqrt(1 - (1 - share) ** 2), np.float32)


def _under_jaw(face: Face, shape: tuple[int, ...], unit: float) -> NDArray[np.float32]:
    """Return 0 above the jaw's line, 1 well below it."""
    share = np.clip(_below_jaw(face, shape) / (_UNDER * unit), 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _near_jaw(face: Face, shape: tuple[int, ...], unit: float) -> NDArray[np.float32]:
    """Return 1 on the jaw's line, 0 away from it."""
    return np.asarray(np.exp(-((_below_jaw(face, shape) / (_UNDER * unit) - 0.5) ** 2)), np.float32)


def _below_jaw(face: Face, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """Return how many pixels each pixel lies below the jaw's line, which goes on level beside the face."""
    jaw = face.mesh[list(_JAW), :2]
    line = np.interp(np.arange(shape[1]) + 0.5, *jaw[np.argsort(jaw[:, 0])].T)
    return np.asarray(np.arange(shape[0])[:, None] + 0.5 - line, np.float32)


def _carried(values: NDArray[np.float32], where: NDArray[np.bool_], sigma: float) -> NDArray[np.float32]:
    """Spread values from where they are known."""
    weight = where.astype(np.float32)
    total = cv2.GaussianBlur((values * weight).astype(np.float32), (0, 0), sigma)
    return np.asarray(total / np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6), np.float32)


def _own_shading(
    light: NDArray[np.float32], normals: NDArray[np.float32], sky: NDArray[np.float32], skin: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Fit the portrait's light by normals, to the second order, on the face's skin, and apply it everywhere."""
    x, y, z = np.moveaxis(normals, 2, 0)
    terms = np.stack([np.ones_like(x), x, y, z, x * y, x * z, y * z, x * x - y * y, 3 * z * z - 1], axis=-1)
    terms *= sky[..., None]
    chosen = skin > 0.9
    known, seen = terms[chosen], light[chosen]
    ridge = 1e-3 * len(seen) * float(seen.mean()) ** 2 * np.eye(9)
    weight = np.ones(len(seen))
    for _ in range(5):
        solved = np.linalg.solve(known.T @ (weight[:, None] * known) + ridge, known.T @ (weight * seen))
        residual = np.abs(known @ solved - seen)
        weight = 1 / np.maximum(residual / max(float(np.median(residual)), 1e-6), 1)
    shading = terms @ solved
    shading /= float(shading[chosen].mean())
    return np.asarray(np.clip(shading, *_UNDONE), np.float32)


def _polygon(points: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    drawn = np.zeros(shape, np.uint8)
    cv2.fillPoly(drawn, [np.rint((points - 0.5) * 16).astype(np.int32)], 1, shift=4)
    return drawn.astype(bool)
