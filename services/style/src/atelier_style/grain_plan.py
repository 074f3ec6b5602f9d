"""From what is asked of grain to the recipe that is carried out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from atelier_imaging.grain.drawing import GrainRecipe
from atelier_imaging.grain.estimate import estimate_grain

from atelier_style.presets import find, stocks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from atelier_imaging.grain.model import GrainModel
    from atelier_imaging.picture import Picture

# Deviation grows by this power of the ratio of speeds: a push by two stops makes grain 1.6 times as strong.
PUSH_EXPONENT = 0.35


@dataclass(frozen=True, slots=True, eq=False)
class GrainAsk:
    """Grain as it is asked for; at most one of `stock`, `model`, `reference`. None leaves `iso`, `rgb` to the stock."""

    stock: str | None = None
    model: GrainModel | None = None
    reference: Picture | None = None
    strength: float = 1.0
    iso: float | None = None
    rgb: bool | None = None
    seed: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class GrainPlan:
    """Grain ready to be drawn (None: there is none), its effective parameters, and sentences for people."""

    recipe: GrainRecipe | None
    parameters: Mapping[str, object]
    notes: tuple[str, ...]


def plan_grain(ask: GrainAsk) -> GrainPlan:
    """Work grain out.

    Raises PresetUnknownError.
    """
    notes: list[str] = []
    if ask.iso is not None and ask.stock is None:
        notes.append("The speed (iso) was left out: it is a stock's, and none was named.")
    recipe, parameters = _source(ask, notes)
    if recipe is None:
        return GrainPlan(None, {"strength": ask.strength}, tuple(notes))
    parameters |= {
        "radius_pixels": recipe.model.radius,
        "radius_deviation": recipe.model.radius_deviation,
        "filter_pixels": recipe.model.filter_sigma,
        "strength": ask.strength,
        "channels": "rgb" if recipe.rgb else "luminance",
        "seed": ask.seed,
    }
    return GrainPlan(recipe if recipe.strength > 0.0 else None, parameters, tuple(notes))


def _source(ask: GrainAsk, notes: list[str]) -> tuple[GrainRecipe | None, dict[str, object]]:
    """Find the recipe that the source gives, and what is particular about it."""
    if ask.stock is not None:
        return _of_stock(ask, ask.stock)
    if ask.model is not None:
        return GrainRecipe(ask.model, strength=ask.strength, rgb=bool(ask.rgb), seed=ask.seed), {}
    if ask.reference is not None:
        return _of_reference(ask, ask.reference, notes)
    return None, {}


def _of_stock(ask: GrainAsk, name: str) -> tuple[GrainRecipe, dict[str, object]]:
    stock = find("film stock", name, stocks(), "grain.stock")
    iso = ask.iso or stock.iso
    push = (iso / stock.iso) ** PUSH_EXPONENT
    rgb = stock.rgb if ask.rgb is None else ask.rgb
    recipe = GrainRecipe(
        stock.model,
        strength=ask.strength * push,
        rgb=rgb,
        layer_gains=stock.layer_gains if rgb else (1.0, 1.0, 1.0),
        layer_correlation=stock.layer_correlation if rgb else 0.0,
        seed=ask.seed,
    )
    return recipe, {"stock": name, "iso": iso, "push_gain": push}


def _of_reference(ask: GrainAsk, reference: Picture, notes: list[str]) -> tuple[GrainRecipe, dict[str, object]]:
    found = estimate_grain(reference.pixels)
    if found.strength == 0.0:
        notes.append("No grain was found in the reference: it has too few smooth areas, or they are perfectly clean.")
    rgb = found.rgb if ask.rgb is None else ask.rgb
    recipe = GrainRecipe(
        found.model,
        strength=ask.strength * found.strength,
        rgb=rgb,
        layer_gains=found.layer_gains if rgb else (1.0, 1.0, 1.0),
        layer_correlation=found.layer_correlation if rgb else 0.0,
        tone_gains=found.tone_gains,
        seed=ask.seed,
    )
    estimate = {name: value for name, value in asdict(found).items() if name != "model"}
    return recipe, {"reference": {"sha256": reference.source_info.sha256}, "estimate": estimate}
