"""Draw film grain over a picture.

Grain is drawn on display-encoded values, which stand for the covered share of the film as in Newson et al., 2017. Values
that are encoded for display follow perceived lightness and so, nearly, density: grain is strongest in the middle tones and
vanishes at black and white.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_style.grain_model import LEVELS, GrainModel, correlation_taps, statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

REFERENCE_EDGE = 1024
_BLOCK_ROWS = 8
_FIRST_BLOCK = 1 << 20


@dataclass(frozen=True, slots=True)
class GrainRecipe:
    """All that decides how grain looks.

    `strength` multiplies its deviation. `rgb` draws a field for each dye layer, else one field serves all three channels.
    `layer_gains` weigh the layers, `layer_correlation` (0..1) is what their fields have in common. `tone_gains` are
    factors on the model's deviation at values spread evenly over 0..1. Same `seed`, same grain.
    """

    model: GrainModel = GrainModel()
    strength: float = 1.0
    rgb: bool = False
    layer_gains: tuple[float, float, float] = (1.0, 1.0, 1.0)
    layer_correlation: float = 0.0
    tone_gains: tuple[float, ...] = (1.0, 1.0)
    seed: int = 0


class GrainStage:
    """A pass stage that adds grain to rows of a picture of `height` x `width` pixels."""

    def __init__(self, recipe: GrainRecipe, height: int, width: int) -> None:
        scale = max(height, width) / REFERENCE_EDGE
        self._recipe = recipe
        self._deviation = deviation_table(recipe)
        sigma = statistics(recipe.model).correlation_sigma * scale
        self._taps = correlation_taps(sigma).astype(np.float32)
        self._mixing = _mixing_matrix(recipe)

    def __call__(self, rows: NDArray[np.float32], top: int) -> None:
        """Add grain to display-encoded `rows`, float32 (h, w, 3), in place."""
        height, width, _ = rows.shape
        levels = np.clip(rows, 0.0, 1.0)
        levels *= 65_535.0
        amount = cv2.LUT(levels.astype(np.uint16), self._deviation)
        if self._recipe.rgb:
            fields = cv2.merge([self._field(top, height, width, layer) for layer in range(3)])
            amount *= cv2.transform(fields, self._mixing)
        else:
            amount *= self._field(top, height, width, 0)[:, :, None]
        rows += amount

    def _field(self, top: int, height: int, width: int, layer: int) -> NDArray[np.float32]:
        """Draw a layer's noise field of mean 0 and deviation 1 for some rows."""
        reach = len(self._taps) // 2
        first = (top - reach) // _BLOCK_ROWS
        last = (top + height + reach - 1) // _BLOCK_ROWS
        padded = width + 2 * reach
        noise = np.concatenate([self._white(block, padded, layer) for block in range(first, last + 1)])
        start = top - reach - first * _BLOCK_ROWS
        noise = noise[start : start + height + 2 * reach]
        smooth = cv2.sepFilter2D(noise, cv2.CV_32F, self._taps, self._taps, borderType=cv2.BORDER_CONSTANT)
        return np.ascontiguousarray(smooth[reach : reach + height, reach : reach + width])

    def _white(self, block: int, width: int, layer: int) -> NDArray[np.float32]:
        """Draw a block of white noise, which depends on the seed, the layer and its place alone."""
        bits = np.random.Philox(
            key=np.array([self._recipe.seed, layer], np.uint64),
            counter=np.array([0, 0, block + _FIRST_BLOCK, 0], np.uint64),
        )
        return np.random.Generator(bits).standard_normal((_BLOCK_ROWS, width), dtype=np.float32)


def deviation_table(recipe: GrainRecipe) -> NDArray[np.float32]:
    """Tabulate the grain's deviation by display-encoded value, both 0..1, for all 65 536 values of 16 bits."""
    fine = np.linspace(0.0, 1.0, 65_536)
    # Variance, not deviation, is smooth at both ends.
    variance = np.interp(fine, np.linspace(0.0, 1.0, LEVELS), statistics(recipe.model).variance)
    gains = np.interp(fine, np.linspace(0.0, 1.0, len(recipe.tone_gains)), recipe.tone_gains)
    return (recipe.strength * gains * np.sqrt(variance)).astype(np.float32)


def _mixing_matrix(recipe: GrainRecipe) -> NDArray[np.float32]:
    """Make the matrix that turns three independent fields into those of the layers."""
    correlation = np.full((3, 3), recipe.layer_correlation) + (1.0 - recipe.layer_correlation) * np.eye(3)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    return (np.diag(recipe.layer_gains) @ root).astype(np.float32)
