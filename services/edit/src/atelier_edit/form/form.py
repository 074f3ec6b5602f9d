"""A person's form on a small grid: normals and heights of face, hair, neck and shoulders, joined to one surface.

The face is the fitted mesh. Everything else is the person's silhouette blown up (`inflation`), with the neck set back
under the jaw. Directions have x to the picture's right, y upwards and z towards the lens; lengths are in units of the
distance between the pupils.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.extent import bounds
from atelier_imaging.faceframe import fill, unit_pixels
from atelier_imaging.guided import step
from atelier_imaging.region import Region
from atelier_imaging.topology import FACE_POINTS, LEFT_EYE, LEFT_IRIS, LIPS_INNER, RIGHT_EYE, RIGHT_IRIS
from atelier_imaging.warp.grid import Grid
from atelier_imaging.warp.mesh import Raster, triangulate

from atelier_edit.form.inflation import inflate

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait
    from numpy.typing import NDArray

# Nodes of the grid along one distance of the pupils; fewer, down to the lesser, where the whole grid would have more
# than so many: the smaller a face in the picture, the less of it is seen.
_NODES: Final = 30.0
_FEWEST_NODES: Final = 18.0
_MOST_NODES: Final = 60_000
# How far the grid reaches from the eyes: sideways, up, down.
_REACH: Final = (6.0, 4.5, 8.0)
# Bodies wider than twice this (in pupil distances) are flat in the middle.
_ROUNDNESS: Final = 1.1
# Chests are less deep than wide.
_DEPTH: Final = 0.6
# The head's outline lies this far behind the plane of its centre; the neck this far behind the jaw.
_OUTLINE_BEHIND: Final = 0.75
_NECK_BEHIND: Final = 0.55
_NECK_LENGTH: Final = 1.0
# What stands around a node at this distance (pupil distances) shades it from the room by this much per unit of height.
_AROUND: Final = 0.3
_CLOSED: Final = 1.6
# Between two people light fades out over this many pupil distances; a body lies below its face.
_BETWEEN: Final = 0.6
_DOWNWARDS: Final = 0.4
# How far the face's border goes on around it, and how smoothly hair's form is read, in pupil distances.
_GOES_ON: Final = 0.4
_HAIR_BLUR: Final = 0.12
# The mesh's normals are smoothed over this share of the pupils' distance.
_MESH_BLUR: Final = 0.055


@dataclass(frozen=True, slots=True, eq=False)
class Form:
    """A surface seen by the lens, on a grid of (h, w) nodes.

    `normals` (h, w, 3) are of length one; `height` (h, w) grows towards the lens. `person`, `face`, `skin`, `hair` and
    `openings` (of eyes and mouth) are masks, 0..1; `own` is 0 on what belongs to somebody else in the picture; `throws`
    is 1 on the head, which throws shadows. `unit` is the distance of the pupils in nodes. `points` (468, 3) and
    `point_normals` (468, 3) are the face's mesh: places in nodes, heights in units; `raster` draws values of its
    points. `openness` (h, w), 0..1, is how much of the room a node sees: little under the jaw and in the corners of
    the eyes.
    """

    grid: Grid
    unit: float
    normals: NDArray[np.float32]
    height: NDArray[np.float32]
    person: NDArray[np.float32]
    own: NDArray[np.float32]
    face: NDArray[np.float32]
    throws: NDArray[np.float32]
    skin: NDArray[np.float32]
    hair: NDArray[np.float32]
    openings: NDArray[np.float32]
    points: NDArray[np.float32]
    point_normals: NDArray[np.float32]
    raster: Raster
    openness: NDArray[np.float32]


def form_of(portrait: Portrait, face: Face) -> Form:
    """Model the person whose face it is."""
    grid = _grid(portrait, face)
    unit = unit_pixels(face) / grid.step
    masks = {
        region: sampled(portrait.mask(region, None if region is Region.PERSON else face), grid)
        for region in (Region.PERSON, Region.SKIN, Region.HAIR)
    }
    points = np.concatenate(
        [grid.cells(face.mesh[:FACE_POINTS, :2]), face.mesh[:FACE_POINTS, 2:] / unit_pixels(face)], axis=1
    ).astype(np.float32)
    triangles = triangulate(face.mesh)
    point_normals = _point_normals(points, unit, triangles)
    raster = Raster(grid, face.mesh[:FACE_POINTS], triangles, face.mesh[:FACE_POINTS, 2])
    share = _face_share(raster.inside, points, unit)
    drawn = raster.values(np.concatenate([point_normals, points[:, 2:]], axis=1))
    body = _body(masks[Region.PERSON], points, unit)
    weight = share[..., None]
    openings = _openings(raster.inside, points, unit)
    calm = _calmed(drawn[..., :3], raster.inside, openings, unit)
    hair = masks[Region.HAIR] * (1 - share * masks[Region.SKIN])
    beside = _beside(calm, normals_of(body, unit), raster.inside, points, unit)
    normals = _in_hair(_normalised(weight * calm + (1 - weight) * beside), hair, unit)
    behind = _set_back(masks[Region.HAIR], points, unit)
    height = _joined(body - behind, drawn[..., 3], raster.inside, share, 1 - behind / _NECK_BEHIND, unit)
    return Form(
        grid,
        unit,
        normals,
        np.asarray(height, np.float32),
        masks[Region.PERSON],
        _own(portrait, face, grid),
        share,
        _head(raster.inside, masks[Region.PERSON], points, unit),
        masks[Region.SKIN],
        hair,
        openings,
        points,
        point_normals,
        raster,
        _openness(height, masks[Region.PERSON], unit),
    )


def sampled(
    values: NDArray[np.uint8 | np.uint16 | np.float32],
    grid: Grid,
    decode: Callable[[NDArray[np.uint8 | np.uint16 | np.float32]], NDArray[np.float32]] | None = None,
) -> NDArray[np.float32]:
    """Average full-size values (H, W) or (H, W, k) over the cells of a grid, first turned into others by `decode`.

    What is much finer than the grid is brought near its size before it is decoded: over so few pixels display-encoded
    and linear means are alike.
    """
    height, width = values.shape[:2]
    left, top = round(grid.left), round(grid.top)
    right = min(width, round(grid.left + grid.columns * grid.step))
    bottom = min(height, round(grid.top + grid.rows * grid.step))
    part: NDArray[np.uint8 | np.uint16 | np.float32] = values[top:bottom, left:right]
    finer = int(grid.step / 2)
    if decode is not None and finer > 1:
        size = (max(1, part.shape[1] // finer), max(1, part.shape[0] // finer))
        part = np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), values.dtype)
    numbers = part if decode is None else decode(part)
    return np.asarray(
        cv2.resize(np.ascontiguousarray(numbers), grid.shape[::-1], interpolation=cv2.INTER_AREA), np.float32
    )


def normals_of(height: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return the unit normals (h, w, 3) of a height field in units, on nodes of which `unit` make one."""
    across = cv2.Sobel(height, cv2.CV_32F, 1, 0, ksize=3, scale=unit / 8, borderType=cv2.BORDER_REPLICATE)
    down = cv2.Sobel(height, cv2.CV_32F, 0, 1, ksize=3, scale=unit / 8, borderType=cv2.BORDER_REPLICATE)
    return _normalised(np.stack([-across, down, np.ones_like(across)], axis=-1))


