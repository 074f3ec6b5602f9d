"""Draw film grain over a picture.

Grain is drawn on display-encoded values, which stand for the covered share of the film as in Newson et al., 2017.
Values that are encoded for display follow perceived lightness and so, nearly, density: grain is strongest in the middle
tones and vanishes at black and white.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import cv2
import numpy as np

from atelier_imaging.grain.model import LEVELS, GrainModel, correlation_taps, statistics

if TYPE_CHECKING:
    from numpy.typing import NDArray

REFERENCE_EDGE = 1024
# The filter reaches above the first row; rows are counted from here so that no place is negative.
_ROW_OFFSET = 1 << 20
# One turn of Philox gives four words of 64 bits, that is sixteen integers of 16 bits; two make a sample.
_SAMPLES_PER_TURN = 8
# The sum of two even integers of 16 bits, times this, has deviation 1 (and mean 0, with this added once).
_EVEN = float(np.sqrt(6.0) / 65_536.0)


@dataclass(frozen=True, slots=True)
class GrainRecipe:
    """All that decides how grain looks.

    `strength` multiplies its deviation. `rgb` draws a field for each dye layer, else one field serves all three
    channels. `layer_gains` weigh the layers, `layer_correlation` (0..1) is what their fields have in common.
    `tone_gains` are factors on the model's deviation at values spread evenly over 0..1. Same `seed`, same grain.
    """

    model: GrainModel = field(default_factory=GrainModel)
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
        levels = cv2.addWeighted(rows, 65_535.0, rows, 0.0, 0.0, dtype=cv2.CV_16U)
        amount = np.asarray(cv2.LUT(levels, self._deviation), np.float32)
        layers = range(3) if self._recipe.rgb else (0, 0, 0)
        drawn = {layer: self._field(top, height, width, layer) for layer in set(layers)}
        fields = np.asarray(cv2.merge([drawn[layer] for layer in layers]), np.float32)
        if self._mixing is not None:
            fields = np.asarray(cv2.transform(fields, self._mixing), np.float32)
        amount *= fields
        rows += amount

    def _field(self, top: int, height: int, width: int, layer: int) -> NDArray[np.float32]:
        """Draw a layer's noise field of mean 0 and deviation 1 for some rows."""
        reach = len(self._taps) // 2
        noise = self._white(top - reach, height + 2 * reach, width + 2 * reach, layer)
        smooth = cv2.sepFilter2D(noise, cv2.CV_32F, self._taps, self._taps, borderType=cv2.BORDER_CONSTANT)
        return np.asarray(smooth, np.float32)[reach : reach + height, reach : reach + width]

    def _white(self, first_row: int, height: int, width: int, layer: int) -> NDArray[np.float32]:
        """Draw rows of white noise, each of which depends on the seed, the layer and its place alone.

        Philox is a counter: a row is read from where its place puts it, in whatever strips a picture is cut. A sample
        is the sum of two even ones: several times as fast as a normal deviate, and what the filter blends of them is as
        good as normal.
        """
        turns = -(-width // _SAMPLES_PER_TURN)
        bits = np.random.Philox(
            key=np.array([self._recipe.seed, layer], np.uint64),
            counter=np.array([(first_row + _ROW_OFFSET) * turns, 0, 0, 0], np.uint64),
        )
        words = np.random.Generator(bits).integers(0, 2**64, (height, 4 * turns), np.uint64)
        halves = np.hsplit(words.view(np.int16), 2)
        noise = cv2.addWeighted(halves[0], _EVEN, halves[1], _EVEN, _EVEN, dtype=cv2.CV_32F)
        return np.asarray(noise, np.float32)[:, :width]


def deviation_table(recipe: GrainRecipe) -> NDArray[np.float32]:
    """Tabulate the grain's deviation by display-encoded value, both 0..1, for all 65 536 values of 16 bits."""
    fine = np.linspace(0.0, 1.0, 65_536)
    # Variance, not deviation, is smooth at both ends.
    variance = np.interp(fine, np.linspace(0.0, 1.0, LEVELS), statistics(recipe.model).variance)
    gains = np.interp(fine, np.linspace(0.0, 1.0, len(recipe.tone_gains)), recipe.tone_gains)
    return (recipe.strength * gains * np.sqrt(variance)).astype(np.float32)


def _mixing_matrix(recipe: GrainRecipe) -> NDArray[np.float32] | None:
    """Make the matrix that turns three independent fields into those of the layers; None for the identity."""
    if recipe.layer_correlation == 0.0 and recipe.layer_gains == (1.0, 1.0, 1.0):
        return None
    correlation = np.full((3, 3), recipe.layer_correlation) + (1.0 - recipe.layer_correlation) * np.eye(3)
    values, vectors = np.linalg.eigh(correlation)
    root = vectors * np.sqrt(np.maximum(values, 0.0)) @ vectors.T
    return np.asarray(np.diag(recipe.layer_gains) @ root, np.float32)
