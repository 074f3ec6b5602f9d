"""Move skin to a tone: by typology angle, from a reference portrait, or warmer and cooler.

Only the low orders of the distribution move: mean and covariance of a* and b*, and, where lightness is asked for, a
smooth gain. So pores, freckles and modelling stay. Everything happens in CIELAB under D65, inside the mask of the skin.

The individual typology angle is ITA = atan((L* − 50) / b*) in degrees (A. Chardon et al., "Skin colour typology and
suntanning pathways", International Journal of Cosmetic Science 13, 1991): above 55 very light, 41 light, 28
intermediate, 10 tan, −30 brown, below it dark.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from atelier_imaging.color import (
    ColorSpace,
    decode_transfer,
    encode_transfer,
    lab_to_linear,
    linear_to_lab,
    luminance,
    rgb_to_lab,
)

from atelier_style.halation import rows_of, shrunk

if TYPE_CHECKING:
    from atelier_imaging.strips import PixelArray
    from numpy.typing import NDArray

MIN_PIXELS = 64
# A mask above this is certainly skin, as for the angle that imaging measures.
CERTAIN = 0.8
# Mean chroma below which a picture is black-and-white, toned perhaps, and skin has no colour to move.
MIN_CHROMA = 4.0
# A chroma spread that is stretched further than this shows blotches and the blocks of compression.
MAX_CHROMA_STRETCH = 1.4
# What a* and b* are along the typology angle: both fall towards very light and very dark skin. Tuned after the ranges
# that are published for the classes (S. Del Bino, F. Bernerd, "Variations in skin colour and the biological
# consequences of ultraviolet radiation exposure", British Journal of Dermatology 169, 2013). Small moves use only the
# ratios between two angles, so that everybody keeps their undertone and the picture its light; over this many degrees
# the undertone is left.
_UNDERTONE_DEGREES = 90.0
_ANGLES = (-60.0, -40.0, -20.0, 0.0, 20.0, 35.0, 48.0, 60.0, 75.0)
_B_STAR = (11.0, 14.5, 17.0, 18.5, 19.0, 18.0, 16.0, 13.5, 11.0)
_A_STAR = (8.5, 11.0, 12.0, 12.0, 11.5, 10.5, 9.5, 8.5, 7.0)
# A full turn of warmth, in a* and b*: along the line from daylight to tungsten light.
_WARMTH = (2.0, 8.0)
_BASE_EDGE = 512


@dataclass(frozen=True, slots=True, eq=False)
class SkinColour:
    """What a person's skin measures on cheeks and forehead: CIELAB medians and the covariance (2, 2) of a* and b*."""

    lightness: float
    a: float
    b: float
    covariance: NDArray[np.float64]

    @property
    def ita_degrees(self) -> float:
        """Give the individual typology angle."""
        return float(np.degrees(np.arctan2(self.lightness - 50.0, self.b)))


@dataclass(frozen=True, slots=True, eq=False)
class ToneRecipe:
    """Where skin goes: from `own` to the means `a` and `b`, its spread by `stretch` (2, 2), to `lightness` if given.

    `mask` is the soft mask (H, W), 0..1, of the skin; `strength` is 0..1.
    """

    mask: NDArray[np.float32]
    own: SkinColour
    a: float
    b: float
    stretch: NDArray[np.float64]
    lightness: float | None
    strength: float


