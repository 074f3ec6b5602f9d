"""The network: a small U-Net that turns a low-rank portrait and noise into a photograph.

It denoises the *residual*, photograph minus low-rank picture, under a preconditioning after Karras et al.,
"Elucidating the Design Space of Diffusion-Based Generative Models", NeurIPS 2022. Pixels are brought together four by
four first, and most of the work is done at a sixteenth of the frame's size, as Hoogeboom et al. advise ("simple
diffusion", ICML 2023). It knows where every cell lies in the mean face, so that eyes are eyes from the first step on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, cast

import torch
from torch import Tensor, nn
from torch.nn import functional

# The scale of what is predicted, and the deviation below which the noisy residual itself is passed on. Published
# preconditioning has one figure for both, so that at middle noise the network has to answer with the noise, number by
# number; few channels over cells of forty-eight numbers cannot, and leave speckles. Passing on less, it answers
# with the photograph, which is simple where the picture is.
SIGMA_DATA = 0.25
SIGMA_PASSED = 0.05
ATTRIBUTES = 18
HEADS = 4
EMBEDDING = 256
OCTAVES = 4


@dataclass(frozen=True, slots=True)
class Size:
    """Channels at a quarter, an eighth and a sixteenth of the frame's size, and the blocks at the smallest."""

    widths: tuple[int, int, int]
    deep_blocks: int


FULL: Final = Size((96, 192, 256), 4)
GUIDE: Final = Size((48, 96, 128), 2)
# How much further than the guide is behind.
FURTHER: Final = 0.35


