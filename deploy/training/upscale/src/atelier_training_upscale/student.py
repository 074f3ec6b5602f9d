"""A network in training: its weights, their running mean, and its optimiser."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import torch

from atelier_training_upscale.losses import loss
from atelier_training_upscale.network import Upscaler

if TYPE_CHECKING:
    from torch import Tensor

    from atelier_training_upscale.batches import Purpose

MEAN_DECAY = 0.999
LARGEST_GRADIENT = 0.5


class Student:
    """One network that learns for one purpose; `mean` is what is measured and exported (Polyak averaging)."""

    def __init__(self, purpose: Purpose, device: torch.device, *, compiled: bool) -> None:
        self.purpose = purpose
        self.device = device
        self.network = Upscaler().to(device, memory_format=torch.channels_last)
        self.mean = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        self.steps = 0
        self.optimiser = torch.optim.Adam(self.network.parameters(), betas=(0.9, 0.99), foreach=True)
        self._missed = torch.compile(self._miss, dynamic=False) if compiled else self._miss

    def learn(self, small: Tensor, large: Tensor, scale: int, rate: float) -> float:
        """Take one step and return the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        missed = self._missed(small.to(self.device), large.to(self.device), scale)
        self.optimiser.zero_grad()
        missed.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), LARGEST_GRADIENT)
        self.optimiser.step()
        self.steps += 1
        weight = max(1 - MEAN_DECAY, 9 / (9 + self.steps))  # the first steps are soon forgotten
        torch._foreach_lerp_(list(self.mean.parameters()), list(self.network.parameters()), weight)
        return float(missed.detach())

    def _miss(self, small: Tensor, large: Tensor, scale: int) -> Tensor:
        with torch.autocast(self.device.type, torch.bfloat16):
            answer = self.network.enlarge(small, scale)
        return loss(answer.float(), large, self.purpose)

    def state(self) -> dict[str, Any]:
        """Return all that goes on where it was broken off."""
        return {
            "network": self.network.state_dict(),
            "mean": self.mean.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "steps": self.steps,
        }

    def load(self, state: dict[str, Any]) -> None:
        """Take up a state of this or of the other purpose."""
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self.optimiser.load_state_dict(copy.deepcopy(state["optimiser"]))
        self.steps = state["steps"]
