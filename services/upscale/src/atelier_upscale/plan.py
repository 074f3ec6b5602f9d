"""From what is asked to what will be done: sizes, networks, tiles, grain."""

from __future__ import annotations

from dataclasses import dataclass, field
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
class Drawing:
    """What a network does: to which size, in which manner, in which tiles."""

    size: Size
    manner: Manner
    grid: Grid


@dataclass(frozen=True, slots=True, eq=False)
class Plan:
    """All that is decided before work begins; `drawing` is None where no network runs."""

    ask: Ask
    own: Size
    result: Size
    drawing: Drawing | None
    grain: GrainRecipe | None
    notes: tuple[str, ...]

    @property
    def tiles(self) -> int:
        """Return how many tiles will be drawn."""
        return self.drawing.grid.count if self.drawing else 0

    @property
    def is_exact(self) -> bool:
        """Say whether the result, made small again, is to be the picture."""
        return self.ask.fidelity == 1.0 and self.ask.denoise == 0.0 and self.grain is None

    @property
    def parameters(self) -> dict[str, object]:
        """Return the effective parameters, for the report."""
        return {
            "width": self.result.width,
            "height": self.result.height,
            "target": self.ask.size.target,
            "scale": self.result.long_edge / self.own.long_edge,
            "fidelity": self.ask.fidelity,
            "denoise": self.ask.denoise,
            "grain": self.ask.grain,
            "seed": self.ask.seed,
            "force": self.ask.size.force,
            "model": self.ask.model,
            "tiles": self.tiles,
        }


def plan_upscaling(portrait: Portrait, ask: Ask, models: ModelRunner) -> Plan:
    """Decide what is to be done; the size is looked at before anything else is.

    Raises ImageTooLargeError, and for a foreign network what `foreign_network` raises.
    """
    picture = portrait.picture
    own = Size(picture.width, picture.height)
    sizes = plan_size(own, ask.size, works=ask.fidelity < 1.0 or ask.denoise > 0.0)
    foreign = None
    if ask.model and sizes.drawn:
        foreign = foreign_network(ask.model, models)
        sizes = plan_size(own, ask.size, works=True, factor=foreign.factor)
    drawing = _drawing(portrait, ask, sizes.drawn, foreign) if sizes.drawn else None
    grain = recipe_of(picture.pixels, ask.grain, ask.seed) if ask.grain > 0.0 else None
    notes = sizes.notes
    if ask.grain > 0.0 and grain is None:
        notes = (*notes, "No grain was found in the picture: it has too few smooth areas, or they are perfectly clean.")
    return Plan(ask, own, sizes.result, drawing, grain, notes)


def _drawing(portrait: Portrait, ask: Ask, size: Size, foreign: Networks | None) -> Drawing:
    picture = portrait.picture
    networks = foreign or own_networks(size.long_edge / max(picture.width, picture.height))
    fidelity = fidelity_of(portrait, ask.fidelity)
    manner = Manner(networks, fidelity, ask.denoise, is_grey=_is_grey(picture.pixels))
    return Drawing(size, manner, cut(picture.height, picture.width, size.height, size.width, manner.margin))


def _is_grey(pixels: Pixels) -> bool:
    red, green, blue = (pixels[..., index] for index in range(3))
    return np.array_equal(red, green) and np.array_equal(green, blue)
