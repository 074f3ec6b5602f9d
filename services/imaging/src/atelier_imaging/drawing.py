"""The analysis as a picture: mesh, irises, pose and regions drawn over the portrait, for people to look at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy.spatial import Delaunay

from atelier_imaging import topology
from atelier_imaging.faceframe import to_bytes, unit_pixels
from atelier_imaging.pose import head_frame
from atelier_imaging.region import Region

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from atelier_imaging.face import Face
    from atelier_imaging.portrait import Portrait

    Colour = tuple[int, int, int]

# Lines are drawn this many times larger and averaged down.
_SUPERSAMPLING: Final = 3
_SHIFT: Final = 4
_HALF: Final = 0.5
# Where the pupils are closer than this share of the longer edge, only heads and shoulders are drawn.
_SMALL: Final = 0.11

_INK: Final = (246, 244, 240)
_IRIS: Final = (92, 225, 230)
# The head's own left, up and forward.
_AXES: Final = ((255, 92, 92), (126, 217, 87), (82, 165, 255))
_REGIONS: Final = (
    (Region.SKIN, "skin", (255, 170, 72)),
    (Region.HAIR, "hair", (168, 110, 255)),
    (Region.BROWS, "brows", (150, 205, 60)),
    (Region.EYES, "eyes", (60, 215, 235)),
    (Region.LIPS, "lips", (255, 70, 125)),
)
_PATCHES: Final = (
    (Region.FOREHEAD, "forehead", (250, 225, 90)),
    (Region.LEFT_CHEEK, "left cheek", (90, 220, 150)),
    (Region.RIGHT_CHEEK, "right cheek", (90, 190, 250)),
)
_CONTOURS: Final = (
    topology.FACE_OVAL,
    topology.LEFT_EYE,
    topology.RIGHT_EYE,
    topology.LEFT_BROW,
    topology.RIGHT_BROW,
    topology.LIPS_OUTER,
    topology.LIPS_INNER,
)
# Triangles between these points would close an eye or a mouth.
_OPENINGS: Final = (topology.LEFT_EYE, topology.RIGHT_EYE, topology.LIPS_INNER)


def draw_mesh(portrait: Portrait, long_edge: int = 1280) -> NDArray[np.uint8]:
    """Draw mesh, irises, boxes and pose of every face over the darkened picture, uint8 (h, w, 3), sRGB.

    The result is `long_edge` pixels long, whatever the picture's size.
    """
    canvas = _Canvas.over(portrait, long_edge, dim=0.72)
    for face in portrait.faces:
        _draw_face(canvas, face)
    return canvas.pixels


def draw_regions(portrait: Portrait, long_edge: int = 1280) -> NDArray[np.uint8]:
    """Tint skin, hair, brows, eyes and lips of every face, dim the background and name the tints."""
    return _tinted(portrait, long_edge, _REGIONS)


def draw_patches(portrait: Portrait, long_edge: int = 1280) -> NDArray[np.uint8]:
    """Tint the patches of skin that are measured: forehead and cheeks."""
    return _tinted(portrait, long_edge, _PATCHES)


def draw_analysis(portrait: Portrait, long_edge: int = 1280) -> NDArray[np.uint8]:
    """Draw the whole analysis side by side: mesh and pose, then regions."""
    panels = [draw_mesh(portrait, long_edge), draw_regions(portrait, long_edge)]
    gap = np.full((panels[0].shape[0], max(4, long_edge // 160), 3), 18, np.uint8)
    return np.concatenate([panels[0], gap, panels[1]], axis=1)


@dataclass(slots=True, eq=False)
class _Canvas:
    """Pixels being drawn on, the part of the picture they show, and how many of them one pixel of it is."""

    pixels: NDArray[np.uint8]
    rows: slice
    columns: slice
    scale: float

    @classmethod
    def over(cls, portrait: Portrait, long_edge: int, dim: float) -> _Canvas:
        """Show a portrait, cut down to its people where they are small in it."""
        rows, columns = _people(portrait)
        pixels = to_bytes(portrait.picture.pixels[rows, columns])
        scale = long_edge / max(pixels.shape[:2])
        size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        drawn = np.asarray(cv2.resize(pixels, size, interpolation=method), np.float32)
        return cls((drawn * dim).astype(np.uint8), rows, columns, scale)

    def place(self, points: NDArray[np.float32]) -> NDArray[np.float32]:
        """Carry points (…, 2) of the picture onto the canvas."""
        return np.asarray((points - (self.columns.start, self.rows.start)) * self.scale, np.float32)

    def lines(
        self, paths: Sequence[NDArray[np.float32]], colour: Colour, width: float, alpha: float, *, closed: bool = False
    ) -> None:
        """Draw paths (N, 2) given in pixels of the picture; `width` in pixels of the canvas."""
        layer = np.zeros([_SUPERSAMPLING * side for side in self.pixels.shape[:2]], np.uint8)
        larger = [self.place(path) * _SUPERSAMPLING for path in paths]
        corners = [np.round((path - 0.5) * (1 << _SHIFT)).astype(np.int32) for path in larger]
        thickness = max(1, round(width * _SUPERSAMPLING))
        cv2.polylines(layer, corners, closed, (255,), thickness, cv2.LINE_AA, _SHIFT)
        self.blend(self._averaged(layer), colour, alpha)

    def blend(self, cover: NDArray[np.float32], colour: Colour, alpha: float) -> None:
        """Lay a colour over the canvas where `cover` (h, w), 0..1, says so."""
        weight = (cover * np.float32(alpha))[..., None]
        mixed = self.pixels * (1 - weight) + np.array(colour, np.float32) * weight
        self.pixels = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)

    def text(self, place: tuple[float, float], words: str, colour: Colour, size: int) -> None:
        """Write words with a dark outline, their top left corner at a place of the canvas."""
        image = Image.fromarray(self.pixels)
        font = ImageFont.load_default(size)
        outline = max(1, size // 9)
        ImageDraw.Draw(image).text(place, words, colour, font, stroke_width=outline, stroke_fill=(15, 15, 18))
        self.pixels = np.asarray(image).copy()

    def back(self, points: NDArray[np.int32]) -> NDArray[np.float32]:
        """Carry pixels (…, 2) of the canvas back into the picture."""
        return np.asarray((points + 0.5) / self.scale + (self.columns.start, self.rows.start), np.float32)

    def shown(self, mask: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bring a full-size mask (H, W) to the canvas."""
        part = mask[self.rows, self.columns]
        method = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_LINEAR
        resized = cv2.resize(part, self.pixels.shape[1::-1], interpolation=method)
        return np.clip(np.asarray(resized, np.float32), 0, 1)

    def _averaged(self, layer: NDArray[np.uint8]) -> NDArray[np.float32]:
        small = cv2.resize(layer, self.pixels.shape[1::-1], interpolation=cv2.INTER_AREA)
        return small.astype(np.float32) / np.float32(255)