def measure_skin(pixels: PixelArray, space: ColorSpace, where: NDArray[np.float32]) -> SkinColour | None:
    """Measure the skin of display-encoded pixels (H, W, 3) where a mask (H, W) says that it is certainly skin.

    For the covariance the darkest and lightest tenths, stubble and shine, are left out. None where too little skin is
    visible or the picture has no colour.
    """
    found = pixels[where > CERTAIN]
    if len(found) < MIN_PIXELS:
        return None
    lab = rgb_to_lab(found[:: max(1, len(found) // 200_000)], space).astype(np.float64)
    lightness, a, b = (float(value) for value in np.median(lab, axis=0))
    if np.hypot(a, b) < MIN_CHROMA:
        return None
    low, high = np.quantile(lab[:, 0], [0.1, 0.9])
    middle = lab[(lab[:, 0] >= low) & (lab[:, 0] <= high)]
    return SkinColour(lightness, a, b, np.cov(middle[:, 1:].T))


def towards_reference(
    mask: NDArray[np.float32], own: SkinColour, reference: SkinColour, strength: float, *, match_lightness: bool
) -> ToneRecipe:
    """Take mean and covariance of a* and b* over from a reference; its lightness only where that is asked for."""
    return ToneRecipe(
        mask,
        own,
        reference.a,
        reference.b,
        _limited_map(own.covariance, reference.covariance),
        reference.lightness if match_lightness else None,
        strength,
    )


def towards_angle(mask: NDArray[np.float32], own: SkinColour, ita_degrees: float, strength: float) -> ToneRecipe:
    """Move skin to a typology angle: lightness, and chroma as skin of that angle has it beside skin of its own."""
    usual = np.array([np.interp(ita_degrees, _ANGLES, axis) for axis in (_A_STAR, _B_STAR)])
    before = np.array([np.interp(own.ita_degrees, _ANGLES, axis) for axis in (_A_STAR, _B_STAR)])
    left = min(1.0, abs(ita_degrees - own.ita_degrees) / _UNDERTONE_DEGREES)
    # The saturation of this picture, beside that of skin as it is measured.
    saturation = np.hypot(own.a, own.b) / np.hypot(*before)
    a, b = (1.0 - left) * np.array([own.a, own.b]) * usual / before + left * saturation * usual
    lightness = 50.0 + b * np.tan(np.radians(ita_degrees))
    stretch = np.clip(np.hypot(a, b) / np.hypot(own.a, own.b), 1.0 / MAX_CHROMA_STRETCH, MAX_CHROMA_STRETCH)
    return ToneRecipe(
        mask, own, float(a), float(b), np.eye(2) * stretch, float(np.clip(lightness, 12.0, 92.0)), strength
    )


def towards_warmth(mask: NDArray[np.float32], own: SkinColour, warmth: float, strength: float) -> ToneRecipe:
    """Make skin warmer (up to 1) or cooler (down to −1) at its own lightness."""
    return ToneRecipe(mask, own, own.a + warmth * _WARMTH[0], own.b + warmth * _WARMTH[1], np.eye(2), None, strength)


class ToneStage:
    """A pass stage that tones the skin in the rows of `pixels`; where the mask is 0, nothing is touched."""

    def __init__(self, recipe: ToneRecipe, pixels: PixelArray, space: ColorSpace) -> None:
        self._recipe = recipe
        self._space = space
        self._size = pixels.shape[:2]
        self._gain = _gain_map(recipe, pixels, space) if recipe.lightness is not None else None
        self._own = np.array([recipe.own.a, recipe.own.b], np.float32)
        self._target = np.array([recipe.a, recipe.b], np.float32)
        self._stretch = recipe.stretch.astype(np.float32)

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Tone display-encoded `rows`, float32 (h, w, 3), in place."""
        mask = self._recipe.mask[top : top + len(rows)]
        where = mask > 0.0
        if not where.any():
            return
        linear = decode_transfer(rows[where])
        lab = linear_to_lab(linear, self._space)
        toned = np.empty_like(lab)
        toned[:, 0] = lab[:, 0]
        if self._gain is not None:
            gain = rows_of(self._gain, self._size, top, len(rows))[where]
            toned[:, 0] = linear_to_lab(linear * gain[:, None], self._space)[:, 0]
        toned[:, 1:] = (lab[:, 1:] - self._own) @ self._stretch.T + self._target
        share = np.float32(self._recipe.strength) * mask[where]
        lab += share[:, None] * (toned - lab)
        rows[where] = encode_transfer(np.clip(lab_to_linear(lab, self._space), 0.0, 1.0))


def _gain_map(recipe: ToneRecipe, pixels: PixelArray, space: ColorSpace) -> NDArray[np.float32]:
    """Give a smooth map of gains on linear light, small, that brings the skin's lightness where it should be.

    The tone curve Y' = gY / (1 + (g−1)Y) keeps black and white where they are; it is applied to the smooth base of the
    skin and not to its texture, whose contrast stays as it is.
    """
    scale = min(1.0, _BASE_EDGE / max(pixels.shape[:2]))
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    bright = luminance(decode_transfer(shrunk(pixels, size)), space)
    mask = cv2.resize(recipe.mask, size, interpolation=cv2.INTER_AREA) + np.float32(1e-4)
    sigma = max(1.0, 0.05 * float(np.sqrt(mask.sum())))
    weighted = cv2.GaussianBlur(bright * mask, (0, 0), sigma)
    base = np.clip(weighted / cv2.GaussianBlur(mask, (0, 0), sigma), 0.004, 0.98)
    own, target = _luminance_of(recipe.own.lightness), _luminance_of(recipe.lightness or recipe.own.lightness)
    odds = target * (1.0 - own) / (own * (1.0 - target))
    return np.asarray(odds / (1.0 + (odds - 1.0) * base), dtype=np.float32)


def _luminance_of(lightness: float) -> float:
    """Give Y (white = 1) of a lightness L* above 8 (CIE 15:2004)."""
    return ((lightness + 16.0) / 116.0) ** 3


def _limited_map(own: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the symmetric map that turns one covariance into another, its stretch limited."""
    values, vectors = np.linalg.eigh(own + 1e-3 * np.eye(2))
    root, inverse = ((vectors * values**power) @ vectors.T for power in (0.5, -0.5))
    inner_values, inner_vectors = np.linalg.eigh(root @ other @ root)
    stretch = inverse @ ((inner_vectors * np.sqrt(np.maximum(inner_values, 0.0))) @ inner_vectors.T) @ inverse
    values, vectors = np.linalg.eigh((stretch + stretch.T) / 2.0)
    return np.asarray((vectors * np.clip(values, 1.0 / MAX_CHROMA_STRETCH, MAX_CHROMA_STRETCH)) @ vectors.T)
