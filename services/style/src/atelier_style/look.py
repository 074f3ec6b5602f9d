"""A look in figures, and its baking into a lookup table.

A look follows the order of a film: exposure and light in linear light, dyes that overlap (a matrix), retained silver,
the characteristic curves of the layers, then what a colourist does at the desk: hues, saturation, toned shadows and
highlights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.color import ColorSpace, decode_transfer, encode_transfer, linear_to_xyz, luminance_weights
from scipy.interpolate import PchipInterpolator

from atelier_style.cube import Cube, identity
from atelier_style.oklab import into_gamut, linear_to_oklab

if TYPE_CHECKING:
    from numpy.typing import NDArray

Points = tuple[tuple[float, float], ...]
STRAIGHT: Points = ((0.0, 0.0), (1.0, 1.0))
# CIE 1931 chromaticity of CIE daylight and the CAT16 cone matrix (Li et al., 2017).
_CAT16 = np.array([[0.401288, 0.650173, -0.051461], [-0.250268, 1.204414, 0.045854], [-0.002079, 0.048952, 0.953127]])
# Display-encoded value above which highlights roll off where a look pushes white above white.
_SHOULDER = 0.7
_D65_MIRED = 1e6 / 6504.0


@dataclass(frozen=True, slots=True)
class HueShift:
    """A change to the colours around a hue: `hue`, `width` (deviation) and `turn` in degrees of Oklab; red is 29, skin
    40 to 70, yellow 110, green 142, cyan 195, blue 264. `chroma` and `lightness` are factors.
    """  # noqa: D205

    hue: float
    width: float = 25.0
    turn: float = 0.0
    chroma: float = 1.0
    lightness: float = 1.0


@dataclass(frozen=True, slots=True)
class Tint:
    """A colour for shadows or highlights: `hue` in degrees of Oklab, `chroma` in its units (0.02 shows)."""

    hue: float
    chroma: float


@dataclass(frozen=True, slots=True)
class Look:
    """A grade as data.

    `exposure_stops`, `warmth_mired` (the light's shift from D65 along the daylight locus, positive is warmer) and
    `tint` (stops of green, negative is magenta) act in linear light. `monochrome` are the shares of red, green and blue
    in a black-and-white picture; empty keeps colour. `matrix` are the rows by which layers overlap. `silver` 0..1 is
    the silver left in the film (bleach bypass). `curve`, then `red`, `green` and `blue`, are points of smooth monotone
    curves on display-encoded values. `density` darkens colours by their chroma, as dyes do. `shadows` and `highlights`
    tone the two ends. `halation` and `vignette` are the look's own, 0..1.
    """

    description: str
    exposure_stops: float = 0.0
    warmth_mired: float = 0.0
    tint: float = 0.0
    monochrome: tuple[float, ...] = ()
    matrix: tuple[tuple[float, ...], ...] = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    silver: float = 0.0
    curve: Points = STRAIGHT
    red: Points = STRAIGHT
    green: Points = STRAIGHT
    blue: Points = STRAIGHT
    hues: tuple[HueShift, ...] = ()
    saturation: float = 1.0
    density: float = 0.0
    shadows: Tint = Tint(0.0, 0.0)
    highlights: Tint = Tint(0.0, 0.0)
    halation: float = 0.0
    vignette: float = 0.0


def bake(look: Look, space: ColorSpace, title: str = "") -> Cube:
    """Work a look out at the nodes of a 33-point table on display-encoded values of `space`."""
    cube = identity()
    linear = decode_transfer(cube.table).astype(np.float64)
    linear = linear * _light_gains(look, space)
    if look.monochrome:
        linear = np.repeat(linear @ np.array(look.monochrome)[:, None], 3, axis=-1)
    linear = np.maximum(linear @ np.array(look.matrix).T, 0.0)
    linear = _retain_silver(linear, look.silver, space)
    encoded = _curves(_encode(linear), look)
    lab = linear_to_oklab(decode_transfer(encoded.astype(np.float32)), space)
    shaped = _tone(_shape_hues(lab.astype(np.float64), look), look)
    table = encode_transfer(into_gamut(shaped.astype(np.float32), space))
    return Cube(np.ascontiguousarray(table), title=title)


def has_colour(cube: Cube) -> bool:
    """Tell whether a table of 0..1 leaves different hues different; a toned black-and-white look does not."""
    table = cube.table.astype(np.float64)
    axis = table[np.arange(cube.size), np.arange(cube.size), np.arange(cube.size)] if table.ndim == 4 else table
    if table.ndim == 2:
        return True
    order = np.argsort(axis.mean(axis=1), kind="stable")
    level = table.reshape(-1, 3).mean(axis=1)
    toned = np.stack([np.interp(level, axis[order].mean(axis=1), axis[order, channel]) for channel in range(3)], axis=1)
    return bool(np.abs(table.reshape(-1, 3) - toned).mean() > 0.01)


def _encode(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    return encode_transfer(linear.astype(np.float32)).astype(np.float64)


def _light_gains(look: Look, space: ColorSpace) -> NDArray[np.float64]:
    """Give the factors on red, green and blue for exposure, warmth and tint; warmth and tint keep white's luminance."""
    to_xyz = linear_to_xyz(np.eye(3, dtype=np.float32), space).T.astype(np.float64)
    cones = _CAT16 @ _daylight(_D65_MIRED + look.warmth_mired) / (_CAT16 @ _daylight(_D65_MIRED))
    white = np.linalg.solve(to_xyz, np.linalg.solve(_CAT16, cones * (_CAT16 @ to_xyz.sum(axis=1))))
    gains = white * np.array([1.0, 2.0**look.tint, 1.0])
    return np.asarray(gains / (gains @ luminance_weights(space)) * 2.0**look.exposure_stops)


def _daylight(mired: float) -> NDArray[np.float64]:
    """Give XYZ (Y = 1) of CIE daylight of a correlated colour temperature, 4000 to 25000 K (CIE 15:2004, 3.1)."""
    t = mired / 1000.0
    if t > 1.0 / 7.0:
        x = -4.6070 * t**3 + 2.9678 * t**2 + 0.09911 * t + 0.244063
    else:
        x = -2.0064 * t**3 + 1.9018 * t**2 + 0.24748 * t + 0.237040
    y = -3.0 * x**2 + 2.870 * x - 0.275
    return np.array([x / y, 1.0, (1.0 - x - y) / y])


def _retain_silver(linear: NDArray[np.float64], silver: float, space: ColorSpace) -> NDArray[np.float64]:
    """Leave silver in the film: its density, that of the black-and-white picture, adds to the dyes'.

    Printed half a stop lighter per unit, as a laboratory does, so that mid-grey hardly sinks.
    """
    if silver == 0.0:
        return linear
    grey = np.maximum(linear @ luminance_weights(space)[:, None], 1e-6)
    return np.asarray(linear * (grey / 0.18) ** (0.5 * silver) * 2.0 ** (0.1 * silver))


def _curves(encoded: NDArray[np.float64], look: Look) -> NDArray[np.float64]:
    """Put display-encoded values through the curve of the film, then through those of its layers."""
    values = _roll_off(encoded)
    if look.curve != STRAIGHT:
        values = PchipInterpolator(*zip(*look.curve, strict=True))(values)
    layers = (look.red, look.green, look.blue)
    shaped = [
        values[..., index] if points == STRAIGHT else PchipInterpolator(*zip(*points, strict=True))(values[..., index])
        for index, points in enumerate(layers)
    ]
    return np.asarray(np.clip(np.stack(shaped, axis=-1), 0.0, 1.0))


def _roll_off(encoded: NDArray[np.float64]) -> NDArray[np.float64]:
    """Bring values that exposure or warmth pushed above white back to 0..1 by a shoulder."""
    white = float(encoded.max())
    if white <= 1.0:
        return np.maximum(encoded, 0.0)
    reach = np.maximum(encoded - _SHOULDER, 0.0)
    slope = (white - _SHOULDER) / (1.0 - _SHOULDER)
    rolled = _SHOULDER + reach / (1.0 + (slope - 1.0) * reach / (white - _SHOULDER))
    return np.where(encoded > _SHOULDER, rolled, np.maximum(encoded, 0.0))


def _shape_hues(lab: NDArray[np.float64], look: Look) -> NDArray[np.float64]:
    """Turn, strengthen and lighten hues, then all of them; greys stay as they are."""
    lightness = lab[..., 0]
    chroma = np.hypot(lab[..., 1], lab[..., 2])
    hue = np.degrees(np.arctan2(lab[..., 2], lab[..., 1]))
    # Near grey a hue means nothing; let changes of lightness come in gently.
    colourful = chroma / (chroma + 0.04)
    turn, gain, light = np.zeros_like(hue), np.full_like(hue, look.saturation), np.ones_like(hue)
    for shift in look.hues:
        distance = (hue - shift.hue + 180.0) % 360.0 - 180.0
        weight = np.exp(-0.5 * (distance / shift.width) ** 2)
        turn += weight * shift.turn
        gain *= 1.0 + weight * (shift.chroma - 1.0)
        light *= 1.0 + weight * colourful * (shift.lightness - 1.0)
    light *= 1.0 - look.density * np.minimum(chroma * gain, 0.3)
    turned = np.radians(hue + turn)
    return np.stack([lightness * light, chroma * gain * np.cos(turned), chroma * gain * np.sin(turned)], axis=-1)


def _tone(lab: NDArray[np.float64], look: Look) -> NDArray[np.float64]:
    """Add the tints of shadows and highlights, which cross at middle grey and leave pure black and white alone."""
    lightness = np.clip(lab[..., 0], 0.0, 1.0)
    high = lightness**2 * (3.0 - 2.0 * lightness)
    ends = np.clip(np.minimum(lightness / 0.12, (1.0 - lightness) / 0.08), 0.0, 1.0)
    toned = lab.copy()
    for tint, weight in ((look.shadows, (1.0 - high) * ends), (look.highlights, high * ends)):
        angle = np.radians(tint.hue)
        toned[..., 1] += weight * tint.chroma * np.cos(angle)
        toned[..., 2] += weight * tint.chroma * np.sin(angle)
    return toned
