"""Training the denoiser: photographs, noise, and what is left of it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

import torch

from atelier_training_base.network import FULL, SIGMA_DATA, Denoiser, Size
from atelier_training_base.runs import Run, follow

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    from torch import Tensor
    from torch.nn import Module
    from torch.optim import Optimizer

    from atelier_training_base.batches import Batch, Maker
    from atelier_training_base.runs import Plan

PEAK: Final = 5e-4
WARM_UP_STEPS: Final = 100
ANNEAL_FROM: Final = 0.6  # of the time
NOISE_MEAN, NOISE_SPREAD = -1.4, 1.3  # of ln sigma


class Denoising(Run["Batch"]):
    """The denoiser's run."""

    def __init__(self, plan: Plan, maker: Maker, size: Size = FULL, *, compiled: bool = False) -> None:
        super().__init__(plan)
        self._maker = maker
        self.network: Denoiser = Denoiser(size).to(plan.device, memory_format=torch.channels_last)
        self.mean: Denoiser = Denoiser(size).to(plan.device)
        self.mean.load_state_dict(self.network.state_dict())
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), PEAK, betas=(0.9, 0.99), weight_decay=0.01, fused=True
        )
        self._forward = torch.compile(self.network) if compiled else self.network

    @property
    def parts(self) -> Mapping[str, Module | Optimizer]:
        """Return networks and optimiser."""
        return {"network": self.network, "mean": self.mean, "optimiser": self.optimiser}

    def batch(self, generator: np.random.Generator) -> Batch:
        """Return portraits of the album."""
        return self._maker.batch(self.plan.count, generator)

    def step(self, batch: Batch) -> Mapping[str, float]:
        """Learn from one batch; return its loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.step_number, self.spent)
        with torch.autocast(torch.device(self.plan.device).type, torch.bfloat16, enabled=self.plan.half):
            found = loss(self._forward, batch, self.noise_source(), self.plan.device)
        self.optimiser.zero_grad(set_to_none=True)
        found.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.optimiser.step()
        follow(self.mean, self.network, self.step_number + 1)
        return {"loss": float(found.detach())}

    def start(self, state: Mapping[str, Tensor]) -> None:
        """Begin from weights that an earlier run was released with; the folder's own checkpoint goes before them."""
        for network in (self.network, self.mean):
            network.load_state_dict(state)


def loss(network: torch.nn.Module, batch: Batch, generator: torch.Generator, device: str) -> Tensor:
    """Return the denoising loss of a batch at noise drawn by the generator."""
    count = len(batch.residual)
    sigma = torch.exp(torch.randn(count, generator=generator) * NOISE_SPREAD + NOISE_MEAN).to(device)
    noise = torch.randn(batch.residual.shape, generator=generator).to(device)
    clean = batch.residual.to(device)
    level = sigma[:, None, None, None]
    noisy = (clean + level * noise).contiguous(memory_format=torch.channels_last)
    low, places, told = batch.low.to(device), batch.places.to(device), batch.attributes.to(device)
    denoised = network(noisy, sigma, low, places, told)
    scale = (level**2 + SIGMA_DATA**2) / (level * SIGMA_DATA) ** 2
    weight = torch.nn.functional.interpolate(batch.weight.to(device), scale_factor=4.0, mode="nearest")
    return (scale * weight * (denoised.float() - clean) ** 2).mean()


def learning_rate(step: int, spent: float) -> float:
    """Return the rate: a short rise, a plateau, and half a cosine over the last part of the time."""
    rise = min((step + 1) / WARM_UP_STEPS, 1.0)
    progress = max(spent - ANNEAL_FROM, 0.0) / (1 - ANNEAL_FROM)
    return PEAK * rise * (0.01 + 0.99 * (1 + math.cos(math.pi * progress)) / 2)
