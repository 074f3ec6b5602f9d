"""Pairs to refine with: a training portrait, and what the generator draws when it is told of that one."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import partial
from typing import TYPE_CHECKING, Final

import numpy as np
import torch
from atelier_generate.base.conditions import Condition
from atelier_generate.base.drafting import OFF
from atelier_generate.base.frame import HEIGHT, WIDTH
from atelier_generate.base.quiet import matched, temperature
from atelier_generate.base.sampler import denoised

from atelier_training_base.batches import planes
from atelier_training_base.runs import multiplies_bfloat16

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from atelier_training_base.batches import Batch, Maker
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
    """Portraits under conditions, and the residual (N, 3, H, W) of what was drawn of each."""

    portrait: Batch
    drawn: torch.Tensor


def draw(network: Guided, maker: Maker, count: int, seed: int, device: str = "cpu") -> Iterator[Pairs]:
    """Yield batches of pairs until there are `count`, drawn as the service draws."""
    for number in range(-(-count // TOGETHER)):
        yield _drawn(network, maker, np.random.default_rng((seed, number)), device)


def together(parts: Sequence[Pairs]) -> Pairs:
    """Return all pairs as one."""
    return Pairs(*(np.concatenate([getattr(each, field.name) for each in parts]) for field in fields(Pairs)))


def _drawn(network: Guided, maker: Maker, generator: np.random.Generator, device: str) -> Pairs:
    rows = maker.rows(TOGETHER, generator)
    told = [maker.conditioned(row, OFF, generator) for row in rows]
    batch = maker.of(rows, told)
    noise = np.stack([matched(generator.standard_normal((HEIGHT, WIDTH, 3), np.float32)) for _ in rows])

    half = multiplies_bfloat16(device)

    def evaluate(noisy: NDArray[np.float32], sigma: float) -> NDArray[np.float32]:
        given = (planes(noisy), torch.full((len(rows),), sigma), batch.low, batch.places, batch.attributes)
        with torch.no_grad(), torch.autocast(torch.device(device).type, torch.bfloat16, enabled=half):
            answer = network(*(each.to(device) for each in given))
        return np.asarray(answer.float().cpu().numpy().transpose(0, 2, 3, 1))

    face = np.stack([maker.face(row) for row in rows])
    *_, residual = denoised(evaluate, noise, temperature=partial(temperature, face=face))
    picture = np.stack([each.base() for each in told]) + residual
    shown = np.asarray(np.clip(np.rint((picture + 1) * 127.5), 0, 255), np.uint8)
    return Pairs(rows, shown, *(np.stack([getattr(each, name) for each in told]) for name in _TOLD))


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
        residual = planes([picture - each.base() for picture, each in zip(drawn, told, strict=True)])
        return Pair(self._maker.of(rows, told), residual)