def _grid(portrait: Portrait, face: Face) -> Grid:
    """Lay the grid over as much of the picture as the person's head and shoulders take."""
    unit = unit_pixels(face)
    x, y = (float(value) for value in face.mesh[[LEFT_IRIS[0], RIGHT_IRIS[0]], :2].mean(axis=0))
    left, right = max(0.0, x - _REACH[0] * unit), min(float(portrait.picture.width), x + _REACH[0] * unit)
    top, bottom = max(0.0, y - _REACH[1] * unit), min(float(portrait.picture.height), y + _REACH[2] * unit)
    left, top, right, bottom = (float(round(edge)) for edge in (left, top, right, bottom))
    fitting = np.sqrt(_MOST_NODES * unit**2 / max((right - left) * (bottom - top), 1.0))
    nodes = float(np.clip(fitting, _FEWEST_NODES, _NODES))
    return Grid.covering(left, top, right, bottom, max(1.0, unit / nodes))


def _own(portrait: Portrait, face: Face, grid: Grid) -> NDArray[np.float32]:
    """Return 1 where this person is nearest, 0 where another is, (h, w), by distances in faces."""
    nodes = grid.nodes()

    def distance(other: Face) -> NDArray[np.float32]:
        away = (nodes - other.mesh[1, :2]) / unit_pixels(other)
        return np.asarray(np.hypot(away[..., 0], _DOWNWARDS * away[..., 1]), np.float32)

    own = np.ones(grid.shape, np.float32)
    for other in portrait.faces:
        if other.index != face.index:
            nearer = (distance(other) - distance(face)) / _BETWEEN
            np.minimum(own, step(np.asarray(nearer, np.float32), 0, 1), out=own)
    return own


