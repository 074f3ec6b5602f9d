"""Training the refiner: the denoiser once more, on what the generator draws, against judges of what is a photograph.

What is drawn from noise is near a mean of what might be: hazy in the shadows, soft in the eyes, painted in the hair.
Each training portrait is drawn (`pairs`), and the network learns to answer with what no judge tells from the portrait
itself. It begins as the denoiser, and so knows faces, as the simulator's refiner of Shrivastava et al., "Learning from
Simulated and Unsupervised Images through Adversarial Training", CVPR 2017, did not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch
from atelier_generate.base.refining import REFINED_AT
from torch.nn import functional

from atelier_training_base.judges import Features, Pixels, Sight, held, lost
from atelier_training_base.network import FULL, Denoiser
from atelier_training_base.runs import Run, follow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from atelier_training_base.judges import Seen
    from atelier_training_base.pairs import Pair, PairMaker
    from atelier_training_base.runs import Plan

RATE, JUDGES_RATE = 6e-5, 1.5e-4
BETAS: Final = (0.5, 0.99)
# Judges learn alone for so many steps.
JUDGES_FIRST: Final = 60
# What the judges of features count beside those of pixels, and the difference from what was drawn beside all judges.
_FEATURES: Final = 0.25
_LIKENESS: Final = 4.0
_LIKENESS_CELL: Final = 8  # pixels
# How steep the judges of pixels may be near what they see, and how often that is minded: Huang et al., "The GAN is
# dead; long live the GAN!", NeurIPS 2024, after Mescheder et al., ICML 2018; seldom, as Karras et al., CVPR 2020.
_STEEPNESS: Final = 3e-6
_MINDED_EVERY: Final = 8
_ANNEAL_FROM: Final = 0.6  # of the time
_SLOWEST: Final = 0.998  # of the mean weights' share that stays


class Refining(Run["Pair"]):
    """The refiner's run, and its judges'."""

    def __init__(self, plan: Plan, pairs: PairMaker, network: Mapping[str, Tensor], guide: Denoiser) -> None:
        super().__init__(plan)
        self._pairs = pairs
        self._guide = guide.to(plan.device, memory_format=torch.channels_last).eval().requires_grad_(False)
        self.network: Denoiser = Denoiser(FULL).to(plan.device, memory_format=torch.channels_last)
        self.mean: Denoiser = Denoiser(FULL).to(plan.device)
        for each in (self.network, self.mean):
            each.load_state_dict(network)
        self.pixels, self.features = (
            each.to(plan.device, memory_format=torch.channels_last) for each in (Pixels(), Features())
        )
        self.optimiser = torch.optim.AdamW(self.network.parameters(), RATE, BETAS, weight_decay=0, fused=True)
        self.judges = torch.optim.AdamW(
            [*self.pixels.parameters(), *self.features.parameters()], JUDGES_RATE, BETAS, weight_decay=0, fused=True
        )

    @property
    def parts(self) -> Mapping[str, Module | Optimizer]:
        """Return networks, judges and optimisers."""
        names = ("network", "mean", "pixels", "features", "optimiser", "judges")
        return {name: getattr(self, name) for name in names}

    def batch(self, generator: np.random.Generator) -> Pair:
        """Return pairs."""
        return self._pairs.batch(self.plan.count, generator)

    def step(self, batch: Pair) -> Mapping[str, float]:
        """Let the refiner learn from what the judges say of one batch, then the judges from it; return the losses."""
        for optimiser, peak in ((self.optimiser, RATE), (self.judges, JUDGES_RATE)):
            for group in optimiser.param_groups:
                group["lr"] = peak * falling(self.spent)
        generator = self.noise_source()
        photograph, places, drawn_places = (
            each.to(self.plan.device) for each in (batch.photograph, batch.photograph_places, batch.places)
        )
        base = functional.interpolate(batch.low, scale_factor=2.0, mode="bilinear").to(self.plan.device)
        residual = self._refined(batch, generator)
        sight = Sight(self._guide, photograph.shape, self.plan.device, generator)
        with self._half():
            drawn, shown = sight.look(base + residual, drawn_places), sight.look(photograph, places)
        noted = self._learn(drawn, shown, _unlikeness(residual - batch.drawn.to(self.plan.device)))
        return {**noted, "judges": self._judge(drawn, shown)}

    def _refined(self, batch: Pair, generator: torch.Generator) -> Tensor:
        """Return refined residuals (N, 3, H, W)."""
        noise = torch.randn(batch.drawn.shape, generator=generator)
        noisy = (batch.drawn + REFINED_AT * noise).contiguous(memory_format=torch.channels_last)
        level = torch.full((len(noisy),), REFINED_AT)
        given = (noisy, level, batch.low, batch.places, batch.attributes)
        with self._half():
            found: Tensor = self.network(*(each.to(self.plan.device) for each in given))
        return found.float()

    def _learn(self, drawn: Seen, shown: Seen, unlikeness: Tensor) -> dict[str, float]:
        """Let the refiner learn from judges that have not seen this batch, once they have learnt a little."""
        with self._half(), held(self.pixels, self.features):
            against = lost(self._verdicts(shown), self._verdicts(drawn))
        pixels, features = torch.stack(against[:3]).sum(), torch.stack(against[3:]).sum()
        if self.step_number >= JUDGES_FIRST:
            self.optimiser.zero_grad(set_to_none=True)
            (pixels + _FEATURES * features + _LIKENESS * unlikeness).backward()
            torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
            self.optimiser.step()
            follow(self.mean, self.network, self.step_number + 1 - JUDGES_FIRST, _SLOWEST)
        losses = {"pixels": pixels, "features": features, "unlikeness": unlikeness}
        return {name: float(each.detach()) for name, each in losses.items()}

    def _judge(self, drawn: Seen, shown: Seen) -> float:
        """Let the judges learn; return their loss."""
        with self._half():
            found = torch.stack(lost(self._verdicts(drawn.detached()), self._verdicts(shown.detached()))).sum()
        total = found
        if self.step_number % _MINDED_EVERY == 0:
            steepness = self._steepness(drawn.picture) + self._steepness(shown.picture)
            total = found + _MINDED_EVERY * _STEEPNESS / 2 * steepness
        self.judges.zero_grad(set_to_none=True)
        total.backward()
        self.judges.step()
        return float(found.detach())

    def _steepness(self, picture: Tensor) -> Tensor:
        """Return the mean square of how much verdicts change with each portrait (N, 3, H, W), a patch at a time."""
        picture = picture.detach().requires_grad_(True)
        with self._half():
            verdicts = self.pixels(picture)
        total = torch.stack([each.float().sum() / each[0].numel() ** 0.5 for each in verdicts]).sum()
        (slope,) = torch.autograd.grad(total, picture, create_graph=True)
        return slope.square().sum() / len(picture)

    def _verdicts(self, seen: Seen) -> list[Tensor]:
        return [*self.pixels(seen.picture), *self.features(seen.features)]

    def _half(self) -> torch.autocast:
        return torch.autocast(torch.device(self.plan.device).type, torch.bfloat16, enabled=self.plan.half)


def _unlikeness(difference: Tensor) -> Tensor:
    return functional.avg_pool2d(difference, _LIKENESS_CELL).abs().mean()


def falling(spent: float) -> float:
    """Return the share of the peak that a rate has: all of it at first, then down to a twentieth in a line."""
    return 1 - 0.95 * max(spent - _ANNEAL_FROM, 0) / (1 - _ANNEAL_FROM)
