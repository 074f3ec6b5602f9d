"""Portraits painted in flat colours, so that every pixel's region is known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging import topology
from atelier_imaging.analysis import analyse

from tests.services.imaging.heads import SeeingModels, head, scene

if TYPE_CHECKING:
    from atelier_imaging.face import Face
    from numpy.typing import NDArray

    Colour = tuple[int, int, int]

LIGHT_SKIN, DARK_SKIN = (224, 172, 148), (92, 62, 48)
DARK_HAIR, GREY_HAIR, SHIRT, WALL = (48, 36, 30), (176, 176, 178), (240, 242, 245), (92, 122, 150)


@dataclass(frozen=True, slots=True, eq=False)
class Painted:
    """A painted portrait: pixels uint8 (H, W, 3), its face, and where what is, bool (H, W)."""

    pixels: NDArray[np.uint8]
    face: Face
    person: NDArray[np.bool_]
    skin: NDArray[np.bool_]
    hair: NDArray[np.bool_]
    shirt: NDArray[np.bool_]
    features: NDArray[np.bool_]


def paint(skin: Colour = LIGHT_SKIN, hair: Colour | None = DARK_HAIR, *, grey: bool = False) -> Painted:
    """Paint a person who faces the lens in a shirt; `hair` None is bald."""
    width, height = 480, 560
    mesh = head(240, 240, 120)
    (face,) = analyse(scene(width, height), SeeingModels(scene(width, height), [mesh]))
    points = face.mesh[:, :2]
    rows, columns = np.mgrid[:height, :width] + 0.5
    skull = ((columns - 240) / 108) ** 2 + ((rows - 225) / 125) ** 2 < 1
    oval = _filled((height, width), points[list(topology.FACE_OVAL)])
    neck = (np.abs(columns - 240) < 62) & (rows > 300) & (rows < 445)
    shirt = (rows > 430 + 0.0012 * (columns - 240) ** 2) & ~neck | (rows >= 445)
    face_skin = oval | neck | (skull if hair is None else np.zeros_like(oval))
    hair_area = skull & ~oval & (rows < 250) if hair is not None else np.zeros_like(oval)
    features = np.zeros_like(oval)
    pixels = np.empty((height, width, 3), np.uint8)
    pixels[:] = WALL
    for area, colour in ((shirt, SHIRT), (face_skin, skin), (hair_area, hair or skin)):
        pixels[area] = colour
    for outline in (
        topology.LEFT_EYE,
        topology.RIGHT_EYE,
        topology.LEFT_BROW,
        topology.RIGHT_BROW,
        topology.LIPS_OUTER,
    ):
        part = _filled((height, width), points[list(outline)])
        pixels[part] = (150, 70, 70)
        features |= part
    noise = np.random.default_rng(3).normal(0, 2, pixels.shape)
    pixels = np.clip(pixels + noise, 0, 255).astype(np.uint8)
    if grey:
        pixels = np.repeat(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
    person = shirt | face_skin | hair_area
    return Painted(pixels, face, person, face_skin & ~features, hair_area, shirt, features)


def _filled(shape: tuple[int, int], outline: NDArray[np.float32]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(outline - 0.5).astype(np.int32)], (1,))
    return mask > 0
