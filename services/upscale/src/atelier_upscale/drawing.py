"""Draw tiles: which networks run, and how what they drew is put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from atelier_upscale.consistency import REACH
from atelier_upscale.networks import Networks, ask, draw
from atelier_upscale.resample import resized
from atelier_upscale.share import Amount, Share, enlarged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from atelier_imaging.models import ModelRunner
    from numpy.typing import NDArray

    from atelier_upscale.tiles import Tile


@dataclass(frozen=True, slots=True, eq=False)
class Manner:
    """How a picture is drawn larger: by which networks, how faithfully, with how much of its noise taken away.

    `is_grey` keeps the three channels equal.
    """

    networks: Networks
    fidelity: Amount = Amount(1.0)  # noqa: RUF009 (frozen)
    denoise: float = 0.0
    is_grey: bool = False

    @property
    def cleaning(self) -> float:
        """Return how much of the noise is taken away: what is asked for, and with less fidelity more."""
        return 1.0 - (1.0 - self.denoise) * self.fidelity.everywhere

    @property
    def restores(self) -> bool:
        """Say whether the network that restores is needed."""
        return self.cleaning > 0.0

    @property
    def margin(self) -> int:
        """Return how far around its own part a tile must read, in pixels of the input."""
        return self.networks.reach * (2 if self.restores else 1) + REACH


@dataclass(frozen=True, slots=True, eq=False)
class DrawnTile:
    """A tile as it was drawn, and what that is to be consistent with.

    `values` is float32 (factor·H, factor·W, 3), and only the detail that the bicubic enlargement of `own` lacks where
    `is_detail` says so; `own`, float32 (H, W, 3), is what the tile reads, less the noise that was taken away.
    """

    tile: Tile
    own: NDArray[np.float32]
    values: NDArray[np.float32]
    is_detail: bool = False


def draw_tiles(tiles: Sequence[Tile], own: NDArray[np.float32], manner: Manner, models: ModelRunner) -> list[DrawnTile]:
    """Draw a batch of tiles; `own` is what they read, float32 (N, H, W, 3), display-encoded 0..1.

    Where noise is to go, the network that restores says what the picture is without it: its drawing, made small again.
    The faithful network then starts from that, and the two drawings are mixed by fidelity.

    Raises what `ModelRunner.infer` raises.
    """
    networks = manner.networks
    if not manner.restores:
        answer = ask(models, networks.faithful, own)
        return [DrawnTile(*each, answer.is_detail) for each in zip(tiles, own, answer.values, strict=True)]
    free = draw(models, networks.restore, own)
    if manner.fidelity.most == 0.0:
        return _tiles(tiles, own, free)
    small = np.stack([resized(each, *own.shape[1:3]) for each in free])
    own = own + (small - own) * np.float32(manner.cleaning)
    bound = draw(models, networks.faithful, own)
    for index, tile in enumerate(tiles):
        share = manner.fidelity.at(tile)
        bound[index] = _between(free[index], bound[index], enlarged(share, networks.factor))
    return _tiles(tiles, own, bound)


def _tiles(tiles: Sequence[Tile], own: NDArray[np.float32], values: NDArray[np.float32]) -> list[DrawnTile]:
    return [DrawnTile(*each) for each in zip(tiles, own, values, strict=True)]


def _between(free: NDArray[np.float32], bound: NDArray[np.float32], share: Share) -> NDArray[np.float32]:
    return bound if isinstance(share, float) and share == 1.0 else free + (bound - free) * np.float32(share)