def _draw_face(canvas: _Canvas, face: Face) -> None:
    points = face.mesh[:, :2]
    # Line widths follow the face's size, so that a small face in a large picture is not painted over.
    pen = float(np.clip(face.interocular_pixels * canvas.scale / 90, 0.5, 2.0))
    canvas.lines([points[edge] for edge in _edges(face)], _INK, 0.6 * pen, 0.42)
    canvas.lines([points[list(outline)] for outline in _CONTOURS], _INK, 1.2 * pen, 0.9, closed=True)
    canvas.lines(
        [_iris(points, iris) for iris in (topology.LEFT_IRIS, topology.RIGHT_IRIS)], _IRIS, 1.5 * pen, 1.0, closed=True
    )
    box = face.box
    right, bottom = box.left + box.width, box.top + box.height
    canvas.lines(_corners(box.left, box.top, right, bottom), _INK, 1.6 * pen, 0.9)
    _draw_axes(canvas, face, 2.6 * pen)
    pose = face.pose
    turns = (("pitch", pose.pitch_degrees), ("yaw", pose.yaw_degrees), ("roll", pose.roll_degrees))
    size = max(11, round(15 * pen))
    x, y = canvas.place(np.array([box.left, bottom], np.float32))
    canvas.text((x, y + 0.4 * size), "  ".join(f"{name} {round(angle):+d}°" for name, angle in turns), _INK, size)
    canvas.text((x, y + 1.7 * size), f"pupils {face.interocular_pixels:.0f} px apart", _INK, size)


