"""A known head under known lamps: matt and a little glossy, with cast shadows, in linear light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from atelier_imaging.color import encode_transfer, luminance, quantise

from tests.services.edit.truth.occlusion import lit, spread_over

if TYPE_CHECKING:
    from atelier_imaging.picture import Picture
    from numpy.typing import NDArray

    from tests.services.edit.truth.head import Head

_DIRECTIONS: Final = 24
# Skin reflects this much at normal incidence (refractive index 1.4) from facets of this roughness.
_FRESNEL: Final = 0.028
_ROUGHNESS: Final = 0.3
# Exposed so that this share of the face's skin is darker than it is in the portrait's own exposure.
_EXPOSED_FOR: Final = 80


@dataclass(frozen=True, slots=True)
class Lamp:
    """A source: azimuth 0 at the lens, 90 at the picture's right; elevation above the eyes.

    An `intensity` of 1 lights a facing surface fully; `softness`, 0..1, is the size: the sine of the source's angular
    radius is 0.95 times that.
    """

    azimuth_degrees: float
    elevation_degrees: float
    intensity: float = 1.0
    softness: float = 0.3

    @property
    def direction(self) -> NDArray[np.float32]:
        """Return the unit vector (3,) towards the lamp: x right, y up, z to the lens."""
        azimuth, elevation = np.radians([self.azimuth_degrees, self.elevation_degrees])
        across, ahead = np.sin(azimuth) * np.cos(elevation), np.cos(azimuth) * np.cos(elevation)
        return np.array([across, np.sin(elevation), ahead], np.float32)


@dataclass(frozen=True, slots=True)
class Light:
    """Lamps and an even sky."""

    lamps: tuple[Lamp, ...]
    ambient: float = 0.1


@dataclass(frozen=True, slots=True, eq=False)
class Rendering:
    """A picture, and the light (H, W) that its surface got: matt part, in the unit of the lamps' intensity."""

    picture: Picture
    irradiance: NDArray[np.float32]


def render(head: Head, light: Light) -> Rendering:
    """Light a head; the background stays the portrait's own."""
    matt, gloss = irradiance(head, light)
    albedo = head.texture / head.shading[..., None]
    lit_up = albedo * matt[..., None] + (gloss * head.skin)[..., None]
    exposure = _level(head.texture, head) / max(_level(lit_up, head), 1e-6)
    share = head.person[..., None]
    linear = share * exposure * lit_up + (1 - share) * head.texture
    pixels = quantise(encode_transfer(np.clip(linear, 0, 1).astype(np.float32)), np.uint8)
    return Rendering(head.picture.with_pixels(pixels), matt)


def irradiance(head: Head, light: Light) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return what arrives at each pixel (1: a lamp of intensity 1, facing) and what is mirrored towards the lens."""
    matt = light.ambient * head.open_sky
    gloss = np.zeros_like(matt)
    for lamp in light.lamps:
        directions = spread_over(lamp.direction, 0.95 * lamp.softness, _DIRECTIONS if lamp.softness > 0.03 else 1)
        for direction in directions:
            share = lamp.intensity / len(directions)
            reached = share * lit(head.points, head.depth, head.normals, direction)
            matt = matt + reached * np.maximum(head.normals @ direction, 0)
            gloss = gloss + reached * _mirrored(head.normals, direction)
    return np.asarray(matt, np.float32), np.asarray(gloss, np.float32)


def _mirrored(normals: NDArray[np.float32], direction: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what facets mirror, times pi as the lamps' unit asks.

    Trowbridge and Reitz's distribution, Schlick's Fresnel term; facets that shade each other are left out.
    """
    half = direction + np.array([0, 0, 1], np.float32)
    half /= max(float(np.linalg.norm(half)), 1e-6)
    alpha = _ROUGHNESS**2
    facing = np.maximum(normals @ half, 0)
    spread = alpha / ((facing**2 * (alpha - 1) + 1) ** 2)  # without 1 / pi
    fresnel = _FRESNEL + (1 - _FRESNEL) * (1 - max(float(half @ direction), 0)) ** 5
    lens = np.maximum(normals[..., 2], 0.3)
    return np.asarray(np.where(normals @ direction > 0, spread * fresnel / (4 * lens), 0), np.float32)


def _level(linear: NDArray[np.float32], head: Head) -> float:
    """Return the light of the face's well-lit skin."""
    return float(np.percentile(luminance(linear.astype(np.float32), head.picture.space)[head.skin > 0.9], _EXPOSED_FOR))
