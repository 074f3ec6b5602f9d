"""The network: residual blocks of plain convolutions at the input's size, then one pixel shuffle a scale.

Everything in it is a 3×3 convolution, a ReLU, an addition or a rearrangement, so every executor fuses it and none
needs a plugin. No batch norm (EDSR, Lim et al. 2017): it smears colour and differs between training and use. What
comes out is the detail that bicubic interpolation lacks, and not the picture: detail is small, so that it can be
computed in bfloat16 while the picture, added by whoever asks, keeps every bit it has.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn

CHANNELS = 48
BLOCKS = 5
SCALES = (2, 4)


class Block(nn.Module):
    """Two convolutions beside an identity; starts close to the identity."""

    def __init__(self) -> None:
        super().__init__()
        self.first = _convolution(CHANNELS, CHANNELS)
        self.second = _convolution(CHANNELS, CHANNELS, gain=0.1)

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        return features + cast("Tensor", self.second(torch.relu(self.first(features))))


class Upscaler(nn.Module):
    """One trunk and a head a scale."""

    def __init__(self) -> None:
        super().__init__()
        self.entry = _convolution(3, CHANNELS)
        self.blocks = nn.Sequential(*(Block() for _ in range(BLOCKS)))
        self.heads = nn.ModuleDict({str(scale): _convolution(CHANNELS, 3 * scale**2, gain=0.1) for scale in SCALES})

    def forward(self, image: Tensor, scale: int) -> Tensor:
        """Return the detail, (N, 3, scale·H, scale·W), of (N, 3, H, W), RGB, display-encoded, 0 to 1."""
        features = self.entry(image)
        return nn.functional.pixel_shuffle(self.heads[str(scale)](features + self.blocks(features)), scale)

    def enlarge(self, image: Tensor, scale: int) -> Tensor:
        """Return the enlarged picture; values may lie slightly outside 0 to 1."""
        # With `antialias` PyTorch's kernel is that of everybody else: Keys' cubic with a = -0.5.
        base = nn.functional.interpolate(image, scale_factor=scale, mode="bicubic", antialias=True)
        return base + cast("Tensor", self(image, scale)).float()


def parameters_used(network: Upscaler, scale: int) -> int:
    """Return how many numbers the network of one scale holds: trunk and one head."""
    parts = (network.entry, network.blocks, network.heads[str(scale)])
    return sum(parameter.numel() for part in parts for parameter in part.parameters())


def _convolution(before: int, after: int, *, gain: float = 1.0) -> nn.Conv2d:
    layer = nn.Conv2d(before, after, 3, padding=1)
    nn.init.kaiming_normal_(layer.weight)
    nn.init.zeros_(layer.bias)
    with torch.no_grad():
        layer.weight.mul_(gain)
    return layer
