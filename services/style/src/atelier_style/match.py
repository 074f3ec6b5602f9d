"""Match a picture's colours to those of a reference.

The map is found in a logarithmic space of linear light, where exposure and colour balance are shifts, and is baked into
a lookup table, so that it is applied and exported like any other grade.

* Monge-Kantorovich: F. Pitié, A. Kokaram, "The linear Monge-Kantorovitch linear colour mapping for example-based colour
  transfer", CVMP 2007. The linear map that carries one Gaussian into another with the least movement.
* Reinhard: E. Reinhard et al., "Color Transfer between Images", IEEE CG&A 21(5), 2001. Mean and deviation of each axis
  of a decorrelated space; here Oklab, whose axes are as decorrelated and which knows grey.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from atelier_imaging.color import ColorSpace, convert, decode_transfer, encode_transfer

from atelier_style.cube import Cube, identity
from atelier_style.oklab import into_gamut, linear_to_oklab

if TYPE_CHECKING:
    from atelier_imaging.strips import PixelArray
    from numpy.typing import NDArray


class MatchMethod(Enum):
    """How a reference is matched."""

    MONGE_KANTOROVICH = "monge_kantorovich"
    REINHARD = "reinhard"


Colour = tuple[float, float, float]
SAMPLES = 10_000
# Points a side of the table. Against 65 points, 17 differ by 0.17 steps of 8 bits on average over portraits and
# landscapes (33 by 0.04), and cost an eighth of what 33 do; an export of 33 points refines them exactly.
GRID = 17
# A colour spread that is stretched further than this shows noise, blocks of compression and banding.
MAX_STRETCH = 2.2
# What skin may become by a match, in Oklab: its hue in degrees, from a blush to a deep tan, and the gain of its chroma.
_SKIN_HUES = (32.0, 85.0)
_SKIN_CHROMA_GAIN = 1.6
_COLOURLESS = 0.015
# Oklab lightness above which highlights roll off where a match lifts white above white.
_SHOULDER = 0.75
# Below this deviation (Oklab) across its chroma plane a picture counts as grey.
_GREY_DEVIATION = 0.006
# Lifts black off the logarithm's abyss: 1/64 is three stops below the darkest tones that carry a picture's mood.
_TOE = 1.0 / 64.0


@dataclass(frozen=True, slots=True, eq=False)
class Match:
    """The map that was found: its table, the method used in the end, and sentences on what had to be limited."""

    cube: Cube
    method: MatchMethod
    notes: tuple[str, ...]


def match(
    pixels: PixelArray,
    space: ColorSpace,
    reference: PixelArray,
    reference_space: ColorSpace,
    method: MatchMethod | None = None,
    skin: Colour | None = None,
) -> Match:
    """Find the table, on display-encoded values of `space`, that gives `pixels` the colours of `reference`.

    Both are uint8 or uint16 (h, w, 3) of any size. Without a method it is Monge-Kantorovich, or Reinhard where a
    picture is grey or nearly of one colour. `skin` is the linear light of the skin in `pixels` where it has any: a
    match that would turn it green or violet is weakened.
    """
    own = _sample(pixels, space, space)
    other = _sample(reference, reference_space, space)
    notes: list[str] = []
    singular = _is_singular(own, space) or _is_singular(other, space)
    if method is MatchMethod.MONGE_KANTOROVICH and singular:
        notes.append("Reinhard's method was used: the colours of one picture are too much alike for Monge-Kantorovich.")
    used = MatchMethod.REINHARD if singular else method or MatchMethod.MONGE_KANTOROVICH
    find = _reinhard if used is MatchMethod.REINHARD else _monge_kantorovich
    mapped = _roll_off(find(own, other, space, notes))
    if skin is not None:
        mapped = _keep_skin_hue(mapped, space, skin, notes)
    table = np.ascontiguousarray(encode_transfer(into_gamut(mapped, space)))
    return Match(Cube(table, title=f"match {used.value}"), used, tuple(notes))


def _sample(pixels: PixelArray, source: ColorSpace, target: ColorSpace) -> NDArray[np.float32]:
    """Take some 10 000 pixels on an even grid as linear light (n, 3) of `target`."""
    step = max(1, round(np.sqrt(pixels.shape[0] * pixels.shape[1] / SAMPLES)))
    grid = np.ascontiguousarray(pixels[step // 2 :: step, step // 2 :: step] if step > 1 else pixels)
    linear = convert(decode_transfer(grid).reshape(-1, 3), source, target)
    return np.maximum(linear, np.float32(0.0))


def _is_singular(linear: NDArray[np.float32], space: ColorSpace) -> bool:
    """Tell whether a picture is grey, of one colour, or of one tone."""
    deviation = np.sqrt(np.maximum(np.linalg.eigvalsh(_covariance(linear_to_oklab(linear, space))), 0.0))
    return bool(deviation[-1] < 2 * _GREY_DEVIATION or deviation[1] < _GREY_DEVIATION)


def _monge_kantorovich(
    own: NDArray[np.float32], other: NDArray[np.float32], space: ColorSpace, notes: list[str]
) -> NDArray[np.float32]:
    """Map the grid of a table, as Oklab, by the linear map between the two Gaussians in log light."""
    source, target = _to_log(own), _to_log(other)
    stretch = _optimal_map(_covariance(source), _covariance(target))
    values, vectors = np.linalg.eigh(stretch)
    limited = np.clip(values, 1.0 / MAX_STRETCH, MAX_STRETCH)
    if not np.allclose(values, limited):
        notes.append(f"The match's stretch of colours was limited to a factor of {MAX_STRETCH:g}.")
    stretch = np.asarray(vectors * limited @ vectors.T, np.float32)
    shift = _mean(target) - _mean(source) @ stretch.T
    mapped = _from_log(np.asarray(_log_grid() @ stretch.T + shift, np.float32))
    return linear_to_oklab(np.maximum(mapped, np.float32(0.0)), space)


def _optimal_map(own: NDArray[np.float64], other: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give A^-½ (A^½ B A^½)^½ A^-½, the symmetric map that turns covariance A into B."""
    root = _power(own, 0.5)
    inverse = _power(own, -0.5)
    return np.asarray(inverse @ _power(root @ other @ root, 0.5) @ inverse)