def _draw_axes(canvas: _Canvas, face: Face, width: float) -> None:
    """Draw the head's own directions from the nose tip: to its left, up, and where it faces."""
    frame = head_frame(face.mesh)
    nose = face.mesh[4, :2]
    length = 0.55 * face.interocular_pixels
    for colour, axis in zip(_AXES, frame.rotation.T, strict=True):
        tip = nose + np.array([axis[0], -axis[1]], np.float32) * np.float32(length * 1.4)
        canvas.lines([np.stack([nose, tip])], colour, width, 1.0)


def _edges(face: Face) -> list[list[int]]:
    """Triangulate the face as it is seen from the front, eyes and mouth left open."""
    flat = head_frame(face.mesh).to_head(face.mesh[: topology.FACE_POINTS])[:, :2]
    edges: set[tuple[int, int]] = set()
    for triangle in Delaunay(flat).simplices.tolist():
        if not any(set(triangle) <= set(opening) for opening in _OPENINGS):
            a, b, c = sorted(triangle)
            edges |= {(a, b), (b, c), (a, c)}
    return [list(edge) for edge in sorted(edges)]


def _iris(points: NDArray[np.float32], iris: Sequence[int]) -> NDArray[np.float32]:
    middle, rim = points[iris[0]], points[list(iris[1:])]
    radius = np.linalg.norm(rim - middle, axis=1).mean()
    turn = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    return np.asarray(middle + radius * np.stack([np.cos(turn), np.sin(turn)], axis=-1), np.float32)


def _corners(left: float, top: float, right: float, bottom: float) -> list[NDArray[np.float32]]:
    """Return the four corners of a box as short angles."""
    reach = 0.12 * min(right - left, bottom - top)
    return [
        np.array([(x, y + dy), (x, y), (x + dx, y)], np.float32)
        for x, dx in ((left, reach), (right, -reach))
        for y, dy in ((top, reach), (bottom, -reach))
    ]


def _tinted(portrait: Portrait, long_edge: int, regions: Sequence[tuple[Region, str, Colour]]) -> NDArray[np.uint8]:
    canvas = _Canvas.over(portrait, long_edge, dim=0.9)
    canvas.blend(canvas.shown(1 - portrait.mask(Region.PERSON)), (24, 26, 32), 0.75)
    for region, _, colour in regions:
        cover = canvas.shown(portrait.mask(region))
        canvas.blend(cover, colour, 0.5)
        outlines, _ = cv2.findContours((cover > _HALF).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        paths = [canvas.back(path[:, 0].astype(np.int32)) for path in outlines if len(path) > long_edge // 32]
        if paths:
            canvas.lines(paths, colour, 1.2, 0.9, closed=True)
    letter = max(12, long_edge // 56)
    for row, (_, name, colour) in enumerate(regions):
        canvas.text((letter, letter * (0.8 + 1.5 * row)), name, colour, letter)
    return canvas.pixels


def _people(portrait: Portrait) -> tuple[slice, slice]:
    """Return the part of the picture that is worth showing: heads and shoulders of all faces that matter."""
    height, width = portrait.picture.pixels.shape[:2]
    faces = portrait.faces
    if not faces or unit_pixels(faces[0]) > _SMALL * max(height, width):
        return slice(0, height), slice(0, width)
    shown = [face for face in faces if face.interocular_pixels > faces[0].interocular_pixels / 2]
    unit = unit_pixels(faces[0])
    left = min(face.box.left for face in shown) - 2.2 * unit
    right = max(face.box.left + face.box.width for face in shown) + 2.2 * unit
    top = min(face.box.top for face in shown) - 1.8 * unit
    bottom = max(face.box.top + face.box.height for face in shown) + 2.4 * unit
    rows = slice(max(0, round(top)), min(height, round(bottom)))
    return rows, slice(max(0, round(left)), min(width, round(right)))
