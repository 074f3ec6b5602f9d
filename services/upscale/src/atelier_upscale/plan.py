"""From what is asked to what will be done: sizes, networks, tiles, grain."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from atelier_upscale.drawing import Manner
from atelier_upscale.faces import fidelity_of
from atelier_upscale.networks import foreign_network, own_networks
from atelier_upscale.regrain import recipe_of
from atelier_upscale.size import Size, SizeAsk, plan_size
from atelier_upscale.tiles import cut

if TYPE_CHECKING:
    from atelier_imaging.grain.drawing import GrainRecipe
    from atelier_imaging.models import ModelRunner
    from atelier_imaging.portrait import Portrait
    from atelier_imaging.vips import Pixels

    from atelier_upscale.networks import Networks
    from atelier_upscale.size import SizePlan
    from atelier_upscale.tiles import Grid


@dataclass(frozen=True, slots=True)
class Ask:
    """An enlargement as it is asked for; `fidelity`, `denoise`, `grain` are 0..1, `model` names a foreign network."""

    size: SizeAsk = field(default_factory=SizeAsk)
    fidelity: float = 1.0
    denoise: float = 0.0
    grain: float = 0.0
    seed: int = 0
    model: str | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All that is decided before work begins: sizes, a manner and a grid for each pass of a network, grain."""

    ask: Ask
    sizes: SizePlan
    manners: tuple[Manner, ...]
    grids: tuple[Grid, ...]
    grain: GrainRecipe | None
    notes: tuple[str, ...]

    @property
    def tiles(self) -> int:
        """Return how many tiles will be drawn."""
        return sum(each.count for each in self.grids)

    @property
    def parameters(self) -> dict[str, object]:
        """Return the effective parameters, for the report."""
        result = self.sizes.result
        return {
            "width": result.width,
            "height": result.height,
            "target": self.ask.size.target,
            "scale": result.long_edge / self.sizes.sizes[0].long_edge,
            "fidelity": self.ask.fidelity,
            "denoise": self.ask.denoise,
            "grain": self.ask.grain,
            "seed": self.ask.seed,
            "force": self.ask.size.force,
            "models": [manner.networks.faithful for manner in self.manners],
            "tiles": self.tiles,
        }

    @property
    def is_exact(self) -> bool:
        """Say whether the result, made small again, is to be the picture."""
        return self.ask.fidelity == 1.0 and self.ask.denoise == 0.0 and self.grain is None


def plan_upscaling(portrait: Portrait, ask: Ask, models: ModelRunner) -> Plan:
    """Decide what is to be done; the size is looked at before anything else is.

    Raises ImageTooLargeError, and for a foreign network what `foreign_network` raises.
    """
    picture = portrait.picture
    own = Size(picture.width, picture.height)
    plan_size(own, ask.size)
    foreign = foreign_network(ask.model, models) if ask.model else None
    works = ask.fidelity < 1.0 or ask.denoise > 0.0
    sizes = plan_size(own, ask.size, works=works, factor=foreign.factor if foreign else None)
    manners = _manners(portrait, ask, sizes, foreign)
    grids = tuple(
        cut(before.height, before.width, after.height, after.width, manner.margin)
        for (before, after), manner in zip(pairwise(sizes.sizes), manners, strict=True)
    )
    grain = recipe_of(picture.pixels, ask.grain, ask.seed) if ask.grain > 0.0 else None
    notes = sizes.notes
    if ask.grain > 0.0 and grain is None:
        notes = (*notes, "No grain was found in the picture: it has too few smooth areas, or they are perfectly clean.")
    return Plan(ask, sizes, tuple(manners), grids, grain, notes)


def _manners(portrait: Portrait, ask: Ask, sizes: SizePlan, foreign: Networks | None) -> tuple[Manner, ...]:
    """Choose a manner for each pass: the first one restores and cleans, another one only makes that larger."""
    is_grey = _is_grey(portrait.picture.pixels)
    manners: list[Manner] = []
    for before, after in pairwise(sizes.sizes):
        networks = foreign or own_networks(after.long_edge / before.long_edge)
        if manners:
            manners.append(Manner(networks, is_grey=is_grey))
        else:
            manners.append(Manner(networks, fidelity_of(portrait, ask.fidelity), ask.denoise, is_grey))
    return tuple(manners)


def _is_grey(pixels: Pixels) -> bool:
    red, green, blue = (pixels[..., index] for index in range(3))
    return np.array_equal(red, green) and np.array_equal(green, blue)
