"""Who tells a drawn portrait from a photograph: judges of pixels, and of what the guide sees in them.

The latter look through a network that learnt faces already, as in Sauer et al., "Projected GANs Converge Faster",
NeurIPS 2021, and do so under noise, as in Sauer et al., "Fast High-Resolution Image Synthesis with Latent Adversarial
Diffusion Distillation", SIGGRAPH Asia 2024.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from atelier_training_base.network import ATTRIBUTES, GUIDE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from atelier_training_base.network import Denoiser

# How much stronger a judge sees what is finer than three pixels: it is faint, and halved numbers would swallow it.
_FINE: Final = 5.0
_SLOPE: Final = 0.2  # of the leaky rectifiers
_HEAD: Final = 96
# The deviations of the noise that the guide looks through.
_LEAST_NOISE, _MOST_NOISE = 0.1, 0.6
# The cells, in pixels, that the guide is told the picture by: about what the low-rank picture holds.
_COARSE: Final = 8
# By how much brightness, saturation and contrast of a pair are changed at most, either way.
_BRIGHTNESS, _SATURATION, _CONTRAST = 0.2, 0.5, 0.3


class Pixels(nn.Module):
    """Three judges of patches of 14, 32 and 68 pixels of a portrait (N, 3, H, W), -1..1."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = nn.ModuleList(
            [
                nn.Sequential(_layer(24, 64), _layer(64, 64)),
                nn.Sequential(_layer(64, 96, 4), _layer(96, 96)),
                nn.Sequential(_layer(96, 128, 4), _layer(128, 128)),
            ]
        )
        self.verdicts = nn.ModuleList([nn.Conv2d(width, 1, 3, padding=1) for width in (64, 96, 128)])
        _lively(self)

    def forward(self, picture: Tensor) -> list[Tensor]:
        """Return verdicts (N, 1, h, w), the higher the more of a photograph."""
        picture = picture.float()
        fine = picture - functional.avg_pool2d(picture, 3, 1, 1, count_include_pad=False)
        features = functional.pixel_unshuffle(torch.cat([picture, _FINE * fine], dim=1), 2)
        found = []
        for look, verdict in zip(self.looks, self.verdicts, strict=True):
            features = look(features)
            found.append(verdict(features))
        return found


class Features(nn.Module):
    """Three judges of what the guide sees, each at one size."""

    def __init__(self) -> None:
        super().__init__()
        self.heads = nn.ModuleList(
            [
                nn.Sequential(
                    nn.GroupNorm(width // 16, width, affine=False),
                    _layer(width, _HEAD),
                    _layer(_HEAD, _HEAD),
                    nn.Conv2d(_HEAD, 1, 1),
                )
                for width in GUIDE.widths
            ]
        )
        _lively(self)

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Return verdicts (N, 1, h, w) of features (N, width, h, w)."""
        return [head(each) for head, each in zip(self.heads, features, strict=True)]


@dataclass(frozen=True, slots=True)
class Seen:
    """What judges see of portraits: toned pictures (N, 3, H, W) and the guide's features (N, width, h, w)."""

    picture: Tensor
    features: tuple[Tensor, ...]

    def detached(self) -> Seen:
        """Return the same, for what does not learn."""
        return Seen(self.picture.detach(), tuple(each.detach() for each in self.features))


class Sight:
    """How pairs are looked at: changed in tone, and by the guide through noise, both of a pair alike.

    The guide is told nothing but what it sees, coarsely, and where all lies: what a portrait was drawn from would give
    away that it was drawn.
    """

    def __init__(self, guide: Denoiser, shape: torch.Size, device: str, generator: torch.Generator) -> None:
        chances = torch.rand((4, shape[0], 1, 1, 1), generator=generator).to(device)
        least, most = math.log(_LEAST_NOISE), math.log(_MOST_NOISE)
        self._guide = guide
        self._untold = torch.zeros((shape[0], ATTRIBUTES + 1), device=device)
        self._tone = 2 * chances[:3] - 1
        self._sigma = torch.exp(least + (most - least) * chances[3, :, 0, 0, 0])
        self._noise = torch.randn(shape, generator=generator).to(device) * self._sigma[:, None, None, None]

    def look(self, portraits: Tensor, places: Tensor) -> Seen:
        """Look at portraits (N, 3, H, W), -1..1, whose cells lie at `places`."""
        picture = self._toned(portraits)
        low = functional.interpolate(functional.avg_pool2d(picture, _COARSE), scale_factor=_COARSE / 2, mode="bilinear")
        residual = picture - functional.interpolate(low, scale_factor=2.0, mode="bilinear")
        return Seen(picture, self._guide.features(residual + self._noise, self._sigma, low, places, self._untold))

    def _toned(self, picture: Tensor) -> Tensor:
        """Change brightness, saturation and contrast."""
        brightness, saturation, contrast = self._tone
        picture = picture + _BRIGHTNESS * brightness
        grey = picture.mean(dim=1, keepdim=True)
        picture = grey + (picture - grey) * (1 + _SATURATION * saturation)
        middle = picture.mean(dim=(1, 2, 3), keepdim=True)
        return middle + (picture - middle) * (1 + _CONTRAST * contrast)


@contextmanager
def held(*judges: nn.Module) -> Iterator[None]:
    """Keep judges as they are, and their gradients out of the way."""
    for judge in judges:
        judge.requires_grad_(False)
    try:
        yield
    finally:
        for judge in judges:
            judge.requires_grad_(True)


def lost(worse: Sequence[Tensor], better: Sequence[Tensor]) -> list[Tensor]:
    """Return for each judge how little it holds `better` for better than `worse`, each patch beside its like.

    A relativistic loss: Jolicoeur-Martineau, "The Relativistic Discriminator", ICLR 2019.
    """
    return [functional.softplus(bad.float() - good.float()).mean() for bad, good in zip(worse, better, strict=True)]


def _layer(before: int, after: int, side: int = 3) -> nn.Sequential:
    """Return a convolution; of side 4, it halves the size."""
    return nn.Sequential(nn.Conv2d(before, after, side, side - 2, padding=1), nn.LeakyReLU(_SLOPE))


def _lively(judge: nn.Module) -> None:
    """Let a judge tell things apart from the start."""
    for layer in judge.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, _SLOPE)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
