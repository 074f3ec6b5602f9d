"""Put a picture's own grain back once the picture is larger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from atelier_imaging.grain.drawing import GrainRecipe, GrainStage
from atelier_imaging.grain.estimate import estimate_grain
from atelier_imaging.strips import render

if TYPE_CHECKING:
    from collections.abc import Callable

    from atelier_imaging.vips import Pixels


def recipe_of(pixels: Pixels, strength: float, seed: int) -> GrainRecipe | None:
    """Estimate the grain of a picture, uint8 or uint16 (height, width, 3); None where it has none that can be told.

    Lengths in a recipe are over the picture's long edge: drawn on the enlargement, grain has the place on the film that
    it had.
    """
    found = estimate_grain(pixels)
    if found.strength == 0.0 or strength == 0.0:
        return None
    return GrainRecipe(
        found.model,
        strength=strength * found.strength,
        rgb=found.rgb,
        layer_gains=found.layer_gains,
        layer_correlation=found.layer_correlation,
        tone_gains=found.tone_gains,
        seed=seed,
    )


def grained(pixels: Pixels, recipe: GrainRecipe, check: Callable[[], None]) -> Pixels:
    """Draw grain over a picture; `check` may raise between strips."""
    return render(pixels, [GrainStage(recipe, *pixels.shape[:2])], check)
