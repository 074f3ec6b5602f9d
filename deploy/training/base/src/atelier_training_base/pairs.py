"""Pairs to refine with: a training portrait, and a sitter of the same age, sex and skin as the generator draws one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from atelier_generate.backend import Sketch
from atelier_generate.base.conditions import Condition
from atelier_generate.base.drafting import drafted
from atelier_generate.base.quiet import temperature
from atelier_generate.base.sampler import denoised

from atelier_training_base.batches import planes
from atelier_training_base.evaluate import briefs_like
from atelier_training_base.runs import multiplies_bfloat16

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from atelier_generate.base.knowledge import Knowledge
    from numpy.typing import NDArray
    from torch import Tensor

    from atelier_training_base.album import Album
    from atelier_training_base.batches import Maker
    from atelier_training_base.network import Guided

PAIRS: Final = "pairs.npz"
TOGETHER: Final = 8
_TOLD: Final = ("low", "places", "attributes")


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """P of them: rows of the album (P,), drawn pictures (P, H, W, 3) uint8, and the conditions they were drawn under.

    `low` (P, H/2, W/2, 3), `places` (P, H/4, W/4, 2) and `attributes` (P, A + 1) are as in `Condition`, float32.
    """

    rows: NDArray[np.intp]
    drawn: NDArray[np.uint8]
    low: NDArray[np.float32]
    places: NDArray[np.float32]
    attributes: NDArray[np.float32]

    def write(self, path: Path) -> None:
        """Write them as an npz, whole or not at all."""
        part = path.with_suffix(".part.npz")
        np.savez(part, **{each.name: getattr(self, each.name) for each in fields(self)})
        part.replace(path)

    @classmethod
    def read(cls, path: Path) -> Pairs:
        """Read what `write` wrote."""
        with np.load(path) as stored:
            return cls(**{each.name: stored[each.name] for each in fields(cls)})


@dataclass(frozen=True, slots=True)
class Pair:
    """Tensors of one step: photographs (N, 3, H, W), -1..1, and where their cells lie; what was drawn beside them.

    `drawn` (N, 3, H, W) is the residual of the drawn picture; it was drawn under `low`, `places` and `attributes`.
    """

    photograph: Tensor
    photograph_places: Tensor
    drawn: Tensor
    low: Tensor
    places: Tensor
    attributes: Tensor


def draw(
    network: Guided, album: Album, known: Knowledge, count: int, seed: int, device: str = "cpu"
) -> Iterator[Pairs]:
    """Yield batches of pairs until there are `count`, drawn as the service draws."""
    for number in range(-(-count // TOGETHER)):
        yield _drawn(network, album, known, np.random.default_rng((seed, number)), device)


def together(parts: Sequence[Pairs]) -> Pairs:
    """Return all pairs as one."""
    return Pairs(*(np.concatenate([getattr(each, field.name) for each in parts]) for field in fields(Pairs)))


def _drawn(network: Guided, album: Album, known: Knowledge, generator: np.random.Generator, device: str) -> Pairs:
    rows = generator.choice(len(album.chances), TOGETHER, p=album.chances)
    seeds = [int(seed) for seed in generator.integers(2**62, size=TOGETHER)]
    briefs = briefs_like(album.attributes[rows])
    drafts = [drafted(Sketch(*each), known) for each in zip(seeds, briefs, strict=True)]
    told = [each.condition for each in drafts]
    given = _planes(told)
    half = multiplies_bfloat16(device)

    def evaluate(noisy: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        inputs = (planes(noisy), torch.full((len(rows),), sigma), *given)
        with torch.no_grad(), torch.autocast(torch.device(device).type, torch.bfloat16, enabled=half):
            answer = network(*(each.to(device) for each in inputs))
        return np.asarray(answer.float().cpu().numpy().transpose(0, 2, 3, 1))

    noise, face = (np.stack([getattr(each, name) for each in drafts]) for name in ("noise", "face"))
    *_, residual = denoised(evaluate, noise, temperature=partial(temperature, face=face))
    picture = np.stack([each.base() for each in told]) + residual
    shown = np.asarray(np.clip(np.rint((picture + 1) * 127.5), 0, 255), np.uint8)
    return Pairs(rows, shown, *(np.stack([getattr(each, name) for each in told]) for name in _TOLD))


def _planes(told: Sequence[Condition]) -> tuple[Tensor, Tensor, Tensor]:
    attributes = torch.from_numpy(np.stack([each.attributes for each in told]))
    return planes([each.low for each in told]), planes([each.places for each in told]), attributes


class PairMaker:
    """Make batches of pairs."""

    def __init__(self, maker: Maker, pairs: Pairs) -> None:
        self._maker, self._pairs = maker, pairs

    def batch(self, count: int, generator: np.random.Generator) -> Pair:
        """Return `count` pairs."""
        chosen = generator.choice(len(self._pairs.rows), count, replace=False)
        rows = self._pairs.rows[chosen]
        parts = (getattr(self._pairs, name)[chosen] for name in _TOLD)
        told = [Condition(*each) for each in zip(*parts, strict=True)]
        drawn = self._pairs.drawn[chosen].astype(np.float32) / 127.5 - 1
        return Pair(
            planes([self._maker.photograph(row) for row in rows]),
            planes([self._maker.places(row) for row in rows]),
            planes([picture - each.base() for picture, each in zip(drawn, told, strict=True)]),
            *_planes(told),
        )