class Block(nn.Module):
    """Two convolutions beside an identity, told of noise and attributes by a scale and a shift."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(before // 16, before)
        self.first = nn.Conv2d(before, after, 3, padding=1)
        self.inner = nn.GroupNorm(after // 16, after)
        self.told = nn.Linear(EMBEDDING, 2 * after)
        self.second = _silent(nn.Conv2d(after, after, 3, padding=1))
        self.across = nn.Conv2d(before, after, 1) if before != after else nn.Identity()

    def forward(self, features: Tensor, told: Tensor) -> Tensor:
        """Return features (N, after, h, w) of (N, before, h, w) and an embedding (N, EMBEDDING)."""
        scale, shift = self.told(told)[:, :, None, None].chunk(2, dim=1)
        inside = self.first(functional.silu(self.norm(features)))
        inside = self.second(functional.silu(self.inner(inside) * (1 + scale) + shift))
        return cast("Tensor", self.across(features) + inside)


class Attention(nn.Module):
    """Every cell looks at every other."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(width // 16, width)
        self.asked = nn.Conv2d(width, 3 * width, 1)
        self.answer = _silent(nn.Conv2d(width, width, 1))

    def forward(self, features: Tensor) -> Tensor:
        """Return features of the same shape."""
        count, width, height, breadth = features.shape
        split = self.asked(self.norm(features)).reshape(count, 3, HEADS, width // HEADS, height * breadth)
        query, key, value = split.transpose(3, 4).unbind(1)
        weights = torch.softmax(query @ key.transpose(2, 3) / math.sqrt(width // HEADS), dim=-1)
        seen = (weights @ value).transpose(2, 3).reshape(count, width, height, breadth)
        return features + cast("Tensor", self.answer(seen))


class Denoiser(nn.Module):
    """The whole of it."""

    def __init__(self, size: Size = FULL) -> None:
        super().__init__()
        shallow, middle, deep = size.widths
        self.noise = nn.Linear(32, EMBEDDING)
        self.attributes = nn.Linear(ATTRIBUTES + 1, EMBEDDING)
        self.told = nn.Linear(EMBEDDING, EMBEDDING)
        self.entry = nn.Conv2d(48 + 12 + 4 * OCTAVES, shallow, 3, padding=1)
        self.down = nn.ModuleList([Block(shallow, shallow), Block(middle, middle)])
        self.shrink = nn.ModuleList([nn.Conv2d(shallow, middle, 2, 2), nn.Conv2d(middle, deep, 2, 2)])
        self.deep = nn.ModuleList([Block(deep, deep) for _ in range(size.deep_blocks)])
        self.look = Attention(deep)
        self.grow = nn.ModuleList([nn.Conv2d(deep, middle, 1), nn.Conv2d(middle, shallow, 1)])
        self.up = nn.ModuleList([Block(2 * middle, middle), Block(2 * shallow, shallow)])
        self.norm = nn.GroupNorm(shallow // 16, shallow)
        self.exit = _silent(nn.Conv2d(shallow, 48, 3, padding=1))

    def forward(self, noisy: Tensor, sigma: Tensor, low: Tensor, places: Tensor, attributes: Tensor) -> Tensor:
        """Return the residual without noise, (N, 3, H, W).

        `noisy` (N, 3, H, W) is the residual with noise of deviation `sigma` (N,), `low` (N, 3, H/2, W/2) the low-rank
        picture, -1..1, `places` (N, 2, H/4, W/4) where each cell lies in the mean face's frame, -1..1, `attributes`
        (N, ATTRIBUTES + 1) in standard deviations, the last one how far the low-rank picture is off, 0..1.
        """
        level = sigma[:, None, None, None]
        total = torch.sqrt(level**2 + SIGMA_DATA**2)
        raw = self._raw(noisy / total, sigma, low, places, attributes)
        passed = SIGMA_PASSED**2 / (level**2 + SIGMA_PASSED**2)
        return noisy * passed + raw * (level * SIGMA_DATA / total)

    def features(
        self, noisy: Tensor, sigma: Tensor, low: Tensor, places: Tensor, attributes: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Return what it sees, at a quarter, an eighth and a sixteenth of the frame's size; see `forward`."""
        level = sigma[:, None, None, None]
        told = self._told(sigma, attributes)
        entered = self._entered(noisy / torch.sqrt(level**2 + SIGMA_DATA**2), low, places)
        (shallow, middle), features = self._descended(entered, told)
        return shallow, middle, cast("Tensor", self.deep[0](features, told))

    def _raw(self, noisy: Tensor, sigma: Tensor, low: Tensor, places: Tensor, attributes: Tensor) -> Tensor:
        told = self._told(sigma, attributes)
        kept, features = self._descended(self._entered(noisy, low, places), told)
        features = self._bottom(features, told)
        for grow, block in zip(self.grow, self.up, strict=True):
            larger = functional.interpolate(grow(features), scale_factor=2.0, mode="nearest")
            features = block(torch.cat([larger, kept.pop()], dim=1), told)
        return functional.pixel_shuffle(self.exit(functional.silu(self.norm(features))), 4)

    def _told(self, sigma: Tensor, attributes: Tensor) -> Tensor:
        told = self.noise(_waves(torch.log(sigma) / 4)) + self.attributes(attributes)
        return functional.silu(self.told(functional.silu(told)))

    def _entered(self, noisy: Tensor, low: Tensor, places: Tensor) -> Tensor:
        parts = (functional.pixel_unshuffle(noisy, 4), functional.pixel_unshuffle(low, 2), _located(places))
        return cast("Tensor", self.entry(torch.cat(parts, dim=1)))

    def _descended(self, features: Tensor, told: Tensor) -> tuple[list[Tensor], Tensor]:
        """Return what is handed across at each size, and what goes further down."""
        kept = []
        for block, shrink in zip(self.down, self.shrink, strict=True):
            features = block(features, told)
            kept.append(features)
            features = shrink(features)
        return kept, features

    def _bottom(self, features: Tensor, told: Tensor) -> Tensor:
        for number, block in enumerate(self.deep):
            features = block(features, told)
            if number == len(self.deep) // 2 - 1:
                features = self.look(features)
        return features


class Guided(nn.Module):
    """A network that is led away from the mistakes of a smaller and less trained one.

    Where both answer alike, both know; where they differ, the better one has gone part of the way from what many
    portraits have in common to what this one has, and is taken further along it. Karras et al., "Guiding a Diffusion
    Model with a Bad Version of Itself", NeurIPS 2024.
    """

    def __init__(self, network: Denoiser, guide: Denoiser) -> None:
        super().__init__()
        self.network, self.guide = network, guide

    def forward(self, noisy: Tensor, sigma: Tensor, low: Tensor, places: Tensor, attributes: Tensor) -> Tensor:
        """Return the residual without noise; see `Denoiser.forward`."""
        given = (noisy, sigma, low, places, attributes)
        found = cast("Tensor", self.network(*given))
        return found + FURTHER * (found - cast("Tensor", self.guide(*given)))


def _waves(level: Tensor) -> Tensor:
    """Return 32 sines and cosines (N, 32) of a noise level (N,)."""
    frequencies = torch.exp(torch.linspace(0, math.log(60.0), 16, device=level.device))
    angles = level[:, None] * frequencies
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _located(places: Tensor) -> Tensor:
    """Return sines and cosines (N, 4 · OCTAVES, h, w) of places (N, 2, h, w), -1..1."""
    angles = torch.cat([places * (math.pi / 2 * 2**octave) for octave in range(OCTAVES)], dim=1)
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def _silent(layer: nn.Conv2d) -> nn.Conv2d:
    """Let a layer start by adding nothing."""
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