def _mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Give the mean (3,) of rows (n, 3), as a product, which is several times as fast as reducing the long axis."""
    return np.asarray(np.full(len(values), 1.0 / len(values), np.float32) @ values)


def _covariance(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Give the covariance (3, 3) of rows (n, 3); of a single one it is 0."""
    centred = values - _mean(values)
    return np.asarray(centred.T @ centred / max(len(values) - 1, 1), np.float64)


def _power(matrix: NDArray[np.float64], exponent: float) -> NDArray[np.float64]:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.maximum(values, 1e-8) ** exponent @ vectors.T)


def _reinhard(
    own: NDArray[np.float32], other: NDArray[np.float32], space: ColorSpace, notes: list[str]
) -> NDArray[np.float32]:
    """Map the grid of a table, as Oklab, by mean and deviation of each axis."""
    source, target = linear_to_oklab(own, space), linear_to_oklab(other, space)
    ratio = target.std(axis=0) / np.maximum(source.std(axis=0), 1e-3)
    limited = np.minimum(ratio, MAX_STRETCH)
    # Lightness may shrink only so far, or the picture turns to fog; colour may vanish, for a grey reference is a wish.
    limited[0] = max(limited[0], 1.0 / MAX_STRETCH)
    # A grey picture has noise for colour; there is nothing to stretch.
    limited[1:][source.std(axis=0)[1:] < _GREY_DEVIATION] = 1.0
    if not np.allclose(ratio, limited):
        notes.append(f"The match's stretch of colours was limited to a factor of {MAX_STRETCH:g}.")
    grid = linear_to_oklab(_linear_grid(), space)
    return np.asarray((grid - source.mean(axis=0)) * limited + target.mean(axis=0))


def _roll_off(mapped: NDArray[np.float32]) -> NDArray[np.float32]:
    """Roll highlights of Oklab off into white, where the map lifts white above white, instead of cutting them."""
    lightness = mapped[..., 0]
    white = float(lightness[-1, -1, -1])
    if white > 1.0:
        reach, stretch = np.maximum(lightness - _SHOULDER, 0.0), (white - _SHOULDER) / (1.0 - _SHOULDER)
        rolled = _SHOULDER + reach / (1.0 + (stretch - 1.0) * reach / (white - _SHOULDER))
        lightness = np.where(lightness > _SHOULDER, rolled, lightness)
    return np.concatenate([lightness[..., None], mapped[..., 1:]], axis=-1)


def _keep_skin_hue(
    mapped: NDArray[np.float32], space: ColorSpace, skin: Colour, notes: list[str]
) -> NDArray[np.float32]:
    """Take the map's colour back as far as skin needs to stay between red and yellow."""
    grid = linear_to_oklab(_linear_grid(), space)
    nodes = np.array(encode_transfer(np.array(skin, np.float32))) * (len(grid) - 1)
    near = np.clip(np.rint(nodes).astype(int), 0, len(grid) - 1)
    own, other = grid[tuple(near)], mapped[tuple(near)]
    for share in np.linspace(1.0, 0.0, 11):
        if _is_skin_like(own[1:] + share * (other[1:] - own[1:]), own[1:]):
            break
    if share == 1.0:
        return mapped
    notes.append("The match's colour was weakened, so that skin stays between red and yellow.")
    chroma = grid[..., 1:] + share * (mapped[..., 1:] - grid[..., 1:])
    return np.concatenate([mapped[..., :1], chroma], axis=-1)


def _is_skin_like(colour: NDArray[np.float32], own: NDArray[np.float32]) -> bool:
    """Tell whether skin may have this a and b of Oklab; that it has no colour left is a look of its own."""
    chroma = np.hypot(*colour)
    hue = np.degrees(np.arctan2(colour[1], colour[0]))
    gain = chroma / max(np.hypot(*own), _COLOURLESS)
    return bool(chroma < _COLOURLESS or (_SKIN_HUES[0] <= hue <= _SKIN_HUES[1] and gain <= _SKIN_CHROMA_GAIN))


@cache
def _linear_grid() -> NDArray[np.float32]:
    return decode_transfer(identity(GRID).table)


@cache
def _log_grid() -> NDArray[np.float32]:
    return _to_log(_linear_grid())


def _to_log(linear: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.log2(linear + np.float32(_TOE)))


def _from_log(values: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(np.exp2(values) - np.float32(_TOE))
