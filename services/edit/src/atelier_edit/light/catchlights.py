"""The lamp's image in the eyes: the old one taken out, the new one where the key puts it, the same in both.

The cornea is a convex mirror with a radius of 7.8 mm over an iris with one of 5.9 mm. It shows a lamp where its normal
halves the angle between lens and lamp.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np
from atelier_imaging.color import decode_transfer, encode_transfer, full_scale, luminance
from atelier_imaging.faceframe import fill
from atelier_imaging.topology import LEFT_EYE, LEFT_IRIS, RIGHT_EYE, RIGHT_IRIS

from atelier_edit.light.kelvin import tint

if TYPE_CHECKING:
    from atelier_imaging.color import ColorSpace
    from atelier_imaging.face import Face
    from atelier_imaging.vips import Pixels
    from numpy.typing import NDArray

    from atelier_edit.light.rig import Lamp

# An iris of fewer pixels from middle to rim is left alone: a lamp in it would be one pixel.
MIN_RADIUS_PIXELS: Final = 6.0
# Lengths in radii of the iris: the cornea's own, how far its middle lies behind the iris, where a lamp still shows.
_CORNEA: Final = 7.8 / 5.9
_BEHIND: Final = 0.75
_FARTHEST: Final = 0.8
_SMALLEST: Final = 0.1
_LARGEST: Final = 0.27
# What is this much brighter than the iris's middle tone, in linear light, is a lamp; over a larger share, it is glass.
_BRIGHTER: Final = 2.2
_AT_LEAST: Final = 0.06
_GLASS: Final = 0.3
_BRIGHTNESS: Final = 0.8


@dataclass(frozen=True, slots=True)
class Catchlight:
    """A lamp as an eye shows it: where (x, y) from the cornea's middle and how large, in radii of the iris.

    `squareness` is the power of its outline, 2 for a disc and more for a softbox; `opacity` 0..1; `color` is linear.
    """

    x: float
    y: float
    radius: float
    squareness: float
    opacity: float
    color: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Eye:
    """An eye in pixels: the iris's middle and radius, the lids' outline (n, 2), and where it looks, in radians."""

    x: float
    y: float
    radius: float
    lids: NDArray[np.float32]
    turned: tuple[float, float]


def catchlight_of(lamp: Lamp, strength: float, space: ColorSpace, *, grey: bool) -> Catchlight | None:
    """Return what an eye shows of a key; None where it stands behind the head."""
    direction = lamp.direction.astype(np.float64)
    if direction[2] < -0.2 or lamp.intensity <= 0 or strength <= 0:
        return None
    half = direction + np.array([0, 0, 1])
    half /= np.linalg.norm(half)
    x, y = _CORNEA * half[0], -_CORNEA * half[1]
    inwards = min(1.0, _FARTHEST / max(math.hypot(x, y), 1e-6))
    radius = float(np.clip(_CORNEA * math.asin(min(lamp.size, 1)) / 2, _SMALLEST, _LARGEST))
    color = np.ones(3, np.float32) if grey else np.sqrt(tint(lamp.kelvin, space))
    red, green, blue = (float(value) for value in color / color.max())
    opacity = strength * _BRIGHTNESS * (1 - 0.45 * lamp.softness)
    return Catchlight(x * inwards, y * inwards, radius, 2 + 5 * lamp.softness, opacity, (red, green, blue))


def eyes_of(face: Face) -> tuple[Eye, ...]:
    """Return both eyes of a face, or none where one of them has too few pixels: they are treated alike."""
    eyes = []
    for iris, lids, gaze in ((RIGHT_IRIS, RIGHT_EYE, face.right_gaze), (LEFT_IRIS, LEFT_EYE, face.left_gaze)):
        middle = face.mesh[iris[0], :2]
        rim = np.linalg.norm(face.mesh[list(iris[1:]), :2] - middle, axis=1)
        across = math.radians(face.pose.yaw_degrees + gaze.x_degrees)
        down = -math.radians(face.pose.pitch_degrees + gaze.y_degrees)
        # A turned iris is narrow: its largest radius is the one of a circle.
        radius = float(np.sort(rim)[-2:].mean())
        eyes.append(Eye(float(middle[0]), float(middle[1]), radius, face.mesh[list(lids), :2], (across, down)))
    return tuple(eyes) if min(eye.radius for eye in eyes) >= MIN_RADIUS_PIXELS else ()


def relight_eye(source: Pixels, out: Pixels, eye: Eye, light: Catchlight, space: ColorSpace) -> None:
    """Change the lamp in one eye of `out` (H, W, 3), a relit picture, in place; `source` is what it was before."""
    reach = math.ceil(1.3 * eye.radius) + 2
    left, top = max(0, round(eye.x) - reach), max(0, round(eye.y) - reach)
    part = (slice(top, round(eye.y) + reach + 1), slice(left, round(eye.x) + reach + 1))
    if out[part].size == 0:
        return
    shape = (int(out[part].shape[0]), int(out[part].shape[1]))
    x, y = np.meshgrid(np.arange(shape[1]) + left + 0.5 - eye.x, np.arange(shape[0]) + top + 0.5 - eye.y)
    x, y = (np.asarray(axis / eye.radius, np.float32) for axis in (x, y))
    opening = fill(shape, eye.lids - (left, top))
    opening = np.asarray(cv2.GaussianBlur(opening, (0, 0), max(0.5, 0.06 * eye.radius)), np.float32)
    pixels = decode_transfer(out[part])
    old = _old_lamp(luminance(decode_transfer(source[part]), space), np.hypot(x, y), opening, eye.radius)
    pixels += (light.opacity / _BRIGHTNESS) * old[..., None] * (_inside(pixels, old, opening, eye.radius) - pixels)
    new = (_drawn(x, y, eye, light) * opening * light.opacity)[..., None]
    pixels += new * (np.array(light.color, np.float32) - pixels)
    scale = np.float32(full_scale(out.dtype))
    changed = (np.maximum(old, new[..., 0]) > 1e-3)[..., None]
    np.copyto(out[part], np.rint(np.clip(encode_transfer(pixels), 0, 1) * scale).astype(out.dtype), where=changed)


def _old_lamp(
    bright: NDArray[np.float32], distance: NDArray[np.float32], opening: NDArray[np.float32], radius: float
) -> NDArray[np.float32]:
    """Return where the eye shows a lamp already, a soft mask (h, w)."""
    iris = (distance < 0.95) & (opening > 0.4)
    none = np.zeros_like(bright)
    if iris.sum() < 12:
        return none
    middle = float(np.median(bright[iris]))
    lamp = iris & (bright > max(_BRIGHTER * middle, middle + _AT_LEAST))
    if not lamp.any() or lamp.sum() > _GLASS * iris.sum():
        return none
    grown = cv2.dilate(lamp.astype(np.uint8), cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3)))
    grown = grown * (distance < 1.05)
    soft = cv2.GaussianBlur(grown.astype(np.float32), (0, 0), max(0.5, 0.06 * radius))
    return np.asarray(np.clip(soft * 1.4, 0, 1) * opening, np.float32)


def _inside(
    pixels: NDArray[np.float32], old: NDArray[np.float32], opening: NDArray[np.float32], radius: float
) -> NDArray[np.float32]:
    """Return what the iris looks like without its lamp: what lies around it, carried in."""
    known = np.clip(1 - 1.5 * old, 0, 1) * opening
    result, total = np.zeros_like(pixels), np.zeros_like(known)
    # Nearer surroundings first; wider ones where they do not reach.
    for sigma, share in ((0.12, 1.0), (0.3, 1e-2), (0.8, 1e-4)):
        blur = max(0.8, sigma * radius)
        result += np.float32(share) * cv2.GaussianBlur(pixels * known[..., None], (0, 0), blur)
        total += np.float32(share) * cv2.GaussianBlur(known, (0, 0), blur)
    return np.asarray(result / np.maximum(total, 1e-8)[..., None], np.float32)


def _drawn(x: NDArray[np.float32], y: NDArray[np.float32], eye: Eye, light: Catchlight) -> NDArray[np.float32]:
    """Draw a lamp over the iris, (h, w), 0..1, its edge as soft as a pixel or a bit more."""
    middle_x = light.x - _BEHIND * math.sin(eye.turned[0])
    middle_y = light.y - _BEHIND * math.sin(eye.turned[1])
    outwards = math.hypot(middle_x, middle_y)
    inwards = min(1.0, _FARTHEST / max(outwards, 1e-6))
    across, along = np.abs(x - middle_x * inwards), np.abs(y - middle_y * inwards)
    power = np.float32(light.squareness)
    distance = (across**power + along**power) ** (1 / power)
    softness = max(0.07, 1.1 / eye.radius)
    drawn = np.clip((light.radius - distance) / softness * 0.5 + 0.5, 0, 1)
    return np.asarray(drawn * drawn * (3 - 2 * drawn), np.float32)