def _point_normals(points: NDArray[np.float32], unit: float, triangles: NDArray[np.int32]) -> NDArray[np.float32]:
    """Average the normals of the triangles around each point, large ones counting more."""
    places = points * (1 / unit, -1 / unit, 1)
    a, b, c = (places[triangles[:, i]] for i in range(3))
    facing = np.cross(b - a, c - a)
    facing *= np.sign(facing[:, 2:])
    total = np.zeros_like(places)
    for corner in range(3):
        np.add.at(total, triangles[:, corner], facing)
    return _normalised(total)


def _face_share(inside: NDArray[np.bool_], points: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Say where the mesh counts: all but its border, which fades out widely at the forehead, sharply at the jaw."""
    depth = cv2.distanceTransform(inside.astype(np.uint8), cv2.DIST_L2, 5) / unit
    up = points[10, :2] - points[152, :2]
    up = up / max(float(np.hypot(*up)), 1e-6)
    rows, columns = np.mgrid[: inside.shape[0], : inside.shape[1]].astype(np.float32)
    lift = ((columns - points[1, 0]) * up[0] + (rows - points[1, 1]) * up[1]) / unit
    width = 0.09 + 0.25 * np.clip(lift / 0.8, 0, 1)
    share = np.clip(depth / width, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)


def _openings(inside: NDArray[np.bool_], points: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return where eyes and mouth are open, (h, w), soft."""
    outlines = [points[list(outline), :2] + 0.5 for outline in (LIPS_INNER, LEFT_EYE, RIGHT_EYE)]
    drawn = np.maximum.reduce([fill((inside.shape[0], inside.shape[1]), outline) for outline in outlines])
    return np.asarray(cv2.GaussianBlur(drawn, (0, 0), 0.05 * unit), np.float32)


def _calmed(
    drawn: NDArray[np.float32], inside: NDArray[np.bool_], openings: NDArray[np.float32], unit: float
) -> NDArray[np.float32]:
    """Smooth the mesh's normals: a little everywhere, so that no triangle shows, and more over teeth and eyeballs.

    The mesh has no teeth: between open lips it hangs a curtain whose folds are nobody's.
    """
    part = bounds(inside.astype(np.float32), margin=round(unit / 4))
    if part is None:
        return drawn
    weight = inside[part].astype(np.float32)
    fine, broad = (spread(drawn[part], weight, sigma * unit) for sigma in (_MESH_BLUR, 3.5 * _MESH_BLUR))
    calm = drawn.copy()
    calm[part] = fine + openings[part][..., None] * (broad - fine)
    return calm


def _beside(
    mesh: NDArray[np.float32],
    body: NDArray[np.float32],
    inside: NDArray[np.bool_],
    points: NDArray[np.float32],
    unit: float,
) -> NDArray[np.float32]:
    """Return the normals around the face: those of its border go on for a while, under hair and over ears."""
    away = cv2.distanceTransform(1 - inside.astype(np.uint8), cv2.DIST_L2, 5) / unit
    rows = np.arange(inside.shape[0], dtype=np.float32)[:, None]
    head = 1 / (1 + np.exp((rows - points[152, 1] + 0.5 * unit) / (0.15 * unit)))
    share = (np.exp(-((away / _GOES_ON) ** 2)) * head)[..., None]
    border = spread(mesh, inside.astype(np.float32), 0.25 * unit)
    return np.asarray(body + share * (border - body), np.float32)


def _in_hair(normals: NDArray[np.float32], hair: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Smooth normals where there is hair, whose own form is not known."""
    smooth = cv2.GaussianBlur(normals, (0, 0), _HAIR_BLUR * unit)
    return _normalised(normals + hair[..., None] * (smooth - normals))


def _body(person: NDArray[np.float32], points: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Blow the silhouette up to a height in units, the torso flatter than the head."""
    height = inflate(person, _ROUNDNESS * unit) / np.float32(unit)
    torso = _below_chin(person.shape, points, unit)
    return np.asarray(height * (1 - (1 - _DEPTH) * torso) - _OUTLINE_BEHIND * (1 + torso), np.float32)


def _set_back(hair: NDArray[np.float32], points: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return how far the neck lies behind the jaw, in units: most at the chin's height, nothing on chest and hair."""
    rows = np.arange(hair.shape[0], dtype=np.float32)[:, None]
    below = (rows - points[152, 1]) / unit
    depth = np.exp(-((np.maximum(below, 0) / _NECK_LENGTH) ** 2)) / (1 + np.exp(-(below + 0.5) / 0.15))
    return np.asarray(_NECK_BEHIND * depth * (1 - hair), np.float32)


def _below_chin(shape: tuple[int, ...], points: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return 0 at the head's height, 1 at the chest's, smooth in between; (h, 1)."""
    rows = np.arange(shape[0], dtype=np.float32)[:, None]
    t = np.clip((rows - points[152, 1]) / unit / 2.0 + 0.5, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def _head(
    inside: NDArray[np.bool_], person: NDArray[np.float32], points: NDArray[np.float32], unit: float
) -> NDArray[np.float32]:
    """Return 1 on the face and on what is of the person above the mouth's height, 0 elsewhere."""
    rows = np.arange(person.shape[0], dtype=np.float32)[:, None]
    head = inside | ((person > 0.5) & (rows < points[152, 1] - 0.6 * unit))
    return np.asarray(head, np.float32)


def _openness(height: NDArray[np.float32], person: NDArray[np.float32], unit: float) -> NDArray[np.float32]:
    """Return how open each node is, by how deep it lies below what is around it."""
    inside = (person > 0.5).astype(np.float32)
    around = spread(height[..., None], inside, _AROUND * unit)[..., 0]
    return np.asarray(1 / (1 + _CLOSED * np.maximum(around - height, 0) * inside), np.float32)


def _joined(
    body: NDArray[np.float32],
    mesh: NDArray[np.float32],
    inside: NDArray[np.bool_],
    share: NDArray[np.float32],
    flush: NDArray[np.float32],
    unit: float,
) -> NDArray[np.float32]:
    """Lay the mesh's height into the body's, which comes to meet it around the face where it is `flush` (0..1)."""
    outside = 1 - inside.astype(np.uint8)
    away, nearest = cv2.distanceTransformWithLabels(outside, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    border = np.zeros(int(nearest.max()) + 1, np.float32)
    border[nearest[inside]] = mesh[inside]
    # Hair that stands before the face would throw shadows that the picture has already, and more.
    beside = np.minimum(body, border[nearest] - 0.25 * away / unit)
    height = np.where(inside, mesh, body + flush * (beside - body)).astype(np.float32)
    # Every node goes by the border's nearest one: smooth the rays that this leaves, wider farther out.
    narrow, wide = (cv2.GaussianBlur(height, (0, 0), sigma * unit) for sigma in (0.08, 0.3))
    smooth = narrow + np.clip(away / (0.5 * unit), 0, 1) * (wide - narrow)
    # The mesh's last rows fall off steeply behind the face, where the lens sees hair and ears.
    rim = mesh + (1 - share) * np.maximum(smooth - mesh, 0)
    return np.asarray(np.where(inside, rim, height + flush * (smooth - height)), np.float32)


def spread(values: NDArray[np.float32], weight: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
    """Blur values (h, w, k) over where they have weight (h, w); elsewhere they go on."""
    total = cv2.GaussianBlur(weight, (0, 0), sigma) + np.float32(1e-4)
    blurred = cv2.GaussianBlur(np.ascontiguousarray(values * weight[..., None]), (0, 0), sigma)
    return np.asarray(blurred.reshape(values.shape) / total[..., None], np.float32)


def _normalised(vectors: NDArray[np.float32]) -> NDArray[np.float32]:
    length = np.sqrt(np.einsum("...i,...i->...", vectors, vectors))
    return np.asarray(vectors / np.maximum(length, 1e-6)[..., None], np.float32)
