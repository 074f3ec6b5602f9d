"""The same portrait under other circumstances: pairs of one person where there is only one picture of each.

They show what an encoder makes of pictures that were processed, cropped or lit otherwise, and of heads that are turned
a little. They do not show another day, ten years, or new glasses.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging import color
from atelier_imaging.warp.grid import Grid
from atelier_imaging.warp.mesh import mesh_flow
from atelier_imaging.warp.resample import resample

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.face import Face
    from numpy.random import Generator
    from numpy.typing import NDArray

    Bytes = NDArray[np.uint8]
    Variation = Callable[[Bytes, Face, Generator], Bytes]

# Distances between the pupils, in pixels, of faces that were small and are enlarged again.
_SMALL = (16.0, 24.0)


def crop(pixels: Bytes, face: Face, random: Generator) -> Bytes:
    """Cut close around the face, off centre, and turn by up to 8 degrees."""
    height, width = pixels.shape[:2]
    middle = (face.box.left + face.box.width / 2, face.box.top + face.box.height / 2)
    turn = cv2.getRotationMatrix2D(middle, random.uniform(-8, 8), 1.0)
    turned = cv2.warpAffine(pixels, turn, (width, height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    side = random.uniform(1.4, 1.9) * max(face.box.width, face.box.height)
    left, top = (round(value - side / 2 + random.uniform(-0.1, 0.1) * side) for value in middle)
    return np.ascontiguousarray(turned[max(top, 0) : top + round(side), max(left, 0) : left + round(side)])


def jpeg(pixels: Bytes, _face: Face, random: Generator) -> Bytes:
    """Write as a JPEG of quality 15 to 50."""
    quality = int(random.integers(15, 51))
    _, written = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    read = np.asarray(cv2.imdecode(written, cv2.IMREAD_COLOR), np.uint8)
    return np.ascontiguousarray(read[..., ::-1])


def exposure(pixels: Bytes, _face: Face, random: Generator) -> Bytes:
    """Expose by up to 1.2 stops otherwise, with a colour cast."""
    gain = 2 ** random.uniform(-1.2, 1.2) * random.uniform(0.85, 1.15, 3)
    return _encoded(color.decode_transfer(pixels) * gain.astype(np.float32))


def blur(pixels: Bytes, face: Face, random: Generator) -> Bytes:
    """Put out of focus, by 1.5 to 4 % of the distance between the pupils."""
    sigma = random.uniform(0.015, 0.04) * face.interocular_pixels
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma), np.uint8)


def noise(pixels: Bytes, _face: Face, random: Generator) -> Bytes:
    """Add noise of 4 to 14 levels."""
    noisy = pixels + random.normal(0, random.uniform(4, 14), pixels.shape)
    return np.clip(np.rint(noisy), 0, 255).astype(np.uint8)


def relight(pixels: Bytes, face: Face, random: Generator) -> Bytes:
    """Light from one side, up to four times as much there as on the other."""
    rows, columns = np.mgrid[: pixels.shape[0], : pixels.shape[1]].astype(np.float32)
    angle = random.uniform(0, 2 * math.pi)
    centre = (face.box.left + face.box.width / 2, face.box.top + face.box.height / 2)
    across = (columns - centre[0]) * math.cos(angle) + (rows - centre[1]) * math.sin(angle)
    stops = random.uniform(0.5, 1.0) * np.clip(across / (face.box.width / 2), -1, 1)
    return _encoded(color.decode_transfer(pixels) * (2**stops)[..., None])


def pose(pixels: Bytes, face: Face, random: Generator) -> Bytes:
    """Turn the head by 4 to 10 degrees and pitch it by up to 5, by a warp of its mesh."""
    yaw = math.radians(random.uniform(4, 10) * random.choice([-1, 1]))
    pitch = math.radians(random.uniform(-5, 5))
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    middle = face.mesh[:468].mean(axis=0)
    # x and z of the mesh are the picture's own: turning about them is near enough for a head that looks into the lens.
    moved = np.asarray((face.mesh - middle) @ (about_x @ about_y).T + middle, np.float32)
    grid = Grid.covering(0, 0, pixels.shape[1], pixels.shape[0], 2.0)
    return resample(pixels, mesh_flow(face.mesh, moved, grid, 0.8 * face.interocular_pixels))


def enlarged(pixels: Bytes, face: Face, random: Generator) -> Bytes:
    """Reduce until 16 to 24 pixels lie between the pupils, and enlarge again."""
    share = min(random.uniform(*_SMALL) / face.interocular_pixels, 1.0)
    height, width = pixels.shape[:2]
    small = cv2.resize(pixels, (round(width * share), round(height * share)), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def several(pixels: Bytes, face: Face, random: Generator) -> Bytes:
    """Turn the head, light it otherwise, expose it otherwise and write it as a JPEG."""
    for variation in (pose, relight, exposure, jpeg):
        pixels = variation(pixels, face, random)
    return pixels


VARIATIONS: dict[str, Variation] = {
    one.__name__: one for one in (crop, jpeg, exposure, blur, noise, relight, pose, enlarged, several)
}


def _encoded(light: NDArray[np.float32]) -> Bytes:
    return np.rint(255 * np.clip(color.encode_transfer(np.clip(light, 0, 1)), 0, 1)).astype(np.uint8)
